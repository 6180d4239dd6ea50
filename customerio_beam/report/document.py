"""A report before it has a form: headings, figures, tables, charts and examples. Others make lines or a page of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

__all__ = ["Bars", "Block", "Document", "Examples", "Figures", "Paragraph", "Part", "Rows", "Timeline"]

#: A name and its count.
Count: TypeAlias = tuple[str, int]


class Paragraph(NamedTuple):
    """A sentence or several."""

    text: str


class Figures(NamedTuple):
    """Large figures with their names."""

    values: Sequence[tuple[str, str]]


class Rows(NamedTuple):
    """A table.

    Attributes:
        caption: What it holds.
        columns: The names of its columns. Those of numbers end with `` #``, which isn't shown.
        rows: A text for each column.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Bars(NamedTuple):
    """A bar for each name, side by side with its count."""

    caption: str
    counts: Sequence[Count]


class Timeline(NamedTuple):
    """A bar for each of some equal spans of time, from the first to the last, empty ones included."""

    caption: str
    counts: Sequence[Count]


class Examples(NamedTuple):
    """Texts that a reader opens one by one: each has a title, and its lines."""

    caption: str
    items: Sequence[tuple[str, Sequence[str]]]


Block: TypeAlias = Paragraph | Figures | Rows | Bars | Timeline | Examples


class Part(NamedTuple):
    """What stands under a heading."""

    heading: str
    blocks: Sequence[Block]


class Document(NamedTuple):
    """A report.

    Attributes:
        title: Its heading.
        verdict: What matters most, in a sentence.
        problems: What is wrong, a sentence each; empty if nothing is.
        top: What stands before the first heading.
        parts: Its parts.
        footer: A sentence at its end.
    """

    title: str
    verdict: str
    problems: Sequence[str]
    top: Sequence[Block]
    parts: Sequence[Part]
    footer: str
