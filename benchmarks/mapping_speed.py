"""Parse, map and serialise, on one core, against the bare JSON library on the same lines.

Run with ``python -m benchmarks.mapping_speed``. The reference is ``orjson.loads`` and ``orjson.dumps`` of each whole
line: what any program pays that reads JSON and writes JSON. The product's side has everything that an event passes
before it is a value to deliver: fields checked, person keyed, mapped, limits checked, written.

The mapping is measured as it lies there: as Python here, compiled in a copy (``python -m benchmarks.compiled
benchmarks.mapping_speed``).
"""

from __future__ import annotations

import argparse
import itertools
import json
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

import orjson

from benchmarks.generate import events
from benchmarks.measurement import Measurement
from customerio_beam.mapping import reading
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.person import person_key
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import read_events
from customerio_beam.reading.payload import Payload

__all__ = ["Work", "measure", "measure_in", "time_in_turns"]

#: A program that is timed.
Work = Callable[[list[bytes]], None]

_EVENTS = 100_000
_RUNS = 7
# Lines that each side works on in turn: short enough for both to meet the same state of a shared machine.
_TURN = 2_000

_AIM = 3.3
_LIMIT = 4.8


def measure(count: int = _EVENTS, runs: int = _RUNS) -> Measurement:
    """Measure the median ratio of CPU time.

    Args:
        count: Events of one run.
        runs: Passes over them; the first one, which warms up, does not count.
    """
    lines = list(events(count))
    times = time_in_turns(lines, runs, _map, _load_and_dump)
    ratio = statistics.median(product / bare for product, bare in times)
    is_compiled = not reading.__file__.endswith(".py")
    return Measurement(
        name=f"parse + map + serialise, one core, {'compiled' if is_compiled else 'as Python'}",
        compared_with="bare orjson.loads + orjson.dumps of the same lines",
        value=ratio,
        unit="x",
        aim=f"at most {_AIM}; {_LIMIT} is the limit",
        reached=ratio <= _AIM,
        details={
            "events_per_second": round(count / statistics.median(product for product, _ in times)),
            "bare_pairs_per_second": round(count / statistics.median(bare for _, bare in times)),
            "mean_line_bytes": round(statistics.mean(map(len, lines))),
            "ratios": [round(product / bare, 3) for product, bare in times],
        },
    )


def measure_in(project: pathlib.Path, count: int = _EVENTS, runs: int = _RUNS) -> Measurement:
    """Measure, in a process of its own, the mapping in a folder."""
    command = [sys.executable, "-m", "benchmarks.mapping_speed", f"--events={count}", f"--runs={runs}", "--json"]
    ran = subprocess.run(command, cwd=project, stdout=subprocess.PIPE, check=True)
    return Measurement(**json.loads(ran.stdout))


def time_in_turns(lines: list[bytes], runs: int, one: Work, other: Work) -> list[tuple[float, float]]:
    """Time two programs over the same lines, a few lines each in turn.

    Args:
        lines: The lines.
        runs: Passes over them; one before them, which warms up, does not count.
        one: Takes lines.
        other: Takes the same lines.

    Returns:
        The CPU seconds of both, for each pass.
    """
    return [_time_both(lines, one, other) for _ in range(runs + 1)][1:]


def _time_both(lines: list[bytes], one: Work, other: Work) -> tuple[float, float]:
    secs = {one: 0.0, other: 0.0}
    order = [one, other]
    rest = iter(lines)
    while turn := list(itertools.islice(rest, _TURN)):
        for work in order:
            secs[work] += _cpu_secs(work, turn)
        order.reverse()  # who goes first finds the lines in no cache
    return secs[one], secs[other]


def _cpu_secs(work: Work, lines: list[bytes]) -> float:
    started = time.process_time()
    work(lines)
    return time.process_time() - started


def _map(lines: list[bytes]) -> None:
    settings = MappingSettings()
    block = Payload(b"\n".join(lines), "events.ndjson", 0, is_lines=True)
    for outcome in read_events(block, settings=settings):
        if not isinstance(outcome, Event):
            raise TypeError(f"an event was not usable: {outcome}")
        person_key(outcome, settings.identify_by)
        map_event(outcome, settings)


def _load_and_dump(lines: list[bytes]) -> None:
    loads, dumps = orjson.loads, orjson.dumps
    for line in lines:
        dumps(loads(line))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time parse, map and serialise against bare orjson.")
    parser.add_argument("--events", type=int, default=_EVENTS)
    parser.add_argument("--runs", type=int, default=_RUNS)
    parser.add_argument("--json", action="store_true", help="print the measurement as JSON")
    options = parser.parse_args()
    result = measure(options.events, options.runs)
    print(json.dumps(asdict(result)) if options.json else f"{result.name}: {result.value:.2f} times {result.details}")


if __name__ == "__main__":
    main()
