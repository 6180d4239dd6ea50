"""The outcomes of payloads, without Beam: also the reference that the pipeline is compared with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event, Rejected
from customerio_beam.mapping.event import Outcome as ReadOutcome
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.payloads import read_payload

__all__ = ["Outcome", "outcomes", "outcomes_of"]


class Outcome(NamedTuple):
    """One outcome of an event.

    Attributes:
        kind: ``operation``, ``filtered``, or the reason of a dead letter of the event or of a part of it.
        text: The operation, or the payload that the dead letter keeps; empty for a filtered event.
    """

    kind: str
    text: bytes


def outcomes(payload: bytes, settings: MappingSettings) -> list[list[Outcome]]:
    """Return the outcomes of each event of a payload."""
    return list(outcomes_of(read_payload(payload, None, settings), settings))


def outcomes_of(found: Iterable[ReadOutcome], settings: MappingSettings) -> Iterator[list[Outcome]]:
    """Yield the outcomes of each event that was read."""
    for read in found:
        yield list(_of_event(read, settings))


def _of_event(read: ReadOutcome, settings: MappingSettings) -> Iterator[Outcome]:
    if isinstance(read, Rejected):
        yield Outcome(read.reason, read.origin.payload())
    elif isinstance(read, Event):
        payload = read.origin.payload()
        try:
            mapped = map_event(read, settings)
        except InvalidEvent as error:
            yield Outcome(error.reason, payload)
            return
        for operation in mapped.operations:
            json.loads(operation)
            yield Outcome("operation", operation)
        for part in mapped.unsent:
            yield Outcome(part.reason, payload)
    else:
        yield Outcome("filtered", b"")
