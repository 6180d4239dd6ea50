"""Identifiers: who an operation is about, in the form that the sandbox compares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

ANONYMOUS = "anonymous_id"

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}")


class Identifier(NamedTuple):
    """One identifier of a person.

    Attributes:
        kind: `id`, `email`, `phone`, `cio_id` or `anonymous_id`.
        value: The value as sent.
    """

    kind: str
    value: str

    @property
    def key(self) -> str:
        """The value that is compared: emails ignore case, all other identifiers do not."""
        return self.value.lower() if self.kind == "email" else self.value


def from_operation(identifiers: Mapping[str, Any]) -> Identifier:
    """Return the one identifier of a checked `identifiers` object."""
    ((kind, value),) = identifiers.items()
    return Identifier(kind, value)


def from_path(value: str) -> Identifier:
    """Return the identifier in a v1 path: `cio_...` is a cio_id, a value with an @ an email, anything else an id."""
    if value.startswith("cio_"):
        return Identifier("cio_id", value[len("cio_") :])
    return Identifier("email" if "@" in value else "id", value)


def is_ulid(value: object) -> bool:
    """Return whether a value is a ULID: 26 digits of Crockford's base 32, at most 128 bits."""
    return isinstance(value, str) and _ULID.fullmatch(value) is not None
