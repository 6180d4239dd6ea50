"""What becomes of payloads, without Beam: also the reference that the pipeline is compared with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import FILTERED, Rejected
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.reading import read_payload
from customerio_beam.mapping.settings import MappingSettings

__all__ = ["Outcome", "outcomes"]


class Outcome(NamedTuple):
    """One thing that became of an event.

    Attributes:
        kind: ``operation``, ``filtered``, ``part`` (a dead letter of a part of a delivered event), or the reason of
            a dead letter.
        text: The operation, or the payload that the dead letter keeps; empty for a filtered event.
    """

    kind: str
    text: bytes


def outcomes(payload: bytes, settings: MappingSettings) -> list[list[Outcome]]:
    """Return what becomes of each event of a payload."""
    return [list(_of_event(read, settings)) for read in read_payload(payload)]


def _of_event(read: object, settings: MappingSettings) -> Iterator[Outcome]:
    if read is FILTERED:
        yield Outcome("filtered", b"")
    elif isinstance(read, Rejected):
        yield Outcome(read.reason, read.payload)
    else:
        try:
            mapped = map_event(read, settings)  # type: ignore[arg-type]
        except InvalidEvent as error:
            yield Outcome(error.reason, read.payload)  # type: ignore[attr-defined]
            return
        for operation in mapped.operations:
            json.loads(operation)
            yield Outcome("operation", operation)
        for part in mapped.unsent:
            yield Outcome(part.reason, read.payload)  # type: ignore[attr-defined]
