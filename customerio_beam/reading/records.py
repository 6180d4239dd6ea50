"""The texts of a payload, one a value, whatever they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from customerio_beam.mapping.origin import Origin
from customerio_beam.reading.cursor import Cursor, Piece
from customerio_beam.reading.payload import Payload
from customerio_beam.reading.structure import each_member
from customerio_beam.reading.syntax import is_sound

__all__ = ["read_records"]

_ARRAY: Final = ord("[")


def read_records(payload: Payload) -> Iterator[Origin]:
    """Divide a part of a file into the texts of its records.

    They are its lines that are not blank, or its values, or the members of the array that it is. A message is one text.

    Args:
        payload: One that ``files.read_file`` yields, or a message.

    Yields:
        Each text, and where it is. What can't be told apart is one text.
    """
    if payload.truncated_bytes:
        yield Origin(payload.data, b"", payload.source, payload.offset, payload.truncated_bytes)
        return
    offset = payload.offset
    if offset < 0:
        yield Origin(payload.data, b"", payload.source)
        return
    if payload.is_lines:
        for line in payload.data.split(b"\n"):
            text = line.strip(b" \t\r\xef\xbb\xbf\x1e")
            if text:
                yield Origin(text, b"", payload.source, offset)
            offset += len(line) + 1
        return
    for piece in _pieces(payload.data):
        yield Origin(piece.text, b"", payload.source, offset + piece.offset)


def _pieces(text: bytes) -> Iterator[Piece]:
    cursor = Cursor(iter([text]))
    while (byte := cursor.peek_value()) >= 0:
        if not cursor.begins_value():
            yield cursor.take_rest(len(text))
        elif byte == _ARRAY and is_sound(text):
            for _ in each_member(cursor):
                yield cursor.take(len(text))
        else:
            yield cursor.take(len(text))
