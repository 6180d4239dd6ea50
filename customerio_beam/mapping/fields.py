"""Reading one field of an event or of its traits: identifiers, objects, text."""

from __future__ import annotations

from typing import Any, Final

from customerio_beam.mapping.errors import InvalidEvent

__all__ = ["NO_FIELDS", "identifier", "identifier_text", "is_empty", "object_field", "text", "trimmed"]

#: Stands for an object that is not there. Not to be changed.
NO_FIELDS: Final[dict[str, Any]] = {}


def identifier(fields: dict[str, Any], name: str) -> str | None:
    """Read an identifier: a string, or a number as its decimal string.

    Returns:
        The identifier, or None where it is absent, null, empty, or only white space.

    Raises:
        InvalidEvent: ``invalid_field``: it is of another JSON type.
    """
    value = fields.get(name)
    if value is None or (isinstance(value, (str, int, float)) and not isinstance(value, bool)):
        return identifier_text(value)
    raise InvalidEvent("invalid_field", f"{name} must be a string or a number.")


def identifier_text(value: str | int | float | None) -> str | None:
    """Turn an identifier into a string: a number into its decimal string, an empty or blank one into None."""
    if isinstance(value, str):
        return value if value and not value.isspace() else None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return None if value is None else str(value)


def object_field(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """Read a field that holds an object.

    Returns:
        The object; an empty one, not to be changed, where the field is absent or null.

    Raises:
        InvalidEvent: ``invalid_field``: it is of another JSON type.
    """
    value = fields.get(name)
    if isinstance(value, dict):
        return value
    if value is None:
        return NO_FIELDS
    raise InvalidEvent("invalid_field", f"{name} must be an object.")


def text(fields: dict[str, Any], name: str) -> str | None:
    """Read a name: the string without surrounding white space, or None where there is none."""
    return trimmed(fields.get(name))


def trimmed(value: Any) -> str | None:
    """Return a string without surrounding white space; None where nothing is left, or where it is no string."""
    return value.strip() or None if isinstance(value, str) else None


def is_empty(value: Any) -> bool:
    """Whether a field says nothing: absent, null, or a string of only white space."""
    return value is None or (isinstance(value, str) and not value.strip())
