"""The workspace's database: what a request changed is written in one transaction and read again at the next start."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import orjson

from customerio_beam.sandbox import activity_log
from customerio_beam.sandbox.changes import Changes
from customerio_beam.sandbox.directory import Directory, WorkspaceObject
from customerio_beam.sandbox.rules.anonymous import JOINED_AFTER_SECONDS, JOINED_BEFORE_SECONDS, Link, owner
from customerio_beam.sandbox.rules.identifiers import Identifier
from customerio_beam.sandbox.rules.people import Person

SCHEMA = """
CREATE TABLE IF NOT EXISTS people (key INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    type TEXT NOT NULL, id TEXT NOT NULL, attributes BLOB NOT NULL, anonymous BLOB NOT NULL, PRIMARY KEY (type, id)
);
CREATE TABLE IF NOT EXISTS links (
    anonymous_id TEXT NOT NULL, time INTEGER NOT NULL, person INTEGER NOT NULL,
    PRIMARY KEY (anonymous_id, time, person)
);
CREATE TABLE IF NOT EXISTS suppressed (kind TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, value));
CREATE TABLE IF NOT EXISTS refused (
    sequence INTEGER PRIMARY KEY, received REAL NOT NULL, status INTEGER NOT NULL, batch_index INTEGER,
    reason TEXT NOT NULL, field TEXT NOT NULL, message TEXT NOT NULL, operation BLOB NOT NULL, later INTEGER NOT NULL
);
"""
TABLES = ("people", "objects", "links", "suppressed", "refused")

REACHED = """
SELECT DISTINCT activity.sequence, activity.anonymous_id, activity.time, activity.person
FROM links CROSS JOIN activity ON activity.anonymous_id = links.anonymous_id
WHERE links.rowid > ? AND activity.time BETWEEN links.time - ? AND links.time + ?
"""
"""The anonymous activity that links written after a certain one may have given to somebody else."""

encode = msgspec.json.Encoder().encode


class Store:
    """A SQLite database with the workspace in it. Not for use by two threads at once: the workspace has a lock.

    Args:
        database: A file, made where there is none, or `:memory:`.

    Attributes:
        activity: The activity log.
    """

    def __init__(self, database: str) -> None:
        self._connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        # A stand-in's data survives its own end, not that of the machine: no fsync for each request.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        # People's activity comes in any order, so that its index is written all over: 64 MB of it stay in memory.
        self._connection.execute("PRAGMA cache_size = -64000")
        self._connection.executescript(SCHEMA + activity_log.SCHEMA)
        self.activity = activity_log.ActivityLog(self._connection)

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()

    def clear(self) -> None:
        """Forgets everything."""
        with self._transaction():
            for table in TABLES:
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            self.activity.clear()

    def load(self) -> Directory:
        """Returns the workspace as it was last written."""
        self.activity.resume()
        query = self._connection.execute
        people = [Person.from_record(key, orjson.loads(text)) for key, text in query("SELECT key, record FROM people")]
        objects = {
            (kind, name): WorkspaceObject(orjson.loads(attributes), orjson.loads(anonymous))
            for kind, name, attributes, anonymous in query("SELECT type, id, attributes, anonymous FROM objects")
        }
        links: dict[str, list[Link]] = {}
        for anonymous_id, time, person in query("SELECT anonymous_id, time, person FROM links"):
            links.setdefault(anonymous_id, []).append(Link(time, person))
        suppressed = [Identifier(*row) for row in query("SELECT kind, value FROM suppressed")]
        ulids = (ulid for (ulid,) in query("SELECT ulid FROM activity WHERE ulid IS NOT NULL"))
        directory = Directory(people, objects, links, suppressed, ulids)
        for person, time in query("SELECT person, max(time) FROM activity WHERE person IS NOT NULL GROUP BY person"):
            directory.people[person].last_seen = time
        return directory

    def save(self, changes: Changes, directory: Directory) -> None:
        """Writes what a request changed, in one transaction."""
        with self._transaction():
            self._save_people(changes, directory)
            self._save_objects(changes, directory)
            many = self._connection.executemany
            ((last_link,),) = self.rows("SELECT coalesce(max(rowid), 0) FROM links")
            many("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", changes.links)
            many("DELETE FROM links WHERE person = ?", [(key,) for key in changes.unlinked])  # some are of this request
            many("INSERT OR IGNORE INTO suppressed VALUES (?, ?)", changes.suppressed)
            many("DELETE FROM suppressed WHERE kind = ? AND value = ?", changes.unsuppressed)
            self.activity.append(changes.activity)
            if changes.moves or changes.redacted:
                self.activity.index_people()
            many(
                "UPDATE activity SET person = ? WHERE person = ? AND time >= ?",
                [(move.target, move.source, move.since) for move in changes.moves],
            )
            many(
                "UPDATE activity SET operation = CAST('{}' AS BLOB) WHERE person = ?",
                [(key,) for key in changes.redacted],
            )
            many(
                "INSERT INTO refused VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (each.received, each.status, each.batch_index, *each.problem, each.operation, each.later)
                    for each in changes.refusals
                ],
            )
            self._join_anonymous(last_link, directory)

    def rows(self, query: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Returns the rows of a SELECT; of the activity log, those that were spread."""
        return self._connection.execute(query, parameters).fetchall()

    def _save_people(self, changes: Changes, directory: Directory) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO people VALUES (?, ?)",
            [(key, encode(directory.people[key].to_record())) for key in changes.people],
        )

    def _save_objects(self, changes: Changes, directory: Directory) -> None:
        kept = [(key, found) for key in changes.objects if (found := directory.objects.get(key)) is not None]
        self._connection.executemany(
            "DELETE FROM objects WHERE type = ? AND id = ?", changes.objects.difference(key for key, _ in kept)
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)",
            [(*key, encode(found.attributes), encode(found.anonymous)) for key, found in kept],
        )

    def _join_anonymous(self, last_link: int, directory: Directory) -> None:
        """Gives anonymous activity to the people whose links are newer than a certain one."""
        reached = self.rows(REACHED, (last_link, JOINED_BEFORE_SECONDS, JOINED_AFTER_SECONDS))
        for sequence, anonymous_id, happened, current in reached:
            person = owner(happened, directory.links.get(anonymous_id, ()))
            if person is not None and person != current:
                self._connection.execute("UPDATE activity SET person = ? WHERE sequence = ?", (person, sequence))
                seen = directory.people[person]
                seen.last_seen = max(seen.last_seen or happened, happened)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
