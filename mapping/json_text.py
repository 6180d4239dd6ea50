"""JSON as exact values: what JSON can say and orjson can't (integers over 64 bits) goes by the standard library."""

from __future__ import annotations

import codecs
import json
from typing import Any

import orjson

__all__ = ["InvalidJson", "dumps", "dumps_canonical", "loads"]

# orjson reads integers beyond 64 bits as floats. The shortest such integer has 19 digits, so a text without a run
# of 19 digits is safe with it. Turning every digit into "0" makes the run a fixed needle, which is far cheaper to
# look for than a regular expression.
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19

_TOO_DEEP = "nested too deeply"


class InvalidJson(ValueError):
    """A text that is not JSON, or a value that can't be written as JSON within the nesting limit."""


def loads(text: bytes) -> Any:
    """Read JSON text into exact Python values.

    Args:
        text: UTF-8 JSON; a byte order mark is allowed. NaN, infinities and lone surrogates are not JSON.

    Returns:
        The value. Integers of any size are exact; of duplicate keys the last one counts.

    Raises:
        InvalidJson: The text is not JSON, or nests deeper than 1,024 levels (orjson's own limit).
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        without_mark = text[len(codecs.BOM_UTF8) :] if text.startswith(codecs.BOM_UTF8) else b""
        if without_mark and not without_mark.startswith(codecs.BOM_UTF8):
            return loads(without_mark)
        raise InvalidJson(str(error)) from None
    if _LONG_NUMBER in text.translate(_DIGITS_TO_ZERO):
        try:
            value = json.loads(text)
        except RecursionError:
            raise InvalidJson(_TOO_DEEP) from None
    return value


def dumps(value: Any) -> bytes:
    """Write a value as compact UTF-8 JSON, keys in their order, integers exact.

    Raises:
        InvalidJson: The value nests deeper than can be written (254 levels, orjson's own limit).
    """
    try:
        return orjson.dumps(value)
    except TypeError as error:
        return _dumps_exact(value, error, sort_keys=False)


def dumps_canonical(value: Any) -> bytes:
    """Write a value as ``dumps`` does, with the keys of every object sorted: equal values give equal bytes."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        return _dumps_exact(value, error, sort_keys=True)


def _dumps_exact(value: Any, error: TypeError, *, sort_keys: bool) -> bytes:
    if "ecursion" in str(error):
        raise InvalidJson(_TOO_DEEP) from None
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys)
    except RecursionError:
        raise InvalidJson(_TOO_DEEP) from None
    return text.encode("utf-8")
