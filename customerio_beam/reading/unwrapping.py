"""Events within strings of JSON (double-encoded), and within the wrappers of Amazon EventBridge and of Airbyte."""

from __future__ import annotations

from typing import Final, NamedTuple

from customerio_beam.reading.cursor import Cursor, Damaged
from customerio_beam.reading.outline import MARKS, NAMES, Outline
from customerio_beam.reading.structure import each_field, text_of

__all__ = ["MAX_LAYERS", "Inner", "outline_of", "unwrap"]

#: How many strings and wrappers may be around an event.
MAX_LAYERS: Final = 3

_OBJECT: Final = b"{"
_STRING: Final = b'"'


class Inner(NamedTuple):
    """What a text holds.

    Attributes:
        text: A JSON object or string.
        position: Where it is in the text around it; -1 where that is a string of JSON.
    """

    text: bytes
    position: int


def outline_of(text: bytes) -> Outline | None:
    """Look at the fields of an object; None where there is nothing to see, or where it can't be read."""
    if not any(mark in text for mark in MARKS):
        return None
    outline, cursor = Outline(), Cursor(iter([text]))
    try:
        for name in each_field(cursor, NAMES):
            outline.add(name, cursor.take(len(text)))
    except Damaged:
        return None
    return outline


def unwrap(text: bytes, outline: Outline | None = None) -> Inner | None:
    """Take one layer from around an event.

    Args:
        text: A JSON value.
        outline: Its fields, where they are known already.

    Returns:
        What is inside; None where the value is neither a string nor a wrapper.
    """
    if text.startswith(_STRING):
        return _from_string(text)
    if not text.startswith(_OBJECT):
        return None
    outline = outline or outline_of(text)
    wrapped = outline.wrapped if outline is not None else None
    if wrapped is None:
        return None
    return Inner(wrapped.text, wrapped.offset) if wrapped.text.startswith(_OBJECT) else _from_string(wrapped.text)


def _from_string(text: bytes) -> Inner | None:
    string = text_of(text)
    inner = b"" if string is None else string.strip(" \t\r\n").encode("utf-8")
    return Inner(inner, -1) if inner.startswith((_OBJECT, _STRING)) else None
