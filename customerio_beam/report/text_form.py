"""A report for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from customerio_beam.report.document import Bars, Block, Document, Examples, Figures, Paragraph, Rows, Timeline
from customerio_beam.visible import visible

__all__ = ["text_document"]

_BAR_CHARS: Final = 30
_MAX_CELL_CHARS: Final = 60
#: Rows of a table; a page shows more.
_MAX_ROWS: Final = 30
_MAX_LINE_CHARS: Final = 2_100


def text_document(document: Document) -> Iterator[str]:
    """Yield the lines of a report."""
    yield visible(document.title)
    yield visible(document.verdict)
    yield from (f"  - {visible(problem)}" for problem in document.problems)
    yield from _blocks(document.top)
    for part in document.parts:
        yield ""
        yield visible(part.heading)
        yield from _blocks(part.blocks)
    yield ""
    yield visible(document.footer)


def _blocks(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield f"  {visible(block.text)}"
        elif isinstance(block, Figures):
            width = max((len(name) for name, _ in block.values), default=0)
            yield from (f"  {visible(name):<{width}}  {visible(value):>14}" for name, value in block.values)
        elif isinstance(block, Rows):
            yield from _table(block)
        elif isinstance(block, Bars | Timeline):
            yield from _bars(block)
        else:
            yield from _examples(block)


def _table(block: Rows) -> Iterator[str]:
    is_number = [column.endswith(" #") for column in block.columns]
    head = [column.removesuffix(" #") for column in block.columns]
    rows = [head, *([visible(cell, _MAX_CELL_CHARS) for cell in row] for row in block.rows[:_MAX_ROWS])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    yield f"  {block.caption}"
    for row in rows:
        yield ("    " + "  ".join(_aligned(row, widths, is_number))).rstrip()
    if len(block.rows) > _MAX_ROWS:
        yield f"    ... and {len(block.rows) - _MAX_ROWS:,} more, which the page of --report lists"


def _aligned(row: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> Iterator[str]:
    for cell, width, right in zip(row, widths, is_number, strict=True):
        yield cell.rjust(width) if right else cell.ljust(width)


def _bars(block: Bars | Timeline) -> Iterator[str]:
    yield f"  {block.caption}"
    names = [visible(name, _MAX_CELL_CHARS) for name, _ in block.counts]
    width = max(map(len, names), default=0)
    most = max((count for _, count in block.counts), default=0) or 1
    for name, (_, count) in zip(names, block.counts, strict=True):
        yield f"    {name:<{width}}  {count:>12,}  {'█' * -(-count * _BAR_CHARS // most)}".rstrip()


def _examples(block: Examples) -> Iterator[str]:
    yield f"  {block.caption}"
    for title, lines in block.items:
        yield f"    {visible(title)}"
        yield from (f"      {visible(line, _MAX_LINE_CHARS)}" for line in lines)
