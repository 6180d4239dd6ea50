"""Reading one field of an event or of its traits: identifiers, objects, text."""

from __future__ import annotations

from typing import Any, Final

from customerio_beam.mapping.errors import InvalidEvent

__all__ = [
    "NO_FIELDS",
    "checked_identifier",
    "identifier",
    "identifier_text",
    "is_empty",
    "is_placeholder",
    "object_value",
    "text",
    "trimmed",
]

#: Stands for a missing object. Not to be changed.
NO_FIELDS: Final[dict[str, Any]] = {}

#: How programming languages print a missing value, in lower case. Senders that turn a missing id into text send these.
#: As an identifier, each would join the events of many strangers in one person.
_PLACEHOLDERS: Final = frozenset({"undefined", "null", "none", "nil", "nan", "[object object]"})
_LONGEST_PLACEHOLDER: Final = len("[object object]")


def is_placeholder(value: Any) -> bool:
    """Tell whether an identifier is a programming language's word for nothing (``undefined``, ``null``, ...)."""
    return isinstance(value, str) and bool(value.strip()) and identifier_text(value) is None


def identifier(fields: dict[str, Any], name: str) -> str | None:
    """Read an identifier: a string, or a number as its decimal string.

    Returns:
        The identifier as ``identifier_text`` returns it.

    Raises:
        InvalidEvent: ``invalid_field``: it is of another JSON type.
    """
    return checked_identifier(fields.get(name), name)


def checked_identifier(value: Any, name: str) -> str | None:
    """Read an identifier of any JSON type, as ``identifier`` does; ``name`` is for the message.

    Raises:
        InvalidEvent: ``invalid_field``: it is neither a string nor a number.
    """
    if value is None or (isinstance(value, (str, int, float)) and not isinstance(value, bool)):
        return identifier_text(value)
    raise InvalidEvent("invalid_field", f"{name} must be a string or a number.")


def identifier_text(value: str | int | float | None) -> str | None:
    """Turn an identifier into a string.

    Returns:
        The string without surrounding white space, or a number's decimal string. None where it is missing, blank, or a
        placeholder (see ``is_placeholder``).
    """
    if isinstance(value, str):
        value = value.strip()
        if len(value) > _LONGEST_PLACEHOLDER:
            return value
        return None if not value or value.lower() in _PLACEHOLDERS else value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return None if value is None else str(value)


def object_value(value: Any, name: str) -> dict[str, Any]:
    """Read a value that must be an object; ``name`` is for the message.

    Returns:
        The object. An empty one, not to be changed, where the value is null or an empty list: PHP writes an empty
        object as ``[]``.

    Raises:
        InvalidEvent: ``invalid_field``: it is of another JSON type.
    """
    if isinstance(value, dict):
        return value
    if value is None or (isinstance(value, list) and not value):
        return NO_FIELDS
    raise InvalidEvent("invalid_field", f"{name} must be an object.")


def text(fields: dict[str, Any], name: str) -> str | None:
    """Read a name: the string without surrounding white space, or None where there is none."""
    return trimmed(fields.get(name))


def trimmed(value: Any) -> str | None:
    """Return a string without surrounding white space; None where nothing is left, or where it is no string."""
    return value.strip() or None if isinstance(value, str) else None


def is_empty(value: Any) -> bool:
    """Tell whether a field says nothing: missing, null, or a string of only white space."""
    return value is None or (isinstance(value, str) and not value.strip())
