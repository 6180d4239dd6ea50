"""Traits and properties to attributes: dates become unix seconds, everything else stays as it is."""

from __future__ import annotations

from typing import Any, Final

from customerio_beam.mapping.dates import FIRST_TIME_MS, date_seconds, timestamp_ms
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.fields import is_empty

__all__ = ["convert_dates", "created_at"]

#: Fields that hold names and identifiers, at any depth, even where those look like dates.
_NEVER_DATES: Final = frozenset({"id", "name", "url", "email", "anonymous_id", "full_name"})

#: Levels of nesting that attributes may have: far more than Customer.io shows, far fewer than Python's stack allows.
MAX_DEPTH: Final = 240


def convert_dates(attributes: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """Turn ISO 8601 dates into unix seconds, at any depth.

    Args:
        attributes: Traits or properties. They are not changed.
        depth: Levels around this object.

    Returns:
        The same object where it holds no date, else a copy with the dates replaced and the keys in their order.

    Raises:
        InvalidEvent: ``invalid_json``: nested deeper than 240 levels.
    """
    converted = attributes
    for name, value in attributes.items():
        if isinstance(value, str):
            # Most strings are no dates. The dash after a year is the quickest way to tell.
            if value[4:5] != "-" or name in _NEVER_DATES:
                continue
        elif not isinstance(value, (dict, list)):
            continue
        new = _converted(value, depth)
        if new is not value:
            if converted is attributes:
                converted = dict(attributes)
            converted[name] = new
    return converted


def _converted(value: Any, depth: int) -> Any:
    """Convert a string, an object or a list at a depth; return the same value where it holds no date."""
    if isinstance(value, str):
        seconds = date_seconds(value)
        return value if seconds is None else seconds
    if depth >= MAX_DEPTH:
        raise InvalidEvent("invalid_json", f"The event nests deeper than {MAX_DEPTH} levels.")
    return convert_dates(value, depth + 1) if isinstance(value, dict) else _convert_list(value, depth + 1)


def _convert_list(values: list[Any], depth: int) -> list[Any]:
    converted = values
    for index, value in enumerate(values):
        if isinstance(value, str):
            if value[4:5] != "-":
                continue
        elif not isinstance(value, (dict, list)):
            continue
        new = _converted(value, depth)
        if new is not value:
            if converted is values:
                converted = list(values)
            converted[index] = new
    return converted


def created_at(traits: dict[str, Any]) -> Any:
    """Find when the person or group came to be, from ``created_at``, ``createdAt`` or ``created``.

    Returns:
        Whole unix seconds of the first that is a time; where none is, the first that is not empty, as it is; None where
        all are empty.
    """
    first = None
    for name in ("created_at", "createdAt", "created"):
        value = traits.get(name)
        if is_empty(value):
            continue
        milliseconds = timestamp_ms(value)
        if milliseconds is not None and milliseconds >= FIRST_TIME_MS:
            return milliseconds // 1000
        if first is None:
            first = value
    return first
