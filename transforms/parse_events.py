"""ParseEvents: payloads to events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.utils.timestamp import MIN_TIMESTAMP

from customerio_beam.mapping.event import Event, Filtered, Rejected
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import Blank, read_events
from customerio_beam.reading.payload import DEFAULT_MAX_PAYLOAD_BYTES, Payload
from customerio_beam.transforms.batches import Batch, exploded
from customerio_beam.transforms.bundle_tally import FILTERED, BundleTally
from customerio_beam.transforms.dead_letter import DEAD_LETTERS
from customerio_beam.transforms.error_handling import HandlesErrors
from customerio_beam.transforms.live_counts import LIVE_COUNTS
from customerio_beam.transforms.outputs import counted_dead_letter, with_dead_letters

__all__ = ["ParseEvents", "ParseResult"]


class ParseResult(NamedTuple):
    """What ``ParseEvents`` returns.

    Attributes:
        events: The usable events.
        dead_letters: One record (JSON bytes) for each event or payload that is unusable.
    """

    events: beam.PCollection
    dead_letters: beam.PCollection


class ParseEvents(HandlesErrors):
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
        kind = _ParseBlocks if payloads.is_bounded else _Parse
        reader = kind(self._settings, source_timestamps, self._clock, self._max_payload_bytes)
        return self.handled(ParseResult(*with_dead_letters(payloads, "Read events", reader, events=Event)))


#: A list of events is handed on when it has so many events, or so many bytes of their text. Lists of 2,000 are no
#: longer in the processor's cache when the next step comes to them, and take a tenth more time; lists of 100 cost more
#: in Beam.
_BATCH_EVENTS = 200
_BATCH_BYTES = 1_000_000


class _ReadEvents(beam.DoFn):
    """Reads payloads."""

    def __init__(
        self,
        settings: MappingSettings,
        source_timestamps: bool,
        clock: Callable[[], float],
        max_payload_bytes: int,
    ):
        self._settings = settings
        self._source_timestamps = source_timestamps
        self._clock = clock
        self._max_payload_bytes = max_payload_bytes
        self._events_read = Metrics.counter("events", "read")
        self._filtered = Metrics.counter("events", "filtered")
        self._blank = Metrics.counter("events", "blank")
        self._tally = BundleTally()

    def start_bundle(self) -> None:
        self._tally.start()

    def finish_bundle(self) -> None:
        self._tally.finish()

    def _read(self, payload: Payload | bytes, timestamp: Any) -> Iterator[Any]:
        """Yield lists of events, and tagged lists of dead letters."""
        source_time_ms = None
        if self._source_timestamps and timestamp != MIN_TIMESTAMP:
            source_time_ms = timestamp.micros // 1000
        events: list[Event] = []
        dead_letters: list[bytes] = []
        batch_bytes = read = 0
        for outcome in read_events(payload, source_time_ms, self._settings, self._max_payload_bytes):
            if isinstance(outcome, Event):
                events.append(outcome)
                batch_bytes += len(outcome.origin.text)
            elif isinstance(outcome, Filtered):
                self._filtered.inc()
                self._tally.add_unusable(FILTERED, outcome.origin)
            elif isinstance(outcome, Blank):
                self._blank.inc()
                continue
            else:
                dead_letters.append(self._dead_letter(outcome, source_time_ms))
                self._tally.add_unusable(outcome.reason, outcome.origin)
                batch_bytes += len(outcome.origin.text)
            read += 1
            if batch_bytes >= _BATCH_BYTES or len(events) >= _BATCH_EVENTS:
                yield from self._outputs(events, dead_letters, read)
                events, dead_letters, batch_bytes, read = [], [], 0, 0
        yield from self._outputs(events, dead_letters, read)

    def _outputs(self, events: list[Event], dead_letters: list[bytes], read: int) -> Iterator[Any]:
        self._events_read.inc(read)
        self._tally.read += read
        LIVE_COUNTS.events += read
        if events:
            yield events
        if dead_letters:
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, dead_letters)

    def _dead_letter(self, rejected: Rejected, source_time_ms: int | None) -> bytes:
        return counted_dead_letter(
            stage="parse",
            reason=rejected.reason,
            detail=rejected.detail,
            payload=rejected.origin,
            failed_at=self._clock(),
            event_time_ms=source_time_ms,
        )

    def infer_output_type(self, input_type: Any) -> Any:
        """Tell Beam the type of the events."""
        return Event


class _ParseBlocks(_ReadEvents):
    """Reads blocks of files; yields lists of events."""

    @beam.DoFn.yields_batches
    def process(self, payload: Payload | bytes, timestamp: Any = beam.DoFn.TimestampParam) -> Iterator[Any]:
        return self._read(payload, timestamp)

    def get_output_batch_type(self, input_element_type: Any) -> type:
        """Tell Beam the type of the batches."""
        return Batch


class _Parse(_ReadEvents):
    """Reads messages, one or a few events each; yields single events: Beam's old direct runner knows no lists."""

    def process(self, payload: Payload | bytes, timestamp: Any = beam.DoFn.TimestampParam) -> Iterator[Any]:
        return exploded(self._read(payload, timestamp))
