"""What a measurement is, and how several runs of it become one figure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Measurement", "interleaved_ratio"]


@dataclass(frozen=True)
class Measurement:
    """One row of the results.

    Attributes:
        name: What was measured.
        compared_with: What it was measured against.
        value: The figure: a ratio, where ``unit`` is ``x``.
        unit: ``x``, ``requests``, ``%``, ``s``, ``MB``.
        aim: What the figure is meant to be, in words.
        reached: Whether it is.
        details: Further figures, for the file of results.
    """

    name: str
    compared_with: str
    value: float
    unit: str
    aim: str
    reached: bool
    details: Mapping[str, Any] = field(default_factory=dict)


def interleaved_ratio(
    measured: Callable[[], float], reference: Callable[[], float], runs: int
) -> tuple[float, list[float], list[float]]:
    """Run two things in turn, so that whatever else the machine does meets both.

    Args:
        measured: Does the one, and returns the seconds that it took.
        reference: Does the other.
        runs: How often.

    Returns:
        The median of the runs' ratios, and the seconds of each run.
    """
    times: Sequence[tuple[float, float]] = [(measured(), reference()) for _ in range(runs)]
    ratio = statistics.median(one / other for one, other in times)
    return ratio, [one for one, _ in times], [other for _, other in times]
