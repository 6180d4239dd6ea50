"""The activity log in the database: a large call's lines are kept together, and become rows when first read."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from customerio_beam.sandbox.changes import ActivityRow

SCHEMA = """
CREATE TABLE IF NOT EXISTS activity (
    sequence INTEGER PRIMARY KEY, ulid TEXT, type TEXT NOT NULL, name TEXT NOT NULL, person INTEGER,
    anonymous_id TEXT, identifier TEXT NOT NULL, time INTEGER NOT NULL, received REAL NOT NULL, operation BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS activity_anonymous ON activity (anonymous_id, time) WHERE anonymous_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS unspread_activity (lines BLOB NOT NULL);
"""
TABLES = ("activity", "unspread_activity")

KEPT_TOGETHER = 100
"""From how many lines on the lines of a call are kept together: with fewer, rows cost no more."""

_INSERT = "INSERT INTO activity VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PERSON_INDEX = "CREATE INDEX IF NOT EXISTS activity_person ON activity (person, time) WHERE person IS NOT NULL"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[int, ActivityRow]]).decode


class ActivityLog:
    """The lines of the activity log, in order of arrival.

    Args:
        connection: The database, with the tables in it, and in autocommit mode.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.resume()

    def resume(self) -> None:
        """Makes rows of all lines, and goes on after the last one that the database holds."""
        self.spread()
        ((last,),) = self._connection.execute("SELECT coalesce(max(sequence), 0) FROM activity").fetchall()
        self._next: int = last + 1

    def append(self, rows: Sequence[ActivityRow]) -> None:
        """Adds the lines of a call. Anonymous ones become rows at once, to be found when somebody is joined to them."""
        lines = list(enumerate(rows, self._next))
        self._next += len(lines)
        if len(lines) >= KEPT_TOGETHER:
            together = [line for line in lines if line[1].anonymous_id is None]
            self._connection.execute("INSERT INTO unspread_activity VALUES (?)", (_encode(together),))
            lines = [line for line in lines if line[1].anonymous_id is not None]
        self._insert(lines)

    def spread(self) -> None:
        """Makes rows of all lines: to be done before the rows are read or changed."""
        if not self._connection.execute("SELECT 1 FROM unspread_activity LIMIT 1").fetchall():
            return
        self._connection.execute("SAVEPOINT spread")
        try:
            for (lines,) in self._connection.execute("SELECT lines FROM unspread_activity ORDER BY rowid"):
                self._insert(_decode(lines))
            self._connection.execute("DELETE FROM unspread_activity")
        except BaseException:
            self._connection.execute("ROLLBACK TO spread")
            raise
        finally:
            self._connection.execute("RELEASE spread")

    def index_people(self) -> None:
        """Makes rows of all lines, and somebody's rows quick to find from now on.

        Left until it is needed: people's activity comes in any order, so that keeping this index takes half as long
        again as all else of writing a row.
        """
        self.spread()
        self._connection.execute(_PERSON_INDEX)

    def clear(self) -> None:
        """Forgets everything."""
        for table in TABLES:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        self._connection.execute("DROP INDEX IF EXISTS activity_person")
        self._next = 1

    def _insert(self, lines: Sequence[tuple[int, ActivityRow]]) -> None:
        self._connection.executemany(_INSERT, [(sequence, *row) for sequence, row in lines])
