"""Charts of a page, as SVG in it. A screen reader gets their figures as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from customerio_beam.report.page import Markup, safe

__all__ = ["bar_rows", "timeline"]

#: Units of a drawing, which is stretched to the page.
_WIDTH: Final = 600
_HEIGHT: Final = 120


def timeline(caption: str, counts: Sequence[tuple[str, int]]) -> Markup:
    """Return a chart with a bar for each span of time.

    Args:
        caption: What it shows.
        counts: The spans' names and counts, in their order.
    """
    most = max((count for _, count in counts), default=0) or 1
    step = _WIDTH / max(len(counts), 1)
    bars = "".join(
        f'<rect x="{number * step:.2f}" y="{_HEIGHT - _HEIGHT * count / most:.2f}" width="{min(step * 0.85, 40):.2f}" '
        f'height="{_HEIGHT * count / most:.2f}"><title>{safe(name)}: {count:,}</title></rect>'
        for number, (name, count) in enumerate(counts)
    )
    first, last = (counts[0][0], counts[-1][0]) if counts else ("", "")
    return Markup(
        f"<figure>\n<figcaption>{safe(caption)}</figcaption>\n"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{safe(caption)}, {safe(first)} to {safe(last)}, at most {most:,}">{bars}</svg>\n'
        f'<p class="axis"><span>{safe(first)}</span><span>at most {most:,}</span><span>{safe(last)}</span></p>\n'
        "</figure>\n"
    )


def bar_rows(caption: str, counts: Sequence[tuple[str, int]], most: int) -> Markup:
    """Return a chart with a row for each name: the name, a bar, and the count.

    Args:
        caption: What it shows; empty for none.
        counts: The names and counts, in their order.
        most: The count of a bar that is as long as can be.
    """
    rows = "".join(
        f'<div class="share"><span>{safe(name)}</span>'
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * count / max(most, 1):.2f}" height="10"/></svg><span>{count:,}</span></div>\n'
        for name, count in counts
    )
    head = f"<figcaption>{safe(caption)}</figcaption>\n" if caption else ""
    return Markup(f'<figure class="names">\n{head}{rows}</figure>\n')
