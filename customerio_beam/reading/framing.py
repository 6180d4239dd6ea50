"""How a text is divided into payloads: one a line, or values that run over lines. The first value decides."""

from __future__ import annotations

from typing import Final

from customerio_beam.reading.cursor import Cursor
from customerio_beam.reading.outline import MARKS
from customerio_beam.reading.payload import BLOCK_BYTES
from customerio_beam.reading.syntax import TRUNCATED, syntax_error, tolerated

__all__ = ["is_in_lines"]

_FIRST_LOOK_BYTES: Final = 4096
#: How far behind a first line to look for the lines that tell whether it is cut.
_NEXT_LINES_BYTES: Final = 65_536
_OPENS: Final = frozenset(b"{[")


def is_in_lines(cursor: Cursor, limit: int) -> bool:
    """Tell whether each line of a text stands alone.

    It does where the first value ends on its line, and where no value can begin with its line: then the line is cut,
    or no JSON.

    Args:
        cursor: The text; it stays before the first value.
        limit: A first line of more than this many bytes, and more than a block, stands alone.
    """
    if cursor.peek_value() not in _OPENS:
        return True
    size = _FIRST_LOOK_BYTES
    while True:
        text = cursor.upcoming(size)
        line = text[: text.find(b"\n") + 1]
        if _ends_within(line or text):
            return True
        if line:
            return not _may_go_on(line) or _is_cut(line, cursor.upcoming(len(line) + _NEXT_LINES_BYTES))
        if len(text) < size or size > max(limit, BLOCK_BYTES):
            return True
        size *= 2


def _ends_within(text: bytes) -> bool:
    """Whether the value that begins a text ends in it."""
    cursor = Cursor(iter([text]))
    cursor.peek()
    return cursor.take(len(text)).is_finished


def _may_go_on(text: bytes) -> bool:
    """Whether a value can begin with this text and go on behind it."""
    return syntax_error(tolerated(text)) == TRUNCATED


def _is_cut(line: bytes, text: bytes) -> bool:
    """Whether a first line is an event that was cut: the lines behind it are whole, and can't be a part of it.

    Args:
        line: The first line.
        text: It, and what follows.
    """
    if line.startswith(b"[") or line.strip() == b"{" or any(mark in line for mark in MARKS):
        return False
    end = len(line)
    while (end_of_line := text.find(b"\n", end) + 1) > 0:
        following = text[end:end_of_line].strip()
        if not following.startswith(b"{") or syntax_error(tolerated(following)):
            return False
        end = end_of_line
        if not _may_go_on(text[:end]):
            return True
    return False
