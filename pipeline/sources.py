"""Where payloads come from besides files: a subscription, the dead letters of an earlier run."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import msgspec
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.metrics import Metrics
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp

from customerio_beam.mapping import json_text
from customerio_beam.mapping.origin import Origin
from customerio_beam.mapping.replay import Replay, as_source, replay_of
from customerio_beam.pipeline.read_files import ReadFiles
from customerio_beam.reading.payload import Payload
from customerio_beam.reading.records import read_records
from customerio_beam.reasons import REASONS
from customerio_beam.transforms.dead_letter import DEAD_LETTERS
from customerio_beam.transforms.outputs import dead_letter_output, with_dead_letters

__all__ = ["DeadLetterPayloads", "OpenDeadLetters", "ReadDeadLetters", "ReadSubscription"]

#: A record is longer than its payload: JSON writes a byte in up to six, and an operation may stand beside it.
_RECORD_BYTES_PER_PAYLOAD_BYTE = 8


class ReadSubscription(beam.PTransform):
    """Read a Pub/Sub subscription: ``PBegin`` to ``PCollection[Payload]``, each stamped with its publish time.

    Args:
        subscription: ``projects/PROJECT/subscriptions/NAME``.
        id_label: Message attribute for Dataflow to drop repeats by; None for none.
    """

    def __init__(self, subscription: str, id_label: str | None = None):
        super().__init__()
        self._subscription = subscription
        self._id_label = id_label

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """Wire Beam's own source; see the class."""
        return (
            begin
            | "Read messages"
            >> beam.io.ReadFromPubSub(subscription=self._subscription, id_label=self._id_label, with_attributes=True)
            | "Take payloads" >> beam.Map(_payload_of_message).with_output_types(Payload)
        )


def _payload_of_message(message: PubsubMessage) -> Payload:
    return Payload(message.data, message.message_id or "")


class DeadLetterPayloads(NamedTuple):
    """What ``ReadDeadLetters`` and ``OpenDeadLetters`` return.

    Attributes:
        payloads: The original payloads, with the history of their records, stamped with the time that their source gave
            them.
        dead_letters: One record for each text that is no dead letter, and for each that can't be sent (again).
    """

    payloads: beam.PCollection
    dead_letters: beam.PCollection


