"""All measurements, one after the other: ``python -m benchmarks``.

Prints a table, and writes it with all details to ``benchmarks/results/`` as JSON. Nothing else should run on the
machine meanwhile; what is measured are ratios, so that another machine's figures can be compared with these. The
mapping is compiled for it, as the image has it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict

import apache_beam

from benchmarks import (
    backfill,
    cores,
    delivered_per_second,
    delivery_latency,
    growth,
    mapping_speed,
    rate_limit,
    requests_needed,
    rules_speed,
    start,
    streaming_latency,
)
from benchmarks.compiled import ROOT, can_compile, compiled_copy
from benchmarks.measurement import Measurement
from benchmarks.processes import program

_RESULTS = pathlib.Path(__file__).parent / "results"
_ROW = "{:<64} {:>14} {:<5} {:<28} {}"


def _measurements(
    quick: bool, client_python: str | None, project: pathlib.Path
) -> Iterator[Callable[[], Measurement | list[Measurement]]]:
    # First what runs in processes of its own: the system counts this process's peak of memory into theirs.
    for ordering in ("person", "none"):
        yield lambda ordering=ordering: backfill.measure(  # type: ignore[misc]
            ordering, *((50_000, 1) if quick else ()), project=project
        )
    yield lambda: cores.measure(*((100_000, 1) if quick else ()), project=project)
    yield lambda: growth.measure(*((10_000,) if quick else ()), project=project)
    for folder in dict.fromkeys((project, ROOT)):
        yield lambda folder=folder: mapping_speed.measure_in(  # type: ignore[misc]
            folder, *((20_000, 3) if quick else ())
        )
    yield lambda: rules_speed.measure(20_000, 3) if quick else rules_speed.measure()
    yield lambda: requests_needed.measure(20_000) if quick else requests_needed.measure()
    yield lambda: rate_limit.measure(10.0) if quick else rate_limit.measure()
    yield lambda: start.measure(3) if quick else start.measure()
    if _can_stream():
        yield lambda: streaming_latency.measure(10.0) if quick else streaming_latency.measure()
    yield lambda: delivery_latency.measure(5.0) if quick else delivery_latency.measure()
    if client_python:
        yield lambda: delivered_per_second.measure(client_python, *((50_000, 3.0) if quick else ()))


def _can_stream() -> bool:
    try:
        program("prism")
        program("pubsub_server")
    except FileNotFoundError as missing:
        print(f"The latency of streaming is not measured: {missing}.", flush=True)
        return False
    return True


def _machine() -> dict[str, object]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "apache_beam": apache_beam.__version__,
    }


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run all measurements.")
    parser.add_argument("--quick", action="store_true", help="few events and runs: shows that all works, no more")
    parser.add_argument(
        "--client_python",
        help="an interpreter that has Customer.io's client (pip install customerio); without it, it is not compared",
    )
    options = parser.parse_args()
    if can_compile():
        with compiled_copy() as project:
            results = _measure_all(options.quick, options.client_python, project)
    else:
        print("The mapping is measured as Python alone: compiling it needs requirements/compile.txt and a C compiler.")
        results = _measure_all(options.quick, options.client_python, ROOT)
    now = datetime.datetime.now(datetime.timezone.utc)
    _RESULTS.mkdir(exist_ok=True)
    path = _RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    record = {"quick": options.quick, "machine": _machine(), "results": [asdict(result) for result in results]}
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"Written to {path}")


def _measure_all(quick: bool, client_python: str | None, project: pathlib.Path) -> list[Measurement]:
    """Measure everything, and print each figure when it is there."""
    print(_ROW.format("measurement", "figure", "", "aim", "compared with"))
    results: list[Measurement] = []
    for measure in _measurements(quick, client_python, project):
        found = measure()
        for result in found if isinstance(found, list) else [found]:
            results.append(result)
            mark = "" if result.reached else " (not reached)"
            print(
                _ROW.format(result.name, f"{result.value:,.2f}", result.unit, result.aim + mark, result.compared_with),
                flush=True,
            )
    return results


if __name__ == "__main__":
    main()
