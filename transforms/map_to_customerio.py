"""MapToCustomerIO: keyed events to keyed operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.mapping import json_text
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapped import Claim, UnsentPart
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.origin import Origin
from customerio_beam.mapping.person import identifiers_key
from customerio_beam.mapping.placeholders import placeholder_ids
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.transforms.batches import BatchDoFn
from customerio_beam.transforms.bundle_tally import BundleTally
from customerio_beam.transforms.dead_letter import DEAD_LETTERS
from customerio_beam.transforms.error_handling import HandlesErrors
from customerio_beam.transforms.key_by_person import KeyedEvent
from customerio_beam.transforms.live_counts import LIVE_COUNTS
from customerio_beam.transforms.outputs import counted_dead_letter, with_dead_letters

__all__ = ["MapResult", "MapToCustomerIO"]

#: Customer.io has not published what it does with an identify call that is older than a profile's latest change.
_OLD_IDENTIFY_MS = 7 * 24 * 3600 * 1000

#: A claim needs no event: it is never a dead letter.
_NO_EVENT = Origin(b"")


class MapResult(NamedTuple):
    """What ``MapToCustomerIO`` returns.

    Attributes:
        operations: ``PCollection[KeyedOperation]``, as ``WriteToCustomerIO`` takes them.
        dead_letters: One record (JSON bytes) for each event that can't be mapped, and for each part of an event
            (an attribute over its limit, a device of an unknown platform) that is not sent.
        claims: The links from anonymous visitors to people that the operations make, for ``StitchAnonymous``:
            ``(visitor's key, (event time in unix milliseconds, the person's identifiers as JSON, no event))``.
    """

    operations: beam.PCollection
    dead_letters: beam.PCollection
    claims: beam.PCollection


class MapToCustomerIO(HandlesErrors):
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
        operations, claims, dead_letters = with_dead_letters(
            keyed_events, "Map events", mapper, operations=KeyedOperation, claims=KeyedOperation
        )
        return self.handled(MapResult(operations, dead_letters, claims))


class _Map(BatchDoFn):
    """The keyed mapping DoFn: each event's operations leave it under the event's key."""

    output_type = KeyedOperation

    def __init__(self, settings: MappingSettings, clock: Callable[[], float]):
        self._settings = settings
        self._clock = clock
        self._operations = Metrics.counter("operations", "mapped")
        self._parts_unsent = Metrics.counter("events", "parts_unsent")
        self._names_truncated = Metrics.counter("events", "names_truncated")
        self._placeholder_ids = Metrics.counter("events", "placeholder_ids")
        self._old_identifies = Metrics.counter("events", "old_identifies")
        self._tally = BundleTally()

    def start_bundle(self) -> None:
        self._tally.start()

    def finish_bundle(self) -> None:
        self._tally.finish()

    def process_batch(self, batch: list[KeyedEvent]) -> Iterator[Any]:
        operations: list[KeyedOperation] = []
        claims: list[KeyedOperation] = []
        dead_letters: list[bytes] = []
        settings = self._settings
        parts_unsent = names_truncated = placeholders = old_identifies = 0
        old_before_ms = int(self._clock() * 1000) - _OLD_IDENTIFY_MS if settings.identify_timestamp == "event" else 0
        for key, event in batch:
            placeholders += placeholder_ids(event, settings)
            try:
                mapped = map_event(event, settings)
            except InvalidEvent as error:
                dead_letters.append(self._dead_letter(event, UnsentPart(error.reason, error.detail)))
                self._tally.add_unusable(error.reason, event.origin)
                continue
            origin = event.origin
            for operation in mapped.operations:
                operations.append((key, (event.time_ms, operation, origin)))
            if event.call == "identify" and event.time_ms < old_before_ms:
                old_identifies += 1
            if mapped.claim is not None:
                claims.append(_claim(mapped.claim, event.time_ms))
            for part in mapped.unsent:
                parts_unsent += 1
                dead_letters.append(self._dead_letter(event, part))
            names_truncated += mapped.names_truncated
        self._tally.read += len(batch)
        self._operations.inc(len(operations))
        LIVE_COUNTS.operations += len(operations)
        self._parts_unsent.inc(parts_unsent)
        self._names_truncated.inc(names_truncated)
        self._placeholder_ids.inc(placeholders)
        self._old_identifies.inc(old_identifies)
        yield operations
        if claims:
            yield beam.pvalue.TaggedOutput("claims", claims)
        if dead_letters:
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, dead_letters)

    def _dead_letter(self, event: Event, part: UnsentPart) -> bytes:
        attribute = part.attribute
        return counted_dead_letter(
            stage="map",
            reason=part.reason,
            detail=part.detail,
            payload=event.origin,
            failed_at=self._clock(),
            event_time_ms=event.time_ms,
            attribute=attribute and {"name": attribute.name, "size": attribute.size, "value": attribute.value},
        )


def _claim(claim: Claim, time_ms: int) -> KeyedOperation:
    visitor = identifiers_key({"anonymous_id": claim.anonymous_id})
    return visitor, (time_ms, json_text.dumps(claim.person), _NO_EVENT)
