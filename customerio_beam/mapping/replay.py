"""The history of an event that was a dead letter before, on its way through another run."""

from __future__ import annotations

from typing import Any, Final

import msgspec

__all__ = ["Replay", "as_source", "replay_of"]

#: Begins the source of such an event. No path and no message id has this character.
_MARK: Final = "\0"


class Replay(msgspec.Struct, frozen=True, gc=False):
    """What the records of an event say.

    Attributes:
        source: Where the event first came from, as records have it; None where unknown.
        reason: Why it was not sent; ``recent_event`` if any record says so.
        attempts: How often it failed.
        failed_at: When it first failed, in ISO 8601.
    """

    source: dict[str, Any] | None
    reason: str
    attempts: int
    failed_at: str | None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Replay).decode


def as_source(replay: Replay) -> str:
    """Write a history as the ``source`` of an ``Origin``, so that it goes wherever the event goes."""
    return _MARK + _encode(replay).decode("utf-8")


def replay_of(source: str) -> Replay | None:
    """Read the history out of the ``source`` of an ``Origin``; None for an event that was no dead letter."""
    return _decode(source[len(_MARK) :].encode("utf-8")) if source.startswith(_MARK) else None
