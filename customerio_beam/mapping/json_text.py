"""JSON text to exact values and back."""

from __future__ import annotations

import codecs
import re
from typing import Any, Final

import msgspec

__all__ = ["InvalidJson", "dumps", "dumps_canonical", "loads", "nests_deeper"]

# msgspec is as fast as the fastest libraries, and exact where those are not: integers of any size stay integers.
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode
_encode_sorted: Final = msgspec.json.Encoder(order="sorted").encode

_TOO_DEEP: Final = "nested too deeply"

# Strings are tokens too, so that the brackets inside them don't count.
_TOKENS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)

# The decoder reports half a surrogate pair at the end of a text as truncated input. More text follows here, and it is
# not the other half.
_HALF_A_PAIR: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}(?:[^\\]|\\[^u])").search
_TRUNCATED: Final = "Input data was truncated"
_SURROGATE: Final = "half a surrogate pair, which is no character"
# The decoder counts bytes from 0.
_POSITION: Final = re.compile(r"invalid character \(byte (\d+)\)").search
_NOT_NUMBERS: Final = (b"NaN", b"Infinity")


class InvalidJson(ValueError):
    """A text that is not JSON, or a value that nests too deeply to read or write (about 900 levels)."""


def loads(text: bytes) -> Any:
    """Read JSON text into exact Python values.

    Args:
        text: UTF-8 JSON; a byte order mark is allowed. NaN, infinities and halves of surrogate pairs are not JSON.

    Returns:
        The value. Integers are exact; the last of duplicate keys counts.

    Raises:
        InvalidJson: The text is not JSON, has a number beyond any double, or nests too deeply.
    """
    try:
        return _decode(text)
    except RecursionError:
        raise InvalidJson(_TOO_DEEP) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        without_mark = text[len(codecs.BOM_UTF8) :] if text.startswith(codecs.BOM_UTF8) else b""
        if without_mark and not without_mark.startswith(codecs.BOM_UTF8):
            return loads(without_mark)
        raise InvalidJson(_explain(text, str(error))) from None


def _explain(text: bytes, error: str) -> str:
    """Name the two faults that senders really make, for which the decoder's message is no help."""
    if "surrogate" in error or (error == _TRUNCATED and _HALF_A_PAIR(text) is not None):
        return _SURROGATE
    position = _POSITION(error)
    if position is not None:
        found = text[int(position[1]) :]
        for name in _NOT_NUMBERS:
            if found.startswith(name):
                return f"{name.decode()} is no JSON number (byte {position[1]})"
    return error


def dumps(value: Any) -> bytes:
    """Write a value as compact UTF-8 JSON, with keys in their order and exact integers.

    Raises:
        InvalidJson: The value nests too deeply.
    """
    try:
        return _encode(value)
    except RecursionError:
        raise InvalidJson(_TOO_DEEP) from None


def dumps_canonical(value: Any) -> bytes:
    """Write a value as ``dumps`` does, with the keys of every object sorted: equal values give equal bytes."""
    try:
        return _encode_sorted(value)
    except RecursionError:
        raise InvalidJson(_TOO_DEEP) from None


def nests_deeper(text: bytes, levels: int) -> bool:
    """Tell whether valid JSON text nests deeper than a number of levels.

    Nearly all texts are too short for it or have too few opening brackets. A list takes two bytes a level, an object
    five (``{"":`` and ``}``) unless it is empty. Removing the brackets is the quickest way to count them.
    """
    size = len(text)
    if size <= 2 * levels:
        return False
    lists = size - len(text.replace(b"[", b""))
    if lists + (size - 2 * lists + 3) // 5 <= levels or lists + size - len(text.replace(b"{", b"")) <= levels:
        return False
    depth = 0
    for token in _TOKENS.finditer(text):
        first = token[0][:1]
        if first in (b"[", b"{"):
            depth += 1
            if depth > levels:
                return True
        elif first != b'"':
            depth -= 1
    return False
