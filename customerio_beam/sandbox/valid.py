"""An operation that passed the checks, with what is derived from it once and used in several places."""

from __future__ import annotations

from typing import Any

import msgspec

from customerio_beam.sandbox.rules.validation import EVENT_ACTIONS


class ValidOperation(msgspec.Struct, frozen=True, gc=False):
    """A checked operation.

    Attributes:
        index: Its position in its batch, or None.
        kind: Its type and action.
        operation: The operation itself.
        text: The same as compact JSON.
        ulid: Its deduplication id in capitals; only events have one.
    """

    index: int | None
    kind: tuple[str, str]
    operation: dict[str, Any]
    text: bytes
    ulid: str | None


def valid_operation(index: int | None, operation: dict[str, Any], text: bytes) -> ValidOperation:
    """Makes it of an operation that was checked, its position in its batch, and its compact JSON."""
    kind = operation["type"], operation["action"]
    ulid = operation.get("id") if kind[1] in EVENT_ACTIONS else None
    return ValidOperation(index, kind, operation, text, ulid.upper() if ulid else None)
