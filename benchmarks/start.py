"""How soon ``python -m pipeline --help`` is there, against ``import apache_beam`` alone.

Run with ``python -m benchmarks.start``.
"""

from __future__ import annotations

import statistics

from benchmarks.measurement import Measurement
from benchmarks.processes import run_process

__all__ = ["measure"]

_RUNS = 5
_AIM_SECS = 0.3


def measure(runs: int = _RUNS) -> Measurement:
    """Measure the median of the differences, in seconds; below 0 where the help is there first."""
    pairs = [
        (run_process(["-m", "pipeline", "--help"]).wall_secs, run_process(["-c", "import apache_beam"]).wall_secs)
        for _ in range(runs)
    ]
    difference = statistics.median(shown - imported for shown, imported in pairs)
    return Measurement(
        name="python -m pipeline --help",
        compared_with="import apache_beam",
        value=difference,
        unit="s more",
        aim=f"at most {_AIM_SECS}",
        reached=difference <= _AIM_SECS,
        details={
            "help_secs": [round(shown, 3) for shown, _ in pairs],
            "import_secs": [round(imported, 3) for _, imported in pairs],
        },
    )


if __name__ == "__main__":
    print(measure())
