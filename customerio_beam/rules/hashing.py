"""Hashes of values: SHA-256, in the form that advertising platforms compare.

A text is trimmed and put in lower case before it is hashed, which is what Google's Customer Match, Meta's Conversions
API and TikTok's Events API want of emails. A text that is a phone number with its country code (a ``+`` and 7 to 15
digits, with blanks, dots, hyphens, slashes or brackets between them) is put in E.164 form first, ``+41446681800``, as
Google and TikTok want it. No country is guessed: other phone numbers are hashed as they are.

A salt goes before the text: ``SHA-256(salt + text)``.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any, Final

from customerio_beam.delivery.credentials import EnvironmentVariable, ValueSource
from customerio_beam.delivery.secret_manager import SecretVersion
from customerio_beam.mapping import json_text

__all__ = ["Hasher", "normalised", "salt_source"]

#: Marks a hash in a redacted dead letter, so that a replay doesn't hash it again.
_MARK: Final = "sha256:"
_MARKED: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII).fullmatch

_is_variable: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,99}", re.ASCII).fullmatch

_PHONE: Final = re.compile(r"\+(?:[ ()./-]*\d){7,15}[ ()./-]*", re.ASCII).fullmatch
_NO_DIGITS: Final = re.compile(r"\D", re.ASCII).sub


def normalised(text: str) -> str:
    """Return the text that is hashed: trimmed and in lower case; a phone number in E.164 form."""
    text = text.strip()
    if text.startswith("+") and _PHONE(text):
        return "+" + _NO_DIGITS("", text)
    return text.lower()


def salt_source(name: str) -> ValueSource:
    """Return where a salt comes from: a secret of Secret Manager, or a variable of the environment.

    Raises:
        ValueError: The name is neither. The message doesn't repeat it: it may be the salt itself.
    """
    if _is_variable(name):
        return EnvironmentVariable(name)
    try:
        return SecretVersion(name)
    except ValueError:
        raise ValueError(
            "The value must be a Secret Manager name like projects/PROJECT/secrets/SECRET, or the name of an "
            "environment variable in capital letters (the given value is not shown: it may be a secret)."
        ) from None


class Hasher:
    """Hashes values.

    Args:
        salt: Text that goes before each value; empty for none. Hidden in ``repr``.
    """

    __slots__ = ("_mark", "_salted")

    def __init__(self, salt: str = "") -> None:
        self._salted = sha256(salt.encode("utf-8"))
        self._mark = ""

    def marking(self) -> Hasher:
        """Return a hasher that makes the same hashes, marked as such."""
        marking = Hasher()
        marking._salted, marking._mark = self._salted, _MARK
        return marking

    def text(self, text: str) -> str:
        """Hash a text; 64 hexadecimal digits. A blank text stays as it is, since its hash would join strangers."""
        if not text or text.isspace():
            return text
        if text.startswith(_MARK) and _MARKED(text):
            return text if self._mark else text[len(_MARK) :]
        hashed = self._salted.copy()
        hashed.update(normalised(text).encode("utf-8"))
        return self._mark + hashed.hexdigest()

    def value(self, value: Any) -> Any:
        """Hash a JSON value: the text of a string, a number or a boolean; of a list or an object, each value inside."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {name: self.value(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.value(each) for each in value]
        return None if value is None else self.text(json_text.dumps(value).decode("ascii"))
