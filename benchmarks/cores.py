"""Two processes against one, on a machine with at least two cores: what a large local backfill gains by default.

Run with ``python -m benchmarks.cores``. Operations go to files, so that nothing else needs a core.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import statistics
import tempfile

from benchmarks.generate import write_files
from benchmarks.measurement import Measurement
from benchmarks.processes import Usage, run_process

__all__ = ["measure"]

_EVENTS = 1_000_000
_RUNS = 3
_AIM = 1.4


def measure(events: int = _EVENTS, runs: int = _RUNS, project: pathlib.Path | None = None) -> Measurement:
    """Measure the ratio of the times that one process and two take, start included; the median of some pairs.

    Args:
        events: Events to map.
        runs: How often each side runs, in turn.
        project: The project's folder; the working directory by default.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_files(folder, events)
        pairs = [(_run(folder, 1, project), _run(folder, 2, project)) for _ in range(runs)]
    ratio = statistics.median(one.wall_secs / two.wall_secs for one, two in pairs)
    return Measurement(
        name=f"two processes, {events:,} events, --operations_output",
        compared_with="one process",
        value=ratio,
        unit="x",
        aim=f"at least {_AIM} times as fast",
        reached=ratio >= _AIM,
        details={
            "cores": os.cpu_count(),
            "one_process_wall_secs": [round(one.wall_secs, 2) for one, _ in pairs],
            "two_processes_wall_secs": [round(two.wall_secs, 2) for _, two in pairs],
        },
    )


def _run(folder: pathlib.Path, processes: int, project: pathlib.Path | None) -> Usage:
    return run_process(
        [
            *("-m", "pipeline", f"--input={folder}/events-*.ndjson", f"--operations_output={folder}/operations"),
            *("--backfill_recent=send", f"--dead_letters={folder}/dead-letters", f"--processes={processes}"),
        ],
        project=project,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time a large backfill with one process and with two.")
    parser.add_argument("--events", type=int, default=_EVENTS)
    parser.add_argument("--runs", type=int, default=_RUNS)
    options = parser.parse_args()
    result = measure(options.events, options.runs)
    print(f"{result.name}: {result.value:.2f} times as fast", dict(result.details))


if __name__ == "__main__":
    main()
