"""Who an operation is about: one identifier, in the form it is looked up by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

PERSON_KINDS = ("id", "email", "cio_id")
"""The identifiers of a person that the sandbox's workspace has switched on (a phone number is not one)."""

ANONYMOUS = "anonymous_id"

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}")


class Identifier(NamedTuple):
    """One identifier of a person.

    Attributes:
        kind: `id`, `email`, `cio_id` or `anonymous_id`.
        value: The value compared: as sent, except that an email is lower-cased.
    """

    kind: str
    value: str


def identifier(kind: str, value: str) -> Identifier:
    """Returns the identifier to look a person up by. Emails are case-insensitive, ids are not."""
    return Identifier(kind, value.lower() if kind == "email" else value)


def from_operation(identifiers: Mapping[str, Any]) -> Identifier:
    """Returns the one identifier of an already checked `identifiers` object."""
    ((kind, value),) = identifiers.items()
    return Identifier(kind, value.lower() if kind == "email" else value)


def from_path(value: str) -> Identifier:
    """Returns the identifier that a v1 path names.

    A value with the prefix `cio_` is a `cio_id`, one with an @ an email (in a workspace that identifies
    people by email or id), anything else an id.
    """
    if value.startswith("cio_"):
        return Identifier("cio_id", value[len("cio_") :])
    return identifier("email" if "@" in value else "id", value)


def is_ulid(value: object) -> bool:
    """Tells whether a value is a ULID: 26 digits of Crockford's base 32, at most 128 bits."""
    return isinstance(value, str) and _ULID.fullmatch(value) is not None
