"""Reading one field of an event or of its traits: identifiers, objects, text."""

from __future__ import annotations

from typing import Any

from mapping.errors import InvalidEvent

__all__ = ["identifier", "object_field", "text"]

_NOTHING: dict[str, Any] = {}


def identifier(fields: dict[str, Any], name: str) -> str | None:
    """Read an identifier: a string, or a number as its decimal string.

    Returns:
        The identifier, or None where it is absent, null, empty, or only white space.

    Raises:
        InvalidEvent: ``invalid_field``: it is of another JSON type.
    """
    value = fields.get(name)
    if value.__class__ is str:
        return value if value and not value.isspace() else None
    if value is None:
        return None
    if value.__class__ is int:
        return str(value)
    if value.__class__ is float:
        return str(int(value)) if value.is_integer() else repr(value)
    raise InvalidEvent("invalid_field", f"{name} must be a string or a number.")


def object_field(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """Read a field that holds an object.

    Returns:
        The object; an empty one, not to be changed, where the field is absent or null.

    Raises:
        InvalidEvent: ``invalid_field``: it is of another JSON type.
    """
    value = fields.get(name)
    if value.__class__ is dict:
        return value
    if value is None:
        return _NOTHING
    raise InvalidEvent("invalid_field", f"{name} must be an object.")


def text(fields: dict[str, Any], name: str) -> str | None:
    """Read a name: the string without surrounding white space, or None where there is none."""
    value = fields.get(name)
    return value.strip() or None if value.__class__ is str else None
