"""What the events of a payload become, for tests of what comes after reading."""

from __future__ import annotations

from customerio_beam.mapping.event import Outcome
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import Blank, read_events


def read_payload(
    payload: bytes, source_time_ms: int | None = None, settings: MappingSettings | None = None
) -> list[Outcome]:
    """Read a message. It has one outcome an event; a blank message has none."""
    outcomes = read_events(payload, source_time_ms, settings or MappingSettings())
    return [outcome for outcome in outcomes if not isinstance(outcome, Blank)]
