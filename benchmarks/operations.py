"""Generated events as what ``WriteToCustomerIO`` takes."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.generate import events
from customerio_beam.delivery.batching import Value
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.person import person_key
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import read_events

__all__ = ["keyed_operations"]


def keyed_operations(count: int) -> Iterator[tuple[bytes, Value]]:
    """Map generated events; yields ``(person key, value)``.

    Args:
        count: How many events.
    """
    settings = MappingSettings()
    for line in events(count):
        for event in read_events(line):
            if not isinstance(event, Event):
                raise TypeError(f"an event was not usable: {event}")
            key = person_key(event, settings.identify_by)
            for operation in map_event(event, settings).operations:
                yield key, (event.time_ms, operation, event.origin.payload())
