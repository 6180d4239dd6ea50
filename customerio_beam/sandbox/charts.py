"""Small bar charts: their values; the template draws them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from customerio_beam.sandbox.meter import Second

MAX_BARS = 60
"""Bars in a chart over time: each stays wide enough to point at."""


class Chart(NamedTuple):
    """A bar chart.

    Attributes:
        title: What it shows, with the unit.
        values: The height of each bar.
        labels: The text of each bar.
        start: What its left end stands for; a time as unix seconds, or a text.
        end: What its right end stands for.
        limit: A value that a line marks, or None.
        note: A sentence below it.
    """

    title: str
    values: Sequence[float]
    labels: Sequence[str]
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
    starts = range(first, last + 1, span)
    buckets: list[list[Second]] = [[] for _ in starts]
    for second, entry in series:
        buckets[(second - first) // span].append(entry)
    each = "each second" if span == 1 else f"the busiest second of every {span}"

    def over_time(title: str, measure: Callable[[Sequence[Second]], float], **more: Any) -> Chart:
        values = list(map(measure, buckets))
        labels = [f"{value:,.1f}".removesuffix(".0") for value in values]
        return Chart(title, values, labels, starts[0], starts[-1], **more)

    requests = over_time(f"Requests per second ({each})", lambda bucket: max((s.requests for s in bucket), default=0))
    if limit <= 3 * requests.top:
        requests = requests._replace(limit=limit, note=f"The line is the limit of {limit:,} requests per second.")
    else:
        requests = requests._replace(note=f"The limit of {limit:,} requests per second is far above this drawing.")
    labels = [f"{count} batches of {10 * tenth} to {10 * (tenth + 1)} %" for tenth, count in enumerate(tenths)]
    return [
        requests,
        over_time(f"Operations per second ({each})", lambda bucket: max((s.operations for s in bucket), default=0)),
        over_time("Mean response time, ms", _mean_ms),
        Chart("Batches by how full they were", tenths, labels, "0 %", "100 % of 500,000 bytes"),
    ]


def shares(counts: dict[str, int]) -> list[tuple[str, int, float]]:
    """Return counts, the largest first, each with its percentage of the largest: the length of its bar."""
    largest = max(counts.values(), default=1)
    return [(name, count, 100 * count / largest) for name, count in sorted(counts.items(), key=lambda each: -each[1])]


def _mean_ms(bucket: Sequence[Second]) -> float:
    return 1000 * sum(s.seconds for s in bucket) / max(1, sum(s.requests for s in bucket))
