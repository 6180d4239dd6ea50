"""The payloads of a file, and of a part of one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from customerio_beam.reading.cursor import Cursor, Damaged
from customerio_beam.reading.errors import unreadable
from customerio_beam.reading.framing import is_in_lines
from customerio_beam.reading.kinds import HEAD_BYTES, TEXT, identify
from customerio_beam.reading.lines import read_lines
from customerio_beam.reading.payload import BLOCK_BYTES, DEFAULT_MAX_PAYLOAD_BYTES, Payload
from customerio_beam.reading.text import open_text
from customerio_beam.reading.values import read_values

__all__ = ["has_plain_lines", "read_file", "read_range"]


def read_file(name: str, blocks: Iterator[bytes], limit: int = DEFAULT_MAX_PAYLOAD_BYTES) -> Iterator[Payload]:
    """Read a whole file.

    Args:
        name: Its path.
        blocks: Its bytes, in blocks that are not empty (``text.Blocks``).
        limit: The longest event in bytes, with its envelope's defaults.

    Yields:
        Its payloads. They hold all of it but white space, and what an array or an envelope has around its members.

    Raises:
        UnreadableFileError: It is of another kind, damaged, or cut off; or its values run over lines, and one of them
            can't be read whole.
    """
    cursor = Cursor(open_text(name, blocks))
    if is_in_lines(cursor, limit):
        start = cursor.offset
        yield from read_lines(cursor.rest(), start, name, limit)
        return
    try:
        yield from read_values(cursor, name, limit, is_line=False)
    except Damaged as damaged:
        raise unreadable(
            name,
            f"is damaged at byte {damaged.offset} of its text: {damaged.why}. Its values run over lines, so that what "
            "follows can't be told apart: repair it or leave it out, and run again; nothing is sent twice.",
        ) from None


def has_plain_lines(name: str, block: bytes) -> bool:
    """Whether a file has no compression, and lines that stand alone: only then can it be read in parts.

    Args:
        name: Its path.
        block: Its first bytes, some ``BLOCK_BYTES``.

    Raises:
        UnreadableFileError: It is of another kind.
    """
    if identify(block[:HEAD_BYTES], name) != TEXT:
        return False
    lines = Cursor(iter([block[: block.rfind(b"\n") + 1] or b" "]))
    return lines.peek_value() >= 0 and is_in_lines(lines, BLOCK_BYTES)


class Range:
    """The lines of a plain file that begin within a range of bytes, in blocks that are not empty.

    Args:
        blocks: The file's bytes, from ``max(start - 1, 0)`` on.
        start: Where the range begins.
        end: Where it ends.

    Attributes:
        offset: Where the first of the lines begins, once a block was read.
        read: How many bytes of the lines were read so far.
    """

    def __init__(self, blocks: Iterator[bytes], start: int, end: int):
        self._blocks = blocks
        self._end = end
        self._position = max(start - 1, 0)  # a line begins at ``start`` where the byte before it ends one
        self._has_begun = start == 0
        self._has_ended = False
        self.offset = 0
        self.read = 0

    def __iter__(self) -> Iterator[bytes]:
        """Return self."""
        return self

    def __next__(self) -> bytes:
        """Return the next block of the lines."""
        while not self._has_ended:
            block = next(self._blocks)
            start = 0
            if not self._has_begun:
                start = block.find(b"\n") + 1
                self._has_begun = start > 0
                self.offset = self._position + start
            own = self._own(block, start) if self._has_begun else b""
            self._position += len(block)
            self._has_ended = self._has_ended or (not own and self._position >= self._end)
            if own:
                self.read += len(own)
                return own
        raise StopIteration

    def _own(self, block: bytes, start: int) -> bytes:
        if self.offset >= self._end:
            return b""
        last = self._end - 1 - self._position  # the last line is the one that holds this byte
        end = block.find(b"\n", max(last, start)) + 1 if last < len(block) else 0
        self._has_ended = end > 0
        return block[start : end or len(block)]


def read_range(name: str, lines: Range, limit: int = DEFAULT_MAX_PAYLOAD_BYTES) -> Iterator[Payload]:
    """Read the lines of a range, as ``read_file`` reads those of a file.

    Args:
        name: The file's path.
        lines: The range.
        limit: The longest event in bytes, with its envelope's defaults.

    Yields:
        Payloads.
    """
    first = next(lines, None)
    if first is not None:
        yield from read_lines(itertools.chain([first], lines), lines.offset, name, limit)
