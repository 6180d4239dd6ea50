"""How much of the allowed rate four processes of one worker use, and whether they ever go over it.

Run with ``python -m benchmarks.rate_limit``. The processes do nothing but ask for permission, as fast as they get it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import uuid

from benchmarks.measurement import Measurement
from customerio_beam.delivery.rate_limit import WorkerRateLimit

__all__ = ["measure"]

_PROCESSES = 4
_SECONDS = 60.0
_RATE = 100.0
# Time for all processes to load what they need.
_STARTUP_SECS = 15.0


def measure(seconds: float = _SECONDS, rate: float = _RATE) -> Measurement:
    """Count permissions in a minute.

    Args:
        seconds: How long to ask.
        rate: Permissions per second for all processes together.
    """
    begin = time.monotonic() + _STARTUP_SECS
    arguments = ["--workspace", uuid.uuid4().hex, "--begin", str(begin), "--seconds", str(seconds), "--rate", str(rate)]
    processes = [
        subprocess.Popen([sys.executable, "-m", "benchmarks.rate_limit", *arguments], stdout=subprocess.PIPE, text=True)
        for _ in range(_PROCESSES)
    ]
    granted = sorted(moment for process in processes for moment in json.loads(process.communicate()[0]))
    share = 100 * len(granted) / (rate * seconds)
    most = max(_in_next_second(granted, start) for start in range(len(granted)))
    return Measurement(
        name=f"allowed requests used, {_PROCESSES} processes",
        compared_with=f"{rate:g} requests per second for {seconds:g} seconds",
        value=share,
        unit="%",
        aim="95 to 100, never above",
        reached=95 <= share <= 100 and most <= rate,
        details={"granted": len(granted), "most_in_any_second": most},
    )


def _ask(rate: float, workspace: str, begin: float, seconds: float) -> list[float]:
    """Ask from one moment on; return when permission came. The clock is the machine's: all processes read the same."""
    rate_limit = WorkerRateLimit(rate, workspace)
    time.sleep(begin - time.monotonic())
    granted: list[float] = []
    while True:
        rate_limit.take(time.sleep)
        now = time.monotonic()
        if now >= begin + seconds:
            return granted
        granted.append(now)


def _in_next_second(moments: list[float], start: int) -> int:
    end = start
    while end < len(moments) and moments[end] < moments[start] + 1:
        end += 1
    return end - start


def main() -> None:
    """Measure and print; or be one of the processes."""
    parser = argparse.ArgumentParser(description="Count the permissions that four processes get.")
    parser.add_argument("--seconds", type=float, default=_SECONDS)
    parser.add_argument("--rate", type=float, default=_RATE)
    parser.add_argument("--workspace", help=argparse.SUPPRESS)
    parser.add_argument("--begin", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.workspace:
        print(json.dumps(_ask(options.rate, options.workspace, options.begin, options.seconds)))
    else:
        print(measure(options.seconds, options.rate))


if __name__ == "__main__":
    main()
