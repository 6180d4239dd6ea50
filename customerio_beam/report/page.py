"""The base of HTML reports: a page without scripts or anything from elsewhere, in the theme of the sandbox's pages.

Text is escaped, unless it is ``Markup``, which only the functions here make.
"""

from __future__ import annotations

import html
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

__all__ = [
    "Content",
    "Markup",
    "code",
    "folded",
    "lines_of_code",
    "notice",
    "page",
    "paragraph",
    "prose",
    "safe",
    "section",
    "subheading",
    "table",
    "tiles",
]

_THEME: Final = Path(__file__).parents[1] / "sandbox" / "static" / "sandbox.css"


class Markup(str):
    """HTML that is safe to show."""

    __slots__ = ()


Content: TypeAlias = str | Markup


def safe(content: Content) -> str:
    """Return content as HTML that shows it."""
    return content if isinstance(content, Markup) else html.escape(content)


def page(title: str, brand: str, sections: Iterable[Markup], footer: str) -> Markup:
    """Return a whole page.

    Args:
        title: Its heading, and its name in a browser's tab.
        brand: What stands at the top of all pages of the kind.
        sections: What is in it.
        footer: A sentence at its end.
    """
    return Markup(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Whatever an event holds, a browser loads and runs nothing.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{safe(title)}</title>\n<style>\n{_THEME.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f'<header><p class="brand">{safe(brand)}</p></header>\n'
        f"<main>\n<h1>{safe(title)}</h1>\n{''.join(sections)}</main>\n"
        f"<footer>{safe(footer)}</footer>\n</body>\n</html>\n"
    )


def section(heading: str, *contents: Markup) -> Markup:
    """Return a part of a page under a heading."""
    return Markup(f"<section>\n<h2>{safe(heading)}</h2>\n{''.join(contents)}</section>\n")


def lines_of_code(lines: Iterable[str]) -> Markup:
    """Return texts in the form of code, one below the other."""
    return Markup("".join(f'<pre class="command">{safe(line)}</pre>\n' for line in lines))


def paragraph(content: Content) -> Markup:
    """Return a paragraph."""
    return Markup(f"<p>{safe(content)}</p>\n")


def notice(content: Content, points: Iterable[Content] = ()) -> Markup:
    """Return a sentence that stands out, with a list of points below it."""
    items = "".join(f"<li>{safe(point)}</li>" for point in points)
    return Markup(f'<div class="notice"><p>{safe(content)}</p>{f"<ul>{items}</ul>" if items else ""}</div>\n')


def subheading(content: Content) -> Markup:
    """Return a heading below that of a section."""
    return Markup(f"<h3>{safe(content)}</h3>\n")


def folded(summary: Content, content: Markup) -> Markup:
    """Return content that the reader opens."""
    return Markup(f"<details><summary>{safe(summary)}</summary>\n{content}</details>\n")


def code(text: str) -> Markup:
    """Return text in the form of code: a name, a path, or a command."""
    return Markup(f"<code>{safe(text)}</code>")


def prose(text: str) -> Markup:
    """Return a sentence in which names stand between backticks, as they do in docs."""
    parts = text.split("`")
    return Markup("".join(code(part) if number % 2 else html.escape(part) for number, part in enumerate(parts)))


def tiles(values: Mapping[str, str]) -> Markup:
    """Return large figures side by side, each with its name."""
    parts = (f"<div><dt>{safe(name)}</dt><dd>{safe(value)}</dd></div>" for name, value in values.items())
    return Markup(f'<dl class="tiles">{"".join(parts)}</dl>\n')


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[Content]], numbers: Container[str] = ()
) -> Markup:
    """Return a table, which is a list of cards on a phone.

    Args:
        caption: What it holds, for screen readers.
        columns: The names of its columns.
        rows: A cell for each column.
        numbers: The columns of numbers.
    """

    def kind(column: str) -> str:
        return ' class="number"' if column in numbers else ""

    # The roles are lost where the style makes blocks of rows and cells; so they are given.
    head = "".join(f'<th role="columnheader" scope="col"{kind(column)}>{safe(column)}</th>' for column in columns)
    body = "".join(
        '<tr role="row">'
        + "".join(
            f'<td role="cell" data-label="{safe(column)}"{kind(column)}><div>{safe(cell)}</div></td>'
            for column, cell in zip(columns, row, strict=True)
        )
        + "</tr>\n"
        for row in rows
    )
    return Markup(
        f'<div class="scroll" role="region" aria-label="{safe(caption)}" tabindex="0">\n'
        f'<table role="table" class="rows"><caption class="unseen">{safe(caption)}</caption>\n'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{body}</tbody></table>\n</div>\n'
    )
