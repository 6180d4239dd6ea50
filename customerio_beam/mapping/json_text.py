"""JSON text to exact values and back."""

from __future__ import annotations

import codecs
import re
from typing import Any, Final

import msgspec

__all__ = ["InvalidJson", "dumps", "dumps_canonical", "loads", "nests_deeper"]

# msgspec is as fast as the fastest, and exact where those are not: integers of any size stay integers.
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode
_encode_sorted: Final = msgspec.json.Encoder(order="sorted").encode

_TOO_DEEP: Final = "nested too deeply"

# Strings are tokens too, so that the brackets inside them don't count.
_TOKENS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)


class InvalidJson(ValueError):
    """A text that is not JSON, or a value that nests too deeply to be read or written (about 900 levels)."""


def loads(text: bytes) -> Any:
    """Read JSON text into exact Python values.

    Args:
        text: UTF-8 JSON; a byte order mark is allowed. NaN, infinities and lone surrogates are not JSON.

    Returns:
        The value. Integers are exact; of duplicate keys the last one counts.

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
        raise InvalidJson(str(error)) from None


def dumps(value: Any) -> bytes:
    """Write a value as compact UTF-8 JSON, keys in their order, integers exact.

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
    """Whether valid JSON text nests deeper than a number of levels.

    Nearly all texts are too short for it or have too few opening brackets. Leaving brackets out is the quickest way to
    count them.
    """
    if len(text) <= 2 * levels or 2 * len(text) - len(text.replace(b"{", b"")) - len(text.replace(b"[", b"")) <= levels:
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
