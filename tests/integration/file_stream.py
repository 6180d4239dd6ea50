"""A stream on a runner with checkpoints: the product's transforms, in a pipeline of one's own, over files as a stream.

``python -m tests.integration.file_stream FOLDER RATE [option ...]`` takes the job's options besides its input. It reads
each file of the folder line by line, so many lines a second, in a way that a checkpoint can interrupt and resume
anywhere; then it waits for the end.
"""

from __future__ import annotations

import pathlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.utils.timestamp import Duration

import customerio_beam as cio
from customerio_beam.pipeline.dead_letters import WriteDeadLetterFilesOfStream

__all__ = ["StreamFiles"]

#: So many lines are read between two chances for a checkpoint.
_LINES = 100


class StreamFiles(RestrictionProvider):
    """Restrictions are byte ranges of a file whose end is never reached."""

    def initial_restriction(self, path: str) -> OffsetRange:
        return OffsetRange(0, sys.maxsize)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return OffsetRestrictionTracker(restriction)

    def split(self, path: str, restriction: OffsetRange) -> Iterator[OffsetRange]:
        yield restriction  # a file's lines stay in order

    def restriction_size(self, path: str, restriction: OffsetRange) -> int:
        return 1

    def truncate(self, path: str, restriction: OffsetRange) -> None:
        return None


class ReadLines(beam.DoFn):
    """Reads some lines, then hands the rest of the file back to the runner, which checkpoints where it is."""

    def __init__(self, lines_per_second: float) -> None:
        self._pause = Duration.of(_LINES / lines_per_second)

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        path: str,
        tracker: Any = beam.DoFn.RestrictionParam(StreamFiles()),  # noqa: B008 - Beam's way to declare it
    ) -> Iterator[Any]:
        with pathlib.Path(path).open("rb") as file:
            file.seek(tracker.current_restriction().start)
            for _ in range(_LINES):
                line = file.readline()
                # A line may be written half; what is left begins behind the last byte that was claimed.
                if not line.endswith(b"\n") or not tracker.try_claim(file.tell() - 1):
                    break
                yield beam.window.TimestampedValue(line.rstrip(b"\n"), time.time())
        tracker.defer_remainder(self._pause)


def main(folder: str, rate: str, arguments: list[str]) -> None:
    """Submit the stream, and wait for its end."""
    from customerio_beam.pipeline.options import CustomerIOOptions

    options = CustomerIOOptions([*arguments, "--streaming"])
    pipeline = beam.Pipeline(options=PipelineOptions([*arguments, "--streaming"]))
    paths = sorted(str(path) for path in pathlib.Path(folder).glob("*.ndjson"))
    payloads = (
        pipeline
        | beam.Create(paths, reshuffle=False)
        | "Spread files" >> beam.Reshuffle()
        | "Read lines" >> beam.ParDo(ReadLines(float(rate) / len(paths))).with_output_types(bytes)
    )
    parsed = payloads | cio.ParseEvents()
    mapped = parsed.events | cio.KeyByPerson() | cio.MapToCustomerIO()
    written = mapped.operations | cio.WriteToCustomerIO(settings=options.delivery_settings)
    dead_letters = [parsed.dead_letters, mapped.dead_letters, written.dead_letters] | beam.Flatten()
    dead_letters | "WriteDeadLetters" >> WriteDeadLetterFilesOfStream(options.dead_letters)
    pipeline.run().wait_until_finish()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
