"""The whole backfill on the local runner, against what Beam itself costs for a pipeline of that shape.

Run with ``python -m benchmarks.backfill``. Both sides are whole processes, start included. The other end of the
backfill is the sandbox in a process of its own, which only counts.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import tempfile
from typing import Final, Literal, NamedTuple

from benchmarks.generate import write_files
from benchmarks.measurement import Measurement
from benchmarks.processes import API_KEY, SITE_ID, Usage, run_process, stand_in, stats

__all__ = ["Ordering", "measure", "run_backfill"]

Ordering = Literal["person", "none"]

_EVENTS = 200_000
_RUNS = 5
_TIME_LIMITS: Final = {"person": 1.7, "none": 2.2}
_MEMORY_LIMIT: Final = 0.45


def run_backfill(
    folder: pathlib.Path, ordering: Ordering, events: int, project: pathlib.Path | None = None
) -> tuple[Usage, int]:
    """Run the job in one process over a folder of events; return what it took, and how many requests it made.

    Args:
        folder: Where the files of ``benchmarks.generate`` are.
        ordering: The job's ``--ordering``.
        events: How many events there are.
        project: The project's folder; the working directory by default.

    Raises:
        RuntimeError: The stand-in did not get an operation for each event.
    """
    with stand_in("--count-only") as url:
        usage = run_process(
            [
                *("-m", "pipeline", f"--input={folder}/events-*.ndjson", f"--track_endpoint={url}"),
                *(f"--ordering={ordering}", "--backfill_recent=send", "--max_requests_per_second=100000"),
                "--processes=1",
                f"--dead_letters={folder}/dead-letters",
            ],
            {"CUSTOMERIO_SITE_ID": SITE_ID, "CUSTOMERIO_API_KEY": API_KEY},
            project,
        )
        counted = stats(url)
    if counted["operations"] != events:
        raise RuntimeError(f"the stand-in got {counted['operations']} operations of {events} events")
    return usage, counted["requests"]


def measure(
    ordering: Ordering, events: int = _EVENTS, runs: int = _RUNS, project: pathlib.Path | None = None
) -> list[Measurement]:
    """Measure the median ratios of CPU time and, with ``person``, of peak memory.

    Args:
        ordering: The job's ``--ordering``.
        events: Events to send.
        runs: How often each side runs, in turn.
        project: The project's folder; the working directory by default.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_files(folder, events)
        trivial = ["-m", "benchmarks.trivial_pipeline", f"--input={folder}/events-*.ndjson", f"--ordering={ordering}"]
        pairs = [(run_backfill(folder, ordering, events, project)[0], run_process(trivial)) for _ in range(runs)]
    times = _Ratio("CPU time", _TIME_LIMITS[ordering], [job.cpu_secs / bare.cpu_secs for job, bare in pairs])
    memory = _Ratio("peak memory", _MEMORY_LIMIT, [job.peak_mb / bare.peak_mb for job, bare in pairs])
    details = {
        "backfill_wall_secs": [round(job.wall_secs, 2) for job, _ in pairs],
        "backfill_cpu_secs": [round(job.cpu_secs, 2) for job, _ in pairs],
        "backfill_peak_mb": [round(job.peak_mb) for job, _ in pairs],
        "trivial_wall_secs": [round(bare.wall_secs, 2) for _, bare in pairs],
        "trivial_cpu_secs": [round(bare.cpu_secs, 2) for _, bare in pairs],
        "trivial_peak_mb": [round(bare.peak_mb) for _, bare in pairs],
    }
    # Without grouping the trivial pipeline keeps nothing at all: there is no memory to compare with.
    return [
        Measurement(
            name=f"{ratio.what} of a backfill of {events:,} events, --ordering={ordering}",
            compared_with="a trivial Beam pipeline of that shape",
            value=statistics.median(ratio.values),
            unit="x",
            aim=f"at most {ratio.limit}",
            reached=statistics.median(ratio.values) <= ratio.limit,
            details=details,
        )
        for ratio in ([times, memory] if ordering == "person" else [times])
    ]


class _Ratio(NamedTuple):
    what: str
    limit: float
    values: list[float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time the whole backfill against a trivial pipeline.")
    parser.add_argument("--events", type=int, default=_EVENTS)
    parser.add_argument("--runs", type=int, default=_RUNS)
    options = parser.parse_args()
    for ordering in ("person", "none"):
        for result in measure(ordering, options.events, options.runs):
            print(f"{result.name}: {result.value:.2f} times", dict(result.details))


if __name__ == "__main__":
    main()
