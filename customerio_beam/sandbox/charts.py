"""Small bar charts: their values; the template draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from customerio_beam.sandbox.meter import Second

#: Bars in a chart over time: each stays wide enough to point at.
MAX_BARS = 60


class Chart(NamedTuple):
    """A bar chart.

    Attributes:
        title: What it shows, with the unit.
        values: The height of each bar.
        start: What its left end stands for; a time as unix seconds, or a text.
        end: What its right end stands for.
        limit: A value that a line marks, or None.
        note: A sentence below it.
    """

    title: str
    values: Sequence[float]
    start: int | str
    end: int | str
    limit: int | None = None
    note: str = ""

    @property
    def top(self) -> float:
        """The value at its upper edge."""
        return max(*self.values, self.limit or 0) or 1


def delivery_charts(series: Sequence[tuple[int, Second]], tenths: Sequence[int], limit: int) -> list[Chart]:
    """Return the charts of the Delivery page.

    Args:
        series: What happened in each second with traffic, oldest first.
        tenths: How many batches filled each tenth of the largest size.
        limit: Requests allowed in a second.
    """
    if not series:
        return []
    first, last = series[0][0], series[-1][0]
    span = -(-(last - first + 1) // MAX_BARS)
    buckets: list[list[Second]] = [[] for _ in range(first, last + 1, span)]
    for second, entry in series:
        buckets[(second - first) // span].append(entry)
    each = "each second" if span == 1 else f"the busiest second of every {span}"
    requests, operations = (
        [max((entry[name] for entry in bucket), default=0) for bucket in buckets] for name in ("requests", "operations")
    )
    times = [
        1000 * sum(entry["seconds"] for entry in bucket) / max(1, sum(entry["requests"] for entry in bucket))
        for bucket in buckets
    ]
    near = limit <= 3 * max(requests)
    note = (
        "The line is the limit of {:,}" if near else "The limit of {:,} requests per second is far above this drawing"
    )
    return [
        Chart(
            f"Requests per second ({each})", requests, first, last, limit if near else None, note.format(limit) + "."
        ),
        Chart(f"Operations per second ({each})", operations, first, last),
        Chart("Mean response time, ms", times, first, last),
        Chart("Batches by how full they were", tenths, "0 %", "100 % of 500,000 bytes"),
    ]