class ReadDeadLetters(beam.PTransform):
    """Read the payloads out of dead-letter files, to send them again.

    An event of which several attributes were recorded has several records; its payload comes out once.

    Args:
        patterns: Paths, folders and patterns, as ``file_patterns.file_patterns`` returns them.
        max_payload_bytes: The longest payload in bytes.
        max_replays: How often one is sent again.
        clock: The current time in unix seconds.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        max_payload_bytes: int,
        max_replays: int,
        clock: Callable[[], float] = time.time,
    ):
        super().__init__()
        self._patterns = patterns
        self._max_record_bytes = max_payload_bytes * _RECORD_BYTES_PER_PAYLOAD_BYTE
        self._arguments = max_replays, clock

    def expand(self, begin: beam.pvalue.PBegin) -> DeadLetterPayloads:
        """Wire the reading of records; see the class."""
        opened, dead_letters = _open(
            begin | "Read records" >> ReadFiles(self._patterns, self._max_record_bytes), *self._arguments
        )
        payloads = (
            opened
            | "Take each payload once" >> beam.CombinePerKey(_merge).with_output_types(_OPENED)
            | "Restore times" >> beam.Map(_with_time).with_output_types(Payload)
        )
        return DeadLetterPayloads(payloads, dead_letters)


class OpenDeadLetters(beam.PTransform):
    """Take the payloads out of dead letters that come as messages, to send them again.

    Takes a ``PCollection[Payload]``, a record each.

    Args:
        max_replays: How often one is sent again.
        clock: The current time in unix seconds.
    """

    def __init__(self, max_replays: int, clock: Callable[[], float] = time.time):
        super().__init__()
        self._arguments = max_replays, clock

    def expand(self, records: beam.PCollection) -> DeadLetterPayloads:
        """Wire the opening; see the class."""
        opened, dead_letters = _open(records, *self._arguments)
        payloads = opened | "Restore times" >> beam.Map(_with_time).with_output_types(Payload)
        return DeadLetterPayloads(payloads, dead_letters)


#: ``((time in unix milliseconds, payload), history as the source of an Origin)``
_OPENED = tuple[tuple[int, bytes], str]

#: Stands for "its source gave it no time" where a whole number is needed.
_NO_TIME = -(1 << 62)

#: The end of the year 9999 in unix milliseconds. Beam's times reach a little further.
_LAST_TIME_MS = 253_402_300_799_999

_HELD = "recent_event"
_PARKED = "replayed_too_often"


def _open(records: beam.PCollection, max_replays: int, clock: Callable[[], float]) -> tuple[beam.PCollection, ...]:
    return with_dead_letters(records, "Open records", _OpenRecords(max_replays, clock), opened=_OPENED)


class _OpenRecords(beam.DoFn):
    """Takes the payload, the time that its source gave it, and the history out of each record.

    A record that can't be sent is written again as it is: its payload had to be cut, or it has failed too often.
    """

    def __init__(self, max_replays: int, clock: Callable[[], float]):
        self._max_replays = max_replays
        self._clock = clock
        self._events_read = Metrics.counter("events", "read")

    def process(self, block: Payload) -> Iterator[Any]:
        for origin in read_records(block):
            try:
                record = json_text.loads(origin.text)
                history = _history(record)
                if record.get("payload_truncated"):
                    yield self._written_again(record, str(record["reason"]))
                elif history.attempts > self._max_replays:
                    yield self._written_again(record, _PARKED)
                else:
                    yield _open_record(record), as_source(history)
            except (ValueError, KeyError, TypeError, AttributeError):  # not JSON, not base64, no number, no such field
                self._events_read.inc()
                yield self._not_a_record(origin)

    def _written_again(self, record: dict[str, Any], reason: str) -> Any:
        if reason == _PARKED and record["reason"] != _PARKED:
            detail = f"It failed {record['attempts']} times, last as {record['reason']}: {record.get('detail')}"
            record |= {"stage": "parse", "reason": _PARKED, "detail": detail, "retryable": False}
        self._events_read.inc()
        Metrics.counter(DEAD_LETTERS, reason).inc()
        return beam.pvalue.TaggedOutput(DEAD_LETTERS, json_text.dumps(record))

    def _not_a_record(self, origin: Origin) -> Any:
        return dead_letter_output(
            stage="parse",
            reason="not_a_dead_letter",
            detail="The line is no dead letter: is --input_format=dead_letters right for this file?",
            payload=origin,
            failed_at=self._clock(),
        )


def _history(record: dict[str, Any]) -> Replay:
    if record["reason"] not in REASONS:
        raise ValueError("there is no such reason")
    fields = {"source": record.get("source"), "attempts": record.get("attempts", 1), "reason": record["reason"]}
    return msgspec.convert({**fields, "failed_at": record.get("failed_at")}, Replay)


def _open_record(record: Any) -> tuple[int, bytes]:
    if "payload" in record:
        payload = record["payload"].encode("utf-8")
    else:
        payload = base64.b64decode(record["payload_base64"], validate=True)
    time_ms = record.get("event_time_ms")
    if time_ms is None:
        return _NO_TIME, payload
    if abs(int(time_ms)) > _LAST_TIME_MS:
        raise ValueError("no event has such a time")
    return int(time_ms), payload


def _merge(sources: Iterable[str]) -> str:
    """Make one history of those of all records of an event."""
    histories = sorted(filter(None, map(replay_of, sources)), key=lambda each: (each.reason != _HELD, each.reason))
    first_failures = [each.failed_at for each in histories if each.failed_at is not None]
    return as_source(
        msgspec.structs.replace(
            histories[0],
            attempts=max(each.attempts for each in histories),
            failed_at=min(first_failures, default=None),
        )
    )


def _with_time(opened: tuple[tuple[int, bytes], str]) -> Any:
    (time_ms, payload), source = opened
    timestamp = MIN_TIMESTAMP if time_ms == _NO_TIME else Timestamp(micros=time_ms * 1000)
    return beam.window.TimestampedValue(Payload(payload, source), timestamp)
