"""Profiles as bytes, which cross shuffles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from customerio_beam.profile.comparison import ComparisonProfile
from customerio_beam.profile.dead_letters import DeadLettersProfile
from customerio_beam.profile.events import EventsProfile
from customerio_beam.profile.operations import OperationsProfile
from customerio_beam.profile.people import PeopleCounts
from customerio_beam.profile.profile import Profile
from customerio_beam.profile.tracking_plan import ViolationsProfile

__all__ = ["decode", "encode", "merged"]

_ANY: Final[Any] = (
    EventsProfile | OperationsProfile | DeadLettersProfile | PeopleCounts | ComparisonProfile | ViolationsProfile
)
_decode: Final = msgspec.msgpack.Decoder(_ANY).decode


def encode(profile: Profile) -> bytes:
    """Write a profile, with the name of its class, as bytes."""
    return msgspec.msgpack.encode(profile)


def decode(data: bytes) -> Profile:
    """Read what ``encode`` wrote."""
    profile: Profile = _decode(data)
    return profile


def merged(encoded: Iterable[bytes]) -> bytes:
    """Merge encoded profiles of one class. Empty bytes stand for the profile of no elements."""
    total: Profile | None = None
    for data in encoded:
        if not data:
            continue
        if total is None:
            total = decode(data)
        else:
            total.merge(decode(data))
    return b"" if total is None else encode(total)
