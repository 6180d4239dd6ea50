"""Counts by name, in memory that a sender of ever new names can't exhaust."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

__all__ = ["MAX_NAME_CHARS", "Counts", "Top", "shortened"]

#: Names that are told apart. A report shows fewer.
_MAX_NAMES: Final = 2_000
#: Longer names are cut. Customer.io's own limits are 100 and 150 bytes.
MAX_NAME_CHARS: Final = 200


def shortened(name: str) -> str:
    """Return a name that is short enough to keep."""
    return name if len(name) <= MAX_NAME_CHARS else name[: MAX_NAME_CHARS - 1] + "…"


class Top(NamedTuple):
    """The most frequent names.

    Attributes:
        rows: Names with their counts, the most frequent first.
        others: The sum of the counts of all other names.
    """

    rows: list[tuple[str, int]]
    others: int


class Counts(msgspec.Struct):
    """Counts by name.

    Once there are twice as many names as are kept, the rarest go into ``others``. A frequent name keeps its place, even
    if new names never end; its count may then lack what was counted before it became frequent.

    Attributes:
        names: The counts.
        others: What names counted that have no place of their own any more. 0: all counts are exact.
        limit: How many names are kept.
    """

    names: dict[str, int] = msgspec.field(default_factory=dict)
    others: int = 0
    limit: int = _MAX_NAMES

    def add(self, name: str, count: int = 1) -> None:
        """Count a name."""
        name = shortened(name)
        self.names[name] = self.names.get(name, 0) + count
        if len(self.names) > 2 * self.limit:
            self._prune()

    def merge(self, other: Counts) -> None:
        """Add the counts of another part of the input."""
        for name, count in other.names.items():
            self.add(name, count)
        self.others += other.others

    @property
    def total(self) -> int:
        """The sum of all counts; this one is always exact."""
        return sum(self.names.values()) + self.others

    def top(self, limit: int) -> Top:
        """Return the most frequent names."""
        rows = sorted(self.names.items(), key=lambda item: (-item[1], item[0]))
        return Top(rows[:limit], sum(count for _, count in rows[limit:]) + self.others)

    def _prune(self) -> None:
        top = self.top(self.limit)
        self.names, self.others = dict(top.rows), top.others
