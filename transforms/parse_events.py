"""ParseEvents: payloads to events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.utils.timestamp import MIN_TIMESTAMP

from customerio_beam.mapping.event import Event, Filtered
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import Blank, read_events
from customerio_beam.reading.payload import DEFAULT_MAX_PAYLOAD_BYTES, Payload
from customerio_beam.transforms.live_counts import LIVE_COUNTS
from customerio_beam.transforms.outputs import dead_letter_output, with_dead_letters

__all__ = ["ParseEvents", "ParseResult"]


class ParseResult(NamedTuple):
    """What ``ParseEvents`` returns.

    Attributes:
        events: The usable events.
        dead_letters: One record (JSON bytes) for each event or payload that is unusable.
    """

    events: beam.PCollection
    dead_letters: beam.PCollection


class ParseEvents(beam.PTransform):
    """Read events in the Segment spec from payloads: one event, an array, or a library's envelope each.

    Takes a ``PCollection`` of ``bytes`` or ``Payload`` and returns a ``ParseResult``. Events that opt Customer.io out
    by their ``integrations`` are filtered: counted (``filtered``), and in neither output.

    Example:
        ```
        parsed = p | beam.io.ReadFromText("events.ndjson", coder=beam.coders.BytesCoder()) | ParseEvents()
        parsed.events        # PCollection[mapping.event.Event]
        parsed.dead_letters  # PCollection[bytes]
        ```

    Args:
        settings: The job's choices about the mapping: one says whether ``integrations`` count.
        source_timestamps: Whether the elements' own timestamps say when their events happened, where the events
            themselves don't (Pub/Sub's publish time). By default they do in unbounded input alone.
        clock: The current time in unix seconds.
        max_payload_bytes: The longest message, or event of a file with its envelope's defaults, in bytes. A longer one
            is a dead letter, ``payload_too_large``.
    """

    def __init__(
        self,
        settings: MappingSettings | None = None,
        source_timestamps: bool | None = None,
        clock: Callable[[], float] = time.time,
        max_payload_bytes: int = DEFAULT_MAX_PAYLOAD_BYTES,
    ):
        super().__init__()
        self._settings = settings or MappingSettings()
        self._max_payload_bytes = max_payload_bytes
        self._source_timestamps = source_timestamps
        self._clock = clock

    def expand(self, payloads: beam.PCollection) -> ParseResult:
        """Wire the reading DoFn; see the class."""
        source_timestamps = self._source_timestamps
        if source_timestamps is None:
            source_timestamps = not payloads.is_bounded
        kind = _ParseTimestamped if source_timestamps else _Parse
        reader = kind(self._settings, self._clock, self._max_payload_bytes)
        return ParseResult(*with_dead_letters(payloads, "Read events", reader, main="events"))


class _Parse(beam.DoFn):
    """Reads payloads whose source gives them no time."""

    def __init__(self, settings: MappingSettings, clock: Callable[[], float], max_payload_bytes: int):
        self._clock = clock
        self._settings = settings
        self._max_payload_bytes = max_payload_bytes
        self._events_read = Metrics.counter("events", "read")
        self._filtered = Metrics.counter("events", "filtered")
        self._blank = Metrics.counter("events", "blank")

    def process(self, payload: Payload | bytes) -> Iterator[Any]:
        return self._outcomes(payload, None)

    def _outcomes(self, payload: Payload | bytes, source_time_ms: int | None) -> Iterator[Any]:
        read = filtered = 0
        for outcome in read_events(payload, source_time_ms, self._settings, self._max_payload_bytes):
            read += 1
            if isinstance(outcome, Event):
                yield outcome
            elif isinstance(outcome, Filtered):
                filtered += 1
            elif isinstance(outcome, Blank):
                read -= 1
                self._blank.inc()
            else:
                yield dead_letter_output(
                    stage="parse",
                    reason=outcome.reason,
                    detail=outcome.detail,
                    payload=outcome.origin,
                    failed_at=self._clock(),
                    event_time_ms=source_time_ms,
                )
        self._events_read.inc(read)
        LIVE_COUNTS.events += read
        if filtered:
            self._filtered.inc(filtered)


class _ParseTimestamped(_Parse):
    """Reads payloads whose elements carry the time that their source gives them."""

    def process(self, payload: Payload | bytes, timestamp: Any = beam.DoFn.TimestampParam) -> Iterator[Any]:
        source_time_ms = None if timestamp == MIN_TIMESTAMP else timestamp.micros // 1000
        return self._outcomes(payload, source_time_ms)
