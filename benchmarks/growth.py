"""Ten times the events: does time grow tenfold, and does memory stay?

Run with ``python -m benchmarks.growth``. The time of starting is in both, so that it helps the larger run a little:
``details`` holds the seconds.
"""

from __future__ import annotations

import argparse
import pathlib
import tempfile

from benchmarks.backfill import run_backfill
from benchmarks.generate import write_files
from benchmarks.measurement import Measurement
from benchmarks.processes import Usage

__all__ = ["measure"]

_EVENTS = 200_000
_FACTOR = 10
_TIME_AIM = 10.5
#: What crosses the shuffle stays in memory on the local runner.
_MEMORY_AIM_MB = 1_200


def measure(events: int = _EVENTS, project: pathlib.Path | None = None) -> list[Measurement]:
    """Measure the growth of time and of memory with ``--ordering=person``.

    Args:
        events: Of the smaller run; the larger one has ten times as many.
        project: The project's folder; the working directory by default.
    """
    small, large = _run(events, project), _run(events * _FACTOR, project)
    against = f"the same with {events:,}"
    time_ratio = large.wall_secs / small.wall_secs
    return [
        Measurement(
            name=f"time of {events * _FACTOR:,} events, --ordering=person",
            compared_with=against,
            value=time_ratio,
            unit="x",
            aim=f"at most {_TIME_AIM}",
            reached=time_ratio <= _TIME_AIM,
            details={"wall_secs": [round(small.wall_secs, 1), round(large.wall_secs, 1)]},
        ),
        Measurement(
            name=f"peak memory of {events * _FACTOR:,} events, --ordering=person",
            compared_with=against,
            value=large.peak_mb,
            unit="MB",
            aim=f"at most {_MEMORY_AIM_MB:,}",
            reached=large.peak_mb <= _MEMORY_AIM_MB,
            details={"peak_mb": [round(small.peak_mb), round(large.peak_mb)]},
        ),
    ]


def _run(events: int, project: pathlib.Path | None) -> Usage:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_files(folder, events)
        return run_backfill(folder, "person", events, project)[0]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how time and memory grow with the events.")
    parser.add_argument("--events", type=int, default=_EVENTS, help="of the smaller run")
    for result in measure(parser.parse_args().events):
        print(f"{result.name}: {result.value:.2f} {result.unit}", dict(result.details))


if __name__ == "__main__":
    main()
