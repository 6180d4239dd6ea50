"""MapToCustomerIO: keyed events to keyed operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.typehints.native_type_compatibility import convert_to_beam_type

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapped import UnsentPart
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.placeholders import placeholder_ids
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.transforms.live_counts import LIVE_COUNTS
from customerio_beam.transforms.outputs import dead_letter_output, with_dead_letters

__all__ = ["KEYED_OPERATION", "KeyedOperation", "MapResult", "MapToCustomerIO"]

#: ``(person key, (event time in unix milliseconds, operation as JSON, the original event's JSON))``.
KeyedOperation = tuple[bytes, tuple[int, bytes, bytes]]
#: The same as Beam's type, from which it takes the fast, deterministic coder.
KEYED_OPERATION = convert_to_beam_type(KeyedOperation)


class MapResult(NamedTuple):
    """What ``MapToCustomerIO`` returns.

    Attributes:
        operations: ``PCollection[KeyedOperation]``, as ``WriteToCustomerIO`` takes them.
        dead_letters: One record (JSON bytes) for each event that can't be mapped, and for each part of an event
            (an attribute over its limit, a device of an unknown platform) that goes unsent.
    """

    operations: beam.PCollection
    dead_letters: beam.PCollection


class MapToCustomerIO(beam.PTransform):
    """Map events, keyed by person, to operations of Customer.io's Track API v2.

    Takes a ``PCollection[tuple[bytes, Event]]`` (of ``KeyByPerson``) and returns a ``MapResult``.

    Example:
        ```
        mapped = parsed.events | KeyByPerson() | MapToCustomerIO(MappingSettings(max_attributes_per_identify=300))
        mapped.operations | WriteToCustomerIO(...)
        ```

    Args:
        settings: The job's choices about the mapping.
        clock: The current time in unix seconds.
    """

    def __init__(self, settings: MappingSettings | None = None, clock: Callable[[], float] = time.time):
        super().__init__()
        self._settings = settings or MappingSettings()
        self._clock = clock

    def expand(self, keyed_events: beam.PCollection) -> MapResult:
        """Wire the mapping DoFn; see the class."""
        mapper = _Map(self._settings, self._clock)
        return MapResult(
            *with_dead_letters(keyed_events, "Map events", mapper, main="operations", element_type=KEYED_OPERATION)
        )


class _Map(beam.DoFn):
    """The keyed mapping DoFn: one event in, its operations out under the same key."""

    def __init__(self, settings: MappingSettings, clock: Callable[[], float]):
        self._settings = settings
        self._clock = clock
        self._operations = Metrics.counter("operations", "mapped")
        self._names_truncated = Metrics.counter("events", "names_truncated")
        self._placeholder_ids = Metrics.counter("events", "placeholder_ids")

    def process(self, keyed_event: tuple[bytes, Event]) -> Iterator[Any]:
        key, event = keyed_event
        self._placeholder_ids.inc(placeholder_ids(event, self._settings))
        try:
            mapped = map_event(event, self._settings)
        except InvalidEvent as error:
            yield self._dead_letter(event, UnsentPart(error.reason, error.detail))
            return
        self._operations.inc(len(mapped.operations))
        LIVE_COUNTS.operations += len(mapped.operations)
        for operation in mapped.operations:
            yield key, (event.time_ms, operation, event.origin.payload())
        for part in mapped.unsent:
            Metrics.counter("events", "parts_unsent").inc()
            yield self._dead_letter(event, part)
        if mapped.names_truncated:
            self._names_truncated.inc(mapped.names_truncated)

    def _dead_letter(self, event: Event, part: UnsentPart) -> Any:
        attribute = part.attribute
        return dead_letter_output(
            stage="map",
            reason=part.reason,
            detail=part.detail,
            payload=event.origin,
            failed_at=self._clock(),
            event_time_ms=event.time_ms,
            attribute=attribute and {"name": attribute.name, "size": attribute.size, "value": attribute.value},
        )
