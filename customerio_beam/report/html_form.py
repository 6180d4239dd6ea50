"""A report as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from customerio_beam.report.charts import bar_rows, timeline
from customerio_beam.report.document import Bars, Block, Document, Figures, Paragraph, Rows, Timeline
from customerio_beam.report.page import (
    Markup,
    folded,
    lines_of_code,
    notice,
    page,
    paragraph,
    section,
    subheading,
    table,
    tiles,
)
from customerio_beam.visible import visible

__all__ = ["html_document"]

_BRAND: Final = "Customer.io pipeline"
#: Rows of a table or chart that are seen at once.
_UNFOLDED: Final = 20


def html_document(document: Document) -> Markup:
    """Return a report as a page."""
    top = [notice(visible(document.verdict), map(visible, document.problems)), *_blocks(document.top)]
    parts = [section(visible(part.heading), *_blocks(part.blocks)) for part in document.parts]
    return page(visible(document.title), _BRAND, [*top, *parts], visible(document.footer))


def _blocks(blocks: Iterable[Block]) -> list[Markup]:
    return [_block(block) for block in blocks]


def _block(block: Block) -> Markup:
    if isinstance(block, Paragraph):
        return paragraph(visible(block.text))
    if isinstance(block, Figures):
        return tiles({visible(name): visible(value) for name, value in block.values})
    if isinstance(block, Rows):
        return _table(block)
    if isinstance(block, Bars):
        counts = [(visible(name), count) for name, count in block.counts]
        most = max((count for _, count in counts), default=0)
        shown = bar_rows(visible(block.caption), counts[:_UNFOLDED], most)
        rest = counts[_UNFOLDED:]
        return shown if not rest else Markup(shown + folded(f"{len(rest):,} more", bar_rows("", rest, most)))
    if isinstance(block, Timeline):
        return timeline(visible(block.caption), block.counts)
    parts = [folded(visible(title), lines_of_code(visible(line) for line in lines)) for title, lines in block.items]
    return Markup(subheading(visible(block.caption)) + "".join(parts))


def _table(block: Rows) -> Markup:
    caption = visible(block.caption)
    columns = [column.removesuffix(" #") for column in block.columns]
    numbers = [column.removesuffix(" #") for column in block.columns if column.endswith(" #")]
    rows = [[visible(cell) for cell in row] for row in block.rows]
    shown = subheading(caption) + table(caption, columns, rows[:_UNFOLDED], numbers)
    rest = rows[_UNFOLDED:]
    if rest:
        shown += folded(f"{len(rest):,} more", table(f"{caption}, continued", columns, rest, numbers))
    return Markup(shown)
