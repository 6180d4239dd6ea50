"""The objects of the workspace, and their relationships to people and to anonymous visitors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from customerio_beam.sandbox.database import Database, to_json
from customerio_beam.sandbox.people import Fail, Person
from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.attributes import too_long, updated


class Objects:
    """The objects in a database. An object is known by its key in the database.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, name: Mapping[str, str]) -> int | None:
        """Return an object, or None if it does not exist."""
        where = "cio_object_id = ?1 OR (type = ?2 AND id = ?3)"
        values = [name.get(each) for each in ("cio_object_id", "object_type_id", "object_id")]
        row = self._db.row(f"SELECT key FROM objects WHERE {where}", *values)  # noqa: S608 - no value in it
        return row[0] if row else None

    def find_or_create(self, name: Mapping[str, str], fail: Fail) -> int | None:
        """Return an object, created if necessary, or None for an unknown cio_object_id."""
        key = self.find(name)
        if key is None and "cio_object_id" in name:
            fail("invalid", "identifiers", "no object has this cio_object_id; the operation was dropped")
        elif key is None:
            names = name["object_type_id"], name["object_id"]
            made = "ob" + hashlib.blake2b(to_json(names).encode(), digest_size=5).hexdigest()
            self._db.run("INSERT INTO objects VALUES (NULL, ?, ?, ?, '{}')", made, *names)
            key = self.find(name)
        return key

    def update(self, key: int, attributes: Mapping[str, Any], fail: Fail) -> None:
        """Set attributes of an object. The last call to arrive wins: it has no timestamp."""
        (current,) = self._db.row("SELECT attributes FROM objects WHERE key = ?", key)
        merged = _merged(current, attributes, fail)
        if merged != current:
            self._db.run("UPDATE objects SET attributes = ? WHERE key = ?", merged, key)

    def delete(self, name: Mapping[str, str]) -> None:
        """Delete an object and its relationships, if it exists."""
        self._db.run("DELETE FROM objects WHERE key = ?", self.find(name))

    def relate(self, key: int, who: int | str, attributes: Mapping[str, Any], fail: Fail) -> None:
        """Add or update the relationship of an object to a person's key, or to an anonymous_id."""
        column = "anonymous_id" if isinstance(who, str) else "person"
        where = f"object = ? AND {column} = ?"
        row = self._db.row(f"SELECT attributes FROM relationships WHERE {where}", key, who)  # noqa: S608
        if row is None:
            row = ("{}",)
            self._db.run(f"INSERT INTO relationships (object, {column}, attributes) VALUES (?, ?, '{{}}')", key, who)  # noqa: S608
        merged = _merged(row[0], attributes, fail)
        if merged != row[0]:
            self._db.run(f"UPDATE relationships SET attributes = ? WHERE {where}", merged, key, who)  # noqa: S608

    def unrelate(self, name: Mapping[str, str], person: Person | None) -> None:
        """End the relationship of an object and a person, if they are related."""
        key = person and person.key
        self._db.run("DELETE FROM relationships WHERE object = ? AND person = ?", self.find(name), key)

    def carry_over(self, anonymous_id: str, person: int) -> None:
        """Give the relationships of an anonymous_id to the person who is identified with it."""
        self._db.run("UPDATE OR IGNORE relationships SET person = ?, anonymous_id = NULL WHERE anonymous_id = ?",
                     person, anonymous_id)  # fmt: skip
        self._db.run("DELETE FROM relationships WHERE anonymous_id = ?", anonymous_id)


def _merged(current: str, attributes: Mapping[str, Any], fail: Fail) -> str:
    """Return JSON attributes after an update, without those that are too long or too many."""
    kept = orjson.loads(current)
    size = len(current)
    for name, value in attributes.items():
        problem, changed = too_long(name, value), updated(kept, {name: value})
        size += len(to_json({name: value}))
        if problem is None and size > limits.MAX_OBJECT_BYTES < len(to_json(changed)):
            problem = f"all attributes together are longer than {limits.MAX_OBJECT_BYTES} bytes"
        if problem is None:
            kept = changed
        else:
            fail("invalid", name[: limits.MAX_ATTRIBUTE_NAME_BYTES], problem)
    return to_json(kept)
