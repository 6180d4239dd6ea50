"""What the measurements of latency have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from benchmarks.measurement import Measurement

__all__ = ["BEYOND_DELAY_SECS", "RATES", "SLOW_ANSWERS", "print_at_rates"]

#: Events per second.
RATES = (100.0, 1_000.0)
#: The aim: what the streaming job may take beyond the batch delay, in seconds.
BEYOND_DELAY_SECS = 1.0
#: The sandbox's faults: every answer takes 50 ms.
SLOW_ANSWERS = '{"latency": {"distribution": "fixed", "ms": 50}}'


def print_at_rates(
    description: str, measure: Callable[[float, Sequence[float]], list[Measurement]], secs: float
) -> None:
    """Measure as the command line says, and print.

    Args:
        description: For ``--help``.
        measure: Takes the seconds to measure for and the rates in events per second.
        secs: The default of ``--secs``.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--secs", type=float, default=secs, help="for how long to measure at each rate, in seconds")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="events per second")
    options = parser.parse_args()
    for result in measure(options.secs, options.rates):
        print(result, flush=True)
