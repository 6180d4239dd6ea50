"""Where payloads come from: files, a subscription, the dead letters of an earlier run."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.typehints.native_type_compatibility import convert_to_beam_type
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp

from customerio_beam.mapping import json_text
from customerio_beam.pipeline.compressed_files import is_compressed, may_match_compressed, read_lines
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.transforms.live_counts import LIVE_COUNTS
from customerio_beam.transforms.outputs import dead_letter_output, with_dead_letters

__all__ = ["DeadLetterPayloads", "ReadDeadLetters", "ReadFiles", "ReadSubscription", "check_patterns"]


def check_patterns(patterns: Sequence[str]) -> None:
    """Check that every pattern matches a file, before anything runs.

    Raises:
        OptionError: One matches none, or its place can't be read.
    """
    for pattern in patterns:
        try:
            [match] = FileSystems.match([pattern], limits=[1])
        except (OSError, ValueError, beam.io.filesystem.BeamIOError) as error:
            raise OptionError(f"--input={pattern} can't be read: {error}") from None
        if not match.metadata_list:
            raise OptionError(f"--input={pattern} matches no file.")


class ReadFiles(beam.PTransform):
    """Read the lines of files: ``PBegin`` to ``PCollection[bytes]``.

    Plain files are read in parallel ranges; compressed ones whole, to their checked end. A damaged or missing file
    fails the job with its name.

    Args:
        patterns: File patterns, local or ``gs://``.
    """

    def __init__(self, patterns: Sequence[str]):
        super().__init__()
        self._patterns = list(patterns)

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """Wire the reading of plain and of compressed files; see the class."""
        files = (
            begin
            | "List patterns" >> beam.Create(self._patterns)
            | "Match files" >> fileio.MatchAll(empty_match_treatment=fileio.EmptyMatchTreatment.DISALLOW)
            | "Name files" >> beam.ParDo(_NameFile()).with_outputs("compressed", main="plain")
        )
        plain = files.plain | "Read plain files" >> beam.io.ReadAllFromText(
            coder=beam.coders.BytesCoder(), compression_type=CompressionTypes.UNCOMPRESSED
        )
        if not any(may_match_compressed(pattern) for pattern in self._patterns):
            # The local runner writes down and reads again what is merged from two places.
            return plain
        compressed = (
            files.compressed
            | "Spread compressed files" >> beam.Reshuffle()
            | "Read compressed files" >> beam.ParDo(_read_compressed).with_output_types(bytes)
        )
        return (plain, compressed) | "Merge lines" >> beam.Flatten()


class _NameFile(beam.DoFn):
    def __init__(self) -> None:
        self._files = Metrics.counter("files", "matched")
        self._bytes = Metrics.counter("files", "bytes")

    def process(self, metadata: Any) -> Iterator[Any]:
        self._files.inc()
        self._bytes.inc(metadata.size_in_bytes)
        LIVE_COUNTS.files += 1
        path = metadata.path
        if is_compressed(path):
            LIVE_COUNTS.compressed_files += 1
            yield beam.pvalue.TaggedOutput("compressed", path)
        else:
            LIVE_COUNTS.bytes_found += metadata.size_in_bytes
            yield path


def _read_compressed(path: str) -> Iterator[bytes]:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        yield from read_lines(path, file)


class ReadSubscription(beam.PTransform):
    """Read a Pub/Sub subscription: ``PBegin`` to ``PCollection[bytes]``, each stamped with its publish time.

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
        return begin | "Read messages" >> beam.io.ReadFromPubSub(
            subscription=self._subscription, id_label=self._id_label
        )


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
        patterns: File patterns, local or ``gs://``.
        clock: The current time in unix seconds.
    """

    def __init__(self, patterns: Sequence[str], clock: Callable[[], float] = time.time):
        super().__init__()
        self._patterns = patterns
        self._clock = clock

    def expand(self, begin: beam.pvalue.PBegin) -> DeadLetterPayloads:
        """Wire the reading of records; see the class."""
        opened, dead_letters = with_dead_letters(
            begin | "Read records" >> ReadFiles(self._patterns),
            "Open records",
            _OpenRecord(self._clock),
            main="payloads",
            element_type=convert_to_beam_type(tuple[int, bytes]),
        )
        payloads = (
            opened
            | "Take each payload once" >> beam.Distinct()
            | "Restore times" >> beam.Map(_with_time).with_output_types(bytes)
        )
        return DeadLetterPayloads(payloads, dead_letters)


#: Stands for "its source gave it no time" where a whole number is needed.
_NO_TIME = -(1 << 62)


class _OpenRecord(beam.DoFn):
    """Takes the payload, and the time that its source gave it, out of a record."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock

    def process(self, line: bytes) -> Iterator[Any]:
        if not line.strip():
            return
        try:
            yield _open_record(line)
        except (ValueError, KeyError, TypeError, AttributeError):  # not JSON, not base64, no number, no such field
            Metrics.counter("events", "read").inc()
            yield dead_letter_output(
                stage="parse",
                reason="not_a_dead_letter",
                detail="The line is no dead letter: is --input_format=dead_letters right for this file?",
                payload=line,
                failed_at=self._clock(),
            )


def _open_record(line: bytes) -> tuple[int, bytes]:
    record = json_text.loads(line)
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
