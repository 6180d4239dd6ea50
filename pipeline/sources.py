"""Where payloads come from besides files: a subscription, the dead letters of an earlier run."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.metrics import Metrics
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp

from customerio_beam.mapping import json_text
from customerio_beam.mapping.origin import Origin
from customerio_beam.pipeline.read_files import ReadFiles
from customerio_beam.reading.payload import DEFAULT_MAX_PAYLOAD_BYTES, Payload
from customerio_beam.reading.records import read_records
from customerio_beam.transforms.dead_letter import DEAD_LETTERS
from customerio_beam.transforms.outputs import dead_letter_output, with_dead_letters

__all__ = ["DeadLetterPayloads", "ReadDeadLetters", "ReadSubscription"]

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
    """What ``ReadDeadLetters`` returns.

    Attributes:
        payloads: The original payloads, each once, stamped with the time that their source gave them.
        dead_letters: One record for each line that is no dead letter.
    """

    payloads: beam.PCollection
    dead_letters: beam.PCollection


class ReadDeadLetters(beam.PTransform):
    """Read the payloads out of dead-letter files, to send them again.

    An event of which several attributes were recorded has several records; its payload comes out once.

    Args:
        patterns: Paths, folders and patterns, as ``file_patterns.file_patterns`` returns them.
        max_payload_bytes: The longest payload in bytes.
        clock: The current time in unix seconds.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        max_payload_bytes: int = DEFAULT_MAX_PAYLOAD_BYTES,
        clock: Callable[[], float] = time.time,
    ):
        super().__init__()
        self._patterns = patterns
        self._max_record_bytes = max_payload_bytes * _RECORD_BYTES_PER_PAYLOAD_BYTE
        self._clock = clock

    def expand(self, begin: beam.pvalue.PBegin) -> DeadLetterPayloads:
        """Wire the reading of records; see the class."""
        opened, dead_letters = with_dead_letters(
            begin | "Read records" >> ReadFiles(self._patterns, self._max_record_bytes),
            "Open records",
            _OpenRecords(self._clock),
            payloads=tuple[int, bytes],
        )
        payloads = (
            opened
            | "Take each payload once" >> beam.Distinct()
            | "Restore times" >> beam.Map(_with_time).with_output_types(bytes)
        )
        return DeadLetterPayloads(payloads, dead_letters)


#: Stands for "its source gave it no time" where a whole number is needed.
_NO_TIME = -(1 << 62)


class _OpenRecords(beam.DoFn):
    """Takes the payload, and the time that its source gave it, out of each record.

    A record whose payload had to be cut can't be sent again: it is written again as it is.
    """

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._events_read = Metrics.counter("events", "read")

    def process(self, block: Payload) -> Iterator[Any]:
        for origin in read_records(block):
            try:
                record = json_text.loads(origin.text)
                if record.get("payload_truncated"):
                    self._events_read.inc()
                    Metrics.counter(DEAD_LETTERS, str(record["reason"])).inc()
                    yield beam.pvalue.TaggedOutput(DEAD_LETTERS, origin.text)
                else:
                    yield _open_record(record)
            except (ValueError, KeyError, TypeError, AttributeError):  # not JSON, not base64, no number, no such field
                self._events_read.inc()
                yield self._not_a_record(origin)

    def _not_a_record(self, origin: Origin) -> Any:
        return dead_letter_output(
            stage="parse",
            reason="not_a_dead_letter",
            detail="The line is no dead letter: is --input_format=dead_letters right for this file?",
            payload=origin,
            failed_at=self._clock(),
        )


def _open_record(record: Any) -> tuple[int, bytes]:
    if "payload" in record:
        payload = record["payload"].encode("utf-8")
    else:
        payload = base64.b64decode(record["payload_base64"], validate=True)
    time_ms = record.get("event_time_ms")
    return (_NO_TIME if time_ms is None else int(time_ms)), payload


def _with_time(time_and_payload: tuple[int, bytes]) -> Any:
    time_ms, payload = time_and_payload
    timestamp = MIN_TIMESTAMP if time_ms == _NO_TIME else Timestamp(micros=time_ms * 1000)
    return beam.window.TimestampedValue(payload, timestamp)
