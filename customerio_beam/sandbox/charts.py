"""Small charts, as the geometry that a template draws in SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from customerio_beam.sandbox.meter import Second

WIDTH, HEIGHT = 600, 120
"""The size of a chart's drawing, in SVG units; it is scaled to the page."""

MOST_BARS = 60
"""Bars in a chart over time: each stays wide enough to point at."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its place in the drawing, and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart.

    Attributes:
        title: What it shows, with the unit.
        bars: Its bars, in order.
        top: The value at its upper edge.
        start: What its left end stands for; a time as unix seconds, or a text.
        end: What its right end stands for.
        limit_y: Where the line of the limit is drawn, or None where it is above the drawing or there is none.
        note: A sentence below it.
    """

    title: str
    bars: Sequence[Bar]
    top: float
    start: int | str
    end: int | str
    limit_y: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Bucket:
    start: int
    seconds: list[Second] = field(default_factory=list)


def delivery_charts(series: Sequence[tuple[int, Second]], stats: dict[str, Any], limit: int) -> list[Chart]:
    """Returns the charts of the Delivery page.

    Args:
        series: What happened in each second with traffic, oldest first.
        stats: The counts of the meter.
        limit: Requests allowed in a second.
    """
    if not series:
        return []
    buckets = _buckets(series)
    span = buckets[1].start - buckets[0].start if len(buckets) > 1 else 1
    each = "each second" if span == 1 else f"the busiest second of every {span}"
    return [
        _over_time(
            f"Requests per second ({each})",
            buckets,
            lambda bucket: max((second.requests for second in bucket.seconds), default=0),
            limit=limit,
        ),
        _over_time(
            f"Operations per second ({each})",
            buckets,
            lambda bucket: max((second.operations for second in bucket.seconds), default=0),
        ),
        _over_time("Mean time to answer, ms", buckets, _mean_ms),
        _batch_fill(stats["batch_fill_tenths"]),
    ]


def shares(counts: dict[str, int]) -> list[tuple[str, int, float]]:
    """Returns counts, the largest first, each with its percentage of the largest: the length of its bar."""
    most = max(counts.values(), default=1)
    return [(name, count, 100 * count / most) for name, count in sorted(counts.items(), key=lambda each: -each[1])]


def _buckets(series: Sequence[tuple[int, Second]]) -> list[_Bucket]:
    first, last = series[0][0], series[-1][0]
    span = -(-(last - first + 1) // MOST_BARS)
    buckets = [_Bucket(start) for start in range(first, last + 1, span)]
    for second, entry in series:
        buckets[(second - first) // span].seconds.append(entry)
    return buckets


def _mean_ms(bucket: _Bucket) -> float:
    requests = sum(second.requests for second in bucket.seconds)
    return 1000 * sum(second.seconds for second in bucket.seconds) / requests if requests else 0.0


def _over_time(
    title: str, buckets: Sequence[_Bucket], measure: Callable[[_Bucket], float], limit: int | None = None
) -> Chart:
    values = [measure(bucket) for bucket in buckets]
    top = max(values) or 1
    note, limit_y = "", None
    if limit is not None:
        if limit <= 3 * top:
            top = max(top, limit)
            limit_y = HEIGHT * (1 - limit / top)
            note = f"The line is the limit of {limit:,} requests per second."
        else:
            note = f"The limit of {limit:,} requests per second is far above this drawing."
    bars = _bars(values, top, [f"{_short(value)}" for value in values])
    return Chart(title, bars, top, buckets[0].start, buckets[-1].start, limit_y, note)


def _batch_fill(tenths: Sequence[int]) -> Chart:
    labels = [f"{count} batches of {10 * tenth} to {10 * (tenth + 1)} %" for tenth, count in enumerate(tenths)]
    top = max(tenths) or 1
    bars = _bars(tenths, top, labels)
    return Chart("Batches by how full they were", bars, top, "0 %", "100 % of 500,000 bytes")


def _bars(values: Sequence[float], top: float, labels: Sequence[str]) -> list[Bar]:
    step = WIDTH / len(values)
    return [
        Bar(
            round(index * step, 2),
            round(HEIGHT * (1 - value / top), 2),
            round(min(step * 0.85, 40), 2),
            round(HEIGHT * value / top, 2),
            label,
        )
        for index, (value, label) in enumerate(zip(values, labels, strict=True))
    ]


def _short(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
