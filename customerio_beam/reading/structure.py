"""Going through the members of an array and the fields of an object."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from customerio_beam.reading.cursor import Cursor, Damaged

__all__ = ["each_field", "each_member", "text_of"]

_QUOTE: Final = ord('"')
_COMMA: Final = ord(",")
_COLON: Final = ord(":")
_END_OF_ARRAY: Final = ord("]")
_END_OF_OBJECT: Final = ord("}")

#: Longer than any field's name that matters here.
_MAX_NAME_BYTES: Final = 1024

_decode_string: Final = msgspec.json.Decoder(str).decode


def each_member(cursor: Cursor) -> Iterator[None]:
    """Go through an array: stop before each member, for the caller to take it.

    Args:
        cursor: Stands at the opening bracket; in the end behind the closing one.

    Raises:
        Damaged: What stands between the members is no JSON.
    """
    cursor.peek()
    cursor.skip()
    byte = cursor.peek()
    if byte == _END_OF_ARRAY:
        cursor.skip()
        return
    while True:
        if not cursor.begins_value():
            raise Damaged(cursor.offset, "a member of an array is missing")
        yield
        byte = cursor.peek()
        if byte == _END_OF_ARRAY:
            cursor.skip()
            return
        if byte != _COMMA:
            raise Damaged(cursor.offset, "a comma or ] is missing")
        cursor.skip()
        byte = cursor.peek()


def each_field(cursor: Cursor, names: Collection[bytes]) -> Iterator[str]:
    """Go through an object: stop before the value of each field, for the caller to take it.

    Args:
        cursor: Stands at the opening brace; in the end behind the closing one.
        names: The names of the fields that matter. Others may be skipped.

    Yields:
        The field's name; empty where it is no Unicode, or very long.

    Raises:
        Damaged: What stands between the values is no JSON.
    """
    cursor.peek()
    cursor.skip()
    byte = cursor.peek()
    if byte == _END_OF_OBJECT:
        cursor.skip()
        return
    while True:
        cursor.skip_plain_fields(names)
        if cursor.peek() != _QUOTE:
            raise Damaged(cursor.offset, "a field's name is missing")
        name = text_of(cursor.take(_MAX_NAME_BYTES).text)
        if cursor.peek() != _COLON:
            raise Damaged(cursor.offset, "a colon is missing")
        cursor.skip()
        cursor.peek()
        if not cursor.begins_value():
            raise Damaged(cursor.offset, "a field's value is missing")
        yield name or ""
        byte = cursor.peek()
        if byte == _END_OF_OBJECT:
            cursor.skip()
            return
        if byte != _COMMA:
            raise Damaged(cursor.offset, "a comma or } is missing")
        cursor.skip()
        cursor.peek()


def text_of(string: bytes) -> str | None:
    """Read a JSON string; None where this is none."""
    try:
        return _decode_string(string)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
