"""The activity log, and whose anonymous activity is: Customer.io goes by when it received events and identify calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from customerio_beam.sandbox.database import Database

#: How long an anonymous event waits for an identify call, in seconds from its receipt: 30 days.
JOINED_BEFORE_SECONDS = 30 * 24 * 3600
#: How long after an identify call a newly received anonymous event is still joined, in seconds: five minutes.
JOINED_AFTER_SECONDS = 5 * 60


@dataclass(frozen=True)
class Activity:
    """The activity log in a database; `merges_anonymous` is whether anonymous events are joined to people."""

    database: Database
    merges_anonymous: bool

    def is_new(self, ulid: str) -> bool:
        """Note a ULID in capitals; return whether it was never received before."""
        return bool(self.database.run("INSERT OR IGNORE INTO ulids VALUES (?)", ulid))

    def add(self, **line: Any) -> None:
        """Add a line, by the names of the table's columns."""
        names, places = ", ".join(line), ", ".join("?" * len(line))
        self.database.run(f"INSERT INTO activity ({names}) VALUES ({places})", *line.values())  # noqa: S608

    def owner(self, anonymous_id: str, received: float) -> int | None:
        """Return the key of the person whom an anonymous event that arrives now (unix seconds) belongs to, or None."""
        if not self.merges_anonymous:
            return None
        row = self.database.row(
            "SELECT person FROM claims WHERE anonymous_id = ? AND received >= ? ORDER BY rowid DESC LIMIT 1",
            anonymous_id,
            received - JOINED_AFTER_SECONDS,
        )
        return row[0] if row else None

    def recipient(self, delivery: str) -> int | None:
        """Return the key of the person whom a metric of a delivery named, or None."""
        row = self.database.row(
            "SELECT person FROM activity WHERE type = 'delivery' AND identifier = ? AND person IS NOT NULL", delivery
        )
        return row[0] if row else None

    def claim(self, anonymous_id: str, person: int, received: float) -> None:
        """Note that an identify call with an anonymous id arrived, and join the waiting events to its person."""
        self.database.run("INSERT INTO claims VALUES (?, ?, ?)", anonymous_id, person, received)
        if self.merges_anonymous:
            self.database.run(
                "UPDATE activity SET person = ? WHERE anonymous_id = ? AND person IS NULL AND received >= ?",
                person,
                anonymous_id,
                received - JOINED_BEFORE_SECONDS,
            )

    def why_not_joined(self, anonymous_id: str, received: float) -> str:
        """Return why an anonymous event that arrived at some time belongs to nobody, in sentences."""
        if not self.merges_anonymous:
            return "Event merging is off in this workspace, so anonymous events stay anonymous."
        calls = "SELECT max(received), min(received) FROM claims WHERE anonymous_id = ?"
        before, _ = self.database.row(f"{calls} AND received < ?", anonymous_id, received)
        _, after = self.database.row(f"{calls} AND received >= ?", anonymous_id, received)
        if after is not None:
            return (
                f"The first identify call with this anonymous_id arrived {_duration(after - received)} after the event."
                " Customer.io keeps anonymous events for 30 days."
            )
        if before is not None:
            return (
                f"The event arrived {_duration(received - before)} after the last identify call with this anonymous_id."
                " Customer.io joins events that arrive before the call, or up to five minutes after it."
                " The next identify call with this anonymous_id joins this event."
            )
        return "Nobody here was identified with this anonymous_id. The next identify call that has it joins this event."


def _duration(seconds: float) -> str:
    for name, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name}s"
    return f"{seconds:.0f} seconds"
