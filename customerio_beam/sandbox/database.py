"""The workspace's SQLite database: the only place where the sandbox keeps people, objects and activity."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    key INTEGER PRIMARY KEY AUTOINCREMENT, cio_id TEXT NOT NULL UNIQUE,
    id TEXT UNIQUE, email TEXT, email_key TEXT UNIQUE, phone TEXT UNIQUE
);
CREATE INDEX IF NOT EXISTS people_shown ON people (coalesce(email_key, id, phone), cio_id);
CREATE TABLE IF NOT EXISTS used_cio_ids (cio_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attributes (  -- a NULL value: removed at that time, so that no older update brings it back
    person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, name TEXT NOT NULL, value TEXT, time INTEGER NOT NULL,
    PRIMARY KEY (person, name)
);
CREATE TABLE IF NOT EXISTS devices (
    person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, token TEXT NOT NULL, device TEXT NOT NULL,
    PRIMARY KEY (person, token)
);
CREATE TABLE IF NOT EXISTS objects (
    key INTEGER PRIMARY KEY, cio_object_id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, id TEXT NOT NULL,
    attributes TEXT NOT NULL, UNIQUE (type, id)
);
CREATE TABLE IF NOT EXISTS relationships (  -- of a person, or of somebody known by an anonymous_id alone
    object INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE, person INTEGER REFERENCES people ON DELETE CASCADE,
    anonymous_id TEXT, attributes TEXT NOT NULL, UNIQUE (object, person), UNIQUE (object, anonymous_id)
);
CREATE INDEX IF NOT EXISTS relationships_person ON relationships (person);
CREATE INDEX IF NOT EXISTS relationships_anonymous ON relationships (anonymous_id) WHERE anonymous_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS claims (  -- an identify call that gave a person an anonymous_id
    anonymous_id TEXT NOT NULL, person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, received REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS claims_anonymous ON claims (anonymous_id);
CREATE INDEX IF NOT EXISTS claims_person ON claims (person);
CREATE TABLE IF NOT EXISTS segments (
    segment INTEGER NOT NULL, person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, PRIMARY KEY (segment, person)
);
CREATE TABLE IF NOT EXISTS suppressed (
    kind TEXT NOT NULL, key TEXT NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (kind, key)
);
CREATE TABLE IF NOT EXISTS activity (  -- identifier: the sent one, as kind:value; operation: the exact one, as JSON
    sequence INTEGER PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL,
    person INTEGER REFERENCES people ON DELETE CASCADE, anonymous_id TEXT, identifier TEXT NOT NULL,
    time INTEGER NOT NULL, received REAL NOT NULL, ulid TEXT, operation BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS activity_person ON activity (person, time);
CREATE INDEX IF NOT EXISTS activity_delivery ON activity (identifier) WHERE type = 'delivery';
CREATE INDEX IF NOT EXISTS activity_anonymous ON activity (anonymous_id) WHERE anonymous_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS ulids (ulid TEXT PRIMARY KEY) WITHOUT ROWID;  -- in capitals; kept when their event is gone
CREATE TABLE IF NOT EXISTS refused (
    sequence INTEGER PRIMARY KEY, received REAL NOT NULL, status INTEGER NOT NULL, batch_index INTEGER,
    reason TEXT NOT NULL, field TEXT NOT NULL, message TEXT NOT NULL, operation BLOB NOT NULL, later INTEGER NOT NULL
);
"""


class Database:
    """A SQLite database with the workspace in it. Not for use by two threads at once: the workspace has a lock.

    Args:
        path: A file, created if it does not exist, or `:memory:`.

    Raises:
        sqlite3.Error: The file can't be used.
    """

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.create_function("folded", 1, lambda text: str(text).casefold(), deterministic=True)
        # The data survives the end of the sandbox, not that of the machine: no fsync for each request.
        self._connection.executescript(
            f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON; {SCHEMA}"
        )

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def clear(self) -> None:
        """Empty all tables."""
        with self.transaction():
            for (table,) in self.rows("SELECT name FROM sqlite_schema WHERE type = 'table'"):
                self.run(f"DELETE FROM {table}")  # noqa: S608 - names of the schema above

    def run(self, statement: str, *values: Any) -> int:
        """Execute a statement and return how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> Any:
        """Return the first row of a query, or None."""
        return self._connection.execute(query, values).fetchone()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything that the block changes, or nothing if it raises."""
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def to_json(value: Any) -> str:
    """Return a value as JSON text."""
    return orjson.dumps(value).decode()
