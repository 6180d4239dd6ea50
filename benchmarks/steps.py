"""Where the time of an event goes: CPU seconds of the backfill's steps, each added to the ones before it.

Run with ``python -m benchmarks.steps``. Each row is a pipeline of its own in a process of its own; its cost is its CPU
time less that of the row before.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import tempfile

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from benchmarks.generate import write_files
from benchmarks.processes import API_KEY, SITE_ID, run_process, stand_in
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.pipeline.sources import ReadFiles
from customerio_beam.transforms import KeyByPerson, MapToCustomerIO, ParseEvents, WriteToCustomerIO

__all__ = ["STEPS", "measure"]

STEPS = ("start", "read", "parse", "key", "map", "group", "deliver")

_EVENTS = 200_000
_RUNS = 3
_NO_EVENTS = 1


def measure(events: int = _EVENTS, runs: int = _RUNS) -> dict[str, float]:
    """Measure the median CPU seconds of the pipelines that end with each step; ``start`` is a pipeline of one event."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as empty, stand_in("--count-only") as url:
        write_files(pathlib.Path(name), events)
        write_files(pathlib.Path(empty), _NO_EVENTS, files=1)

        def cpu_secs(step: str) -> float:
            folder, last = (empty, "deliver") if step == "start" else (name, step)
            arguments = ["-m", "benchmarks.steps", "--run", last, "--folder", folder, "--url", url]
            environment = {"CUSTOMERIO_SITE_ID": SITE_ID, "CUSTOMERIO_API_KEY": API_KEY}
            return run_process(arguments, environment).cpu_secs

        taken = [{step: cpu_secs(step) for step in STEPS} for _ in range(runs)]
    return {step: statistics.median(run[step] for run in taken) for step in STEPS}


def _build(pipeline: beam.Pipeline, last: str, folder: str, url: str) -> None:
    """Compose the backfill up to one of its steps."""
    count = STEPS.index(last)
    taken = pipeline | "Read" >> ReadFiles([f"{folder}/events-*.ndjson"])
    if count >= STEPS.index("parse"):
        taken = (taken | "Parse" >> ParseEvents()).events
    if count >= STEPS.index("key"):
        taken = taken | "Key" >> KeyByPerson()
    if count >= STEPS.index("map"):
        taken = (taken | "Map" >> MapToCustomerIO()).operations
    if last == "group":
        taken = taken | "Group" >> beam.GroupByKey()
    if last == "deliver":
        settings = DeliverySettings(track_endpoint=url, max_requests_per_second=100_000)
        _ = taken | "Deliver" >> WriteToCustomerIO(settings=settings)


def main() -> None:
    """Measure and print; or be one of the pipelines."""
    parser = argparse.ArgumentParser(description="Measure where the time of an event goes.")
    parser.add_argument("--events", type=int, default=_EVENTS)
    parser.add_argument("--runs", type=int, default=_RUNS)
    for hidden in ("--run", "--folder", "--url"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
            _build(pipeline, options.run, options.folder, options.url)
        return
    taken = measure(options.events, options.runs)
    before = taken["start"]
    print(f"start{before:>12.2f} s")
    for step in STEPS[1:]:
        print(f"{step:<8}{1e6 * (taken[step] - before) / options.events:>9.1f} us an event")
        before = taken[step]


if __name__ == "__main__":
    main()
