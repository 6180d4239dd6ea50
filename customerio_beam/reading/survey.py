"""A look through a whole array or envelope: that it can be read, and where its members are."""

from __future__ import annotations

from typing import Final, NamedTuple

from customerio_beam.reading.cursor import Cursor, Damaged, Piece
from customerio_beam.reading.outline import BATCH, NAMES, Outline
from customerio_beam.reading.payload import BLOCK_BYTES
from customerio_beam.reading.structure import each_field, each_member

__all__ = ["Span", "Survey", "survey"]

_ARRAY: Final = ord("[")
_OBJECT: Final = ord("{")
#: White space between members that is not worth keeping.
_MAX_GAP_BYTES: Final = 1024


class Span(NamedTuple):
    """Members that follow one another, about as many as a block holds; or one that is too large.

    Attributes:
        start: Where the first begins.
        end: Where the last ends.
        is_too_large: Whether it is one that is too large.
    """

    start: int
    end: int
    is_too_large: bool


class Survey(NamedTuple):
    """What a value is.

    Attributes:
        outline: The fields of an object; None for anything else.
        spans: The members of an array, or of an envelope's batch.
        has_members: Whether it is an array, or an envelope with a batch.
    """

    outline: Outline | None
    spans: list[Span]
    has_members: bool


def survey(cursor: Cursor, limit: int) -> Survey:
    """Look through a value.

    Args:
        cursor: Stands at the value; in the end behind it.
        limit: The longest event in bytes. No more of a longer one is checked than where it ends.

    Raises:
        Damaged: The value can't be read whole.
    """
    first = cursor.peek()
    if first == _ARRAY:
        return Survey(None, _members(cursor, limit), True)
    if first != _OBJECT:
        _take(cursor, limit)
        return Survey(None, [], False)
    outline, spans = Outline(), []
    for name in each_field(cursor, NAMES):
        if name == BATCH and cursor.peek() == _ARRAY:
            start = cursor.offset
            spans = _members(cursor, limit)
            outline.add(name, Piece(start, cursor.offset - start, b"[", True, True))
        else:
            outline.add(name, _take(cursor, limit))
    return Survey(outline, spans, outline.is_envelope)


def _take(cursor: Cursor, limit: int) -> Piece:
    piece = cursor.take(limit)
    if not piece.is_finished:
        raise Damaged(piece.offset, "the text ends within the value that begins here")
    damage = piece.damage
    if damage is not None:
        raise Damaged(piece.offset + damage.position, damage.why)
    return piece


def _members(cursor: Cursor, limit: int) -> list[Span]:
    spans: list[Span] = []
    start = end = -1  # of the span that is being made
    for _ in each_member(cursor):
        piece = _take(cursor, limit)
        if start >= 0 and (
            piece.size > limit or piece.offset - end > _MAX_GAP_BYTES or piece.offset - start >= BLOCK_BYTES
        ):
            spans.append(Span(start, end, False))
            start = -1
        if piece.size > limit:
            spans.append(Span(piece.offset, piece.offset + piece.size, True))
        else:
            start = piece.offset if start < 0 else start
            end = piece.offset + piece.size
    if start >= 0:
        spans.append(Span(start, end, False))
    return spans
