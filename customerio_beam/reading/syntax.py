"""Whether a text is JSON, but for what senders write by mistake in single values."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

__all__ = ["DEEP", "TRUNCATED", "Damage", "damage", "encoding_damage", "is_sound", "syntax_error", "tolerated"]

#: What ``syntax_error`` says of a text that ends too early, and of one with more levels than can be read.
TRUNCATED: Final = "Input data was truncated"
DEEP: Final = "it nests too deeply"

# This checks a text and makes no values of it.
_check: Final = msgspec.json.Decoder(msgspec.Raw).decode

_POSITION: Final = re.compile(r" \(byte (\d+)\)$").search
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}").sub


class Damage(NamedTuple):
    """Why a text is no JSON.

    Attributes:
        position: Where, in bytes.
        why: One sentence without a full stop.
    """

    position: int
    why: str


def syntax_error(text: bytes | memoryview) -> str:
    """Return what is wrong with a JSON text, in the words of msgspec; empty where nothing is.

    The text may be one without an end (``TRUNCATED``). Of what follows a value it says *trailing characters (byte N)*:
    they begin before byte N.
    """
    try:
        _check(text)
    except RecursionError:
        return DEEP
    except msgspec.DecodeError as error:
        return str(error)
    return ""


def tolerated(text: bytes) -> bytes:
    """Put JSON in the place of what is wrong with single values, so that the values around them can be read.

    These are NaN and Infinity, which Python and JavaScript write, and halves of surrogate pairs. The text keeps its
    length. That they are replaced in strings too makes no difference to where values end.
    """
    text = text.replace(b"NaN", b"0  ").replace(b"Infinity", b"0       ")
    return _SURROGATE(rb"\\u0020", text)


def is_sound(text: bytes) -> bool:
    """Whether a text is JSON in all its parts. False also where it nests very deeply."""
    return not syntax_error(text) and encoding_damage(text) is None


def damage(text: bytes) -> Damage | None:
    """Say why a value can't be read, but for what ``tolerated`` tolerates, and for numbers and levels beyond any need.

    Args:
        text: A value that is known to end where the text ends.

    Returns:
        What is wrong; None where it can be read.
    """
    error = syntax_error(text)
    if error not in ("", DEEP):
        error = syntax_error(tolerated(text))
    if error in ("", DEEP):
        return encoding_damage(text)
    position = _POSITION(error)
    return Damage(0, error) if position is None else Damage(int(position[1]), error[: position.start()])


def encoding_damage(text: bytes) -> Damage | None:
    """Say where a text is not UTF-8; None where it is. Halves of surrogate pairs are tolerated."""
    if text.isascii():
        return None
    try:
        text.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        return Damage(error.start, "it is not UTF-8")
    return None
