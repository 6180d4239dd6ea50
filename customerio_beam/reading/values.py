"""Payloads of values that are not one a line: several on a long line, over several lines, or as large as can be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from customerio_beam.reading.cursor import Cursor, Damaged
from customerio_beam.reading.payload import BLOCK_BYTES, HEAD_BYTES, Payload
from customerio_beam.reading.spool import Spool
from customerio_beam.reading.structure import each_member
from customerio_beam.reading.survey import Span, Survey, survey

__all__ = ["read_values"]

#: White space between values that is not worth keeping.
_MAX_GAP_BYTES: Final = 1024


def read_values(cursor: Cursor, source: str, limit: int, *, is_line: bool) -> Iterator[Payload]:
    """Read the values of a text, one after another.

    Args:
        cursor: The text.
        source: The path of its file.
        limit: The longest event in bytes (``max_payload_bytes``).
        is_line: Whether the text is one line. What is damaged in a line is a payload, whose reader says why; what is
            damaged elsewhere raises.

    Yields:
        Payloads of several small values each; of a large array or envelope as many as it takes, once its end was seen.

    Raises:
        Damaged: A value can't be read whole.
    """
    group = _Group(source)
    while cursor.peek_value() >= 0:
        if not cursor.begins_value():
            if not is_line:
                raise Damaged(cursor.offset, "no JSON value begins here")
            yield from group.close()
            yield _rest(cursor, source, limit)
            return
        piece = cursor.take_within(limit)
        if piece is None:
            yield from group.close()
            yield from _read_large(cursor, source, limit, is_line=is_line)
            continue
        if not is_line:
            if not piece.is_finished:
                raise Damaged(piece.offset, "the file ends within the value that begins here")
            damage = piece.damage
            if damage is not None:
                raise Damaged(piece.offset + damage.position, damage.why)
        yield from group.add(piece.offset, piece.text)
    yield from group.close()


class _Group:
    """Small values that become one payload."""

    def __init__(self, source: str):
        self._source = source
        self._parts: list[bytes] = []
        self._start = 0
        self._end = 0

    def add(self, offset: int, text: bytes) -> Iterator[Payload]:
        """Add a value; yield the values before it where they are enough for a payload."""
        gap = offset - self._end
        if self._parts and (gap > _MAX_GAP_BYTES or offset - self._start >= BLOCK_BYTES):
            yield from self.close()
        if self._parts:
            self._parts.append(b" " * gap)
        else:
            self._start = offset
        self._parts.append(text)
        self._end = offset + len(text)

    def close(self) -> Iterator[Payload]:
        """Yield the payload of the values so far, if any."""
        if self._parts:
            yield Payload(b"".join(self._parts), self._source, self._start)
        self._parts = []


def _rest(cursor: Cursor, source: str, limit: int) -> Payload:
    rest = cursor.take_rest(limit)
    return Payload(rest.text, source, rest.offset, truncated_bytes=0 if rest.is_whole else rest.size)


def _read_large(cursor: Cursor, source: str, limit: int, *, is_line: bool) -> Iterator[Payload]:
    """Read a value that is longer than one event may be."""
    start = cursor.offset
    head = cursor.upcoming(HEAD_BYTES)
    with Spool() as spool:
        cursor.copy_to(spool.write)
        try:
            found = survey(cursor, limit)
        except Damaged:
            if not is_line:
                raise
            cursor.copy_to(None)
            rest = cursor.take_rest(0)
            yield _too_large(head, source, start, rest.offset + rest.size - start)
            return
        cursor.copy_to(None)
        if found.has_members:
            yield from _members(found, spool, source, start, limit)
        else:
            yield _too_large(head, source, start, cursor.offset - start)


def _too_large(head: bytes, source: str, offset: int, size: int) -> Payload:
    return Payload(head[:size], source, offset, truncated_bytes=size)


def _members(found: Survey, spool: Spool, source: str, start: int, limit: int) -> Iterator[Payload]:
    defaults, defaults_bytes = b"", 0
    if found.outline is not None:
        defaults_bytes = found.outline.defaults_bytes
        defaults = found.outline.defaults if defaults_bytes <= limit else b""
    for span, text in zip(found.spans, spool.read(_kept(found.spans, start)), strict=True):
        if span.is_too_large:
            yield _too_large(text, source, span.start, span.end - span.start + defaults_bytes)
        elif defaults_bytes > limit:
            array = Cursor(iter([b"[", text, b"]"]), span.start - 1)
            for _ in each_member(array):
                piece = array.take(HEAD_BYTES)
                yield _too_large(piece.text, source, piece.offset, piece.size + defaults_bytes)
        else:
            yield Payload(b"[" + text + b"]", source, span.start - 1, defaults=defaults)


def _kept(spans: list[Span], start: int) -> Iterator[tuple[int, int]]:
    """Say what of each span is read again, from where in the spool to where."""
    for span in spans:
        end = min(span.end, span.start + HEAD_BYTES) if span.is_too_large else span.end
        yield span.start - start, end - start
