"""Attributes by name: their types and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from customerio_beam.mapping import json_text
from customerio_beam.mapping.limits import MAX_ATTRIBUTE_NAME_BYTES, MAX_ATTRIBUTE_VALUE_BYTES
from customerio_beam.profile.counts import shortened

__all__ = ["Attribute", "Attributes", "json_type", "value_bytes"]

#: Names that are told apart; a person has at most 300 attributes.
_MAX_NAMES: Final = 1_000

_TYPES: Final[Mapping[type, str]] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    dict: "object",
    list: "list",
    type(None): "null",
}


def json_type(value: Any) -> str:
    """Return the type of a JSON value, in a word or two for a person."""
    return _TYPES[type(value)]


def value_bytes(value: Any) -> int:
    """Return the size that Customer.io limits: of text in UTF-8, of all else as JSON."""
    return len(value.encode()) if isinstance(value, str) else len(json_text.dumps(value))


class Attribute(msgspec.Struct):
    """The values of one attribute.

    Attributes:
        count: How many operations have it.
        types: How many values there are of each type.
        total_bytes: The sum of the values' sizes.
        largest_bytes: The largest value's size.
        over_limit: How many are longer than Customer.io takes, by their name or value.
    """

    count: int = 0
    types: dict[str, int] = msgspec.field(default_factory=dict)
    total_bytes: int = 0
    largest_bytes: int = 0
    over_limit: int = 0

    def add(self, kind: str, size: int, is_over: bool) -> None:
        """Count a value."""
        self.count += 1
        self.types[kind] = self.types.get(kind, 0) + 1
        self.total_bytes += size
        self.largest_bytes = max(self.largest_bytes, size)
        self.over_limit += is_over

    def merge(self, other: Attribute) -> None:
        """Add the values of another part of the input."""
        self.count += other.count
        for kind, count in other.types.items():
            self.types[kind] = self.types.get(kind, 0) + count
        self.total_bytes += other.total_bytes
        self.largest_bytes = max(self.largest_bytes, other.largest_bytes)
        self.over_limit += other.over_limit


class Attributes(msgspec.Struct):
    """Attributes by name. Of too many names, the rarest are counted together, as in ``Counts``.

    Attributes:
        names: Each attribute, by its name.
        others: All that have no place of their own any more.
        limit: How many names are kept.
    """

    names: dict[str, Attribute] = msgspec.field(default_factory=dict)
    others: Attribute = msgspec.field(default_factory=Attribute)
    limit: int = _MAX_NAMES

    def add_all(self, values: Mapping[str, Any], *, limited: bool) -> None:
        """Count an operation's attributes.

        Args:
            values: The attributes.
            limited: Whether Customer.io limits them: those of people and objects, not the properties of events.
        """
        for name, value in values.items():
            size = value_bytes(value)
            is_over = limited and (size > MAX_ATTRIBUTE_VALUE_BYTES or len(name.encode()) > MAX_ATTRIBUTE_NAME_BYTES)
            self.named(name).add(json_type(value), size, is_over)

    def named(self, name: str) -> Attribute:
        """Return the attribute of a name."""
        name = shortened(name)
        found = self.names.get(name)
        if found is None:
            if len(self.names) >= 2 * self.limit:
                self._prune()
            found = self.names[name] = Attribute()
        return found

    def merge(self, other: Attributes) -> None:
        """Add the attributes of another part of the input."""
        for name, attribute in other.names.items():
            self.named(name).merge(attribute)
        self.others.merge(other.others)

    def top(self, limit: int) -> list[tuple[str, Attribute]]:
        """Return attributes with their names: those with values over a limit first, then the most frequent."""
        rows = sorted(self.names.items(), key=lambda item: (-item[1].over_limit, -item[1].count, item[0]))
        return rows[:limit]

    def _prune(self) -> None:
        rows = sorted(self.names.items(), key=lambda item: (-item[1].count, item[0]))
        self.names = dict(rows[: self.limit])
        for _, attribute in rows[self.limit :]:
            self.others.merge(attribute)
