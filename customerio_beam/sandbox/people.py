"""The people of the workspace: found, created, named, merged and deleted, and their attributes and devices."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from customerio_beam.sandbox.database import Database, to_json
from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.attributes import TOPIC_PREFIX, flatten, too_long
from customerio_beam.sandbox.rules.identifiers import Identifier

#: Where people are found by each kind of identifier.
COLUMNS = {"id": "id", "email": "email_key", "phone": "phone", "cio_id": "cio_id"}
#: A merge moves the secondary's events of this many seconds before it.
MERGED_HISTORY_SECONDS = 30 * 24 * 3600
#: Notes that an accepted operation had no effect, or not all of it: reason, field, message.
Fail = Callable[[str, str, str], None]


class Person(NamedTuple):
    """The identifiers of one person; `key` is the database's own."""

    key: int
    cio_id: str
    id: str | None
    email: str | None
    phone: str | None

    def names(self) -> dict[str, str]:
        """Return the identifiers by kind."""
        named = {"id": self.id, "email": self.email, "phone": self.phone, "cio_id": self.cio_id}
        return {kind: value for kind, value in named.items() if value is not None}


SELECT = f"SELECT {', '.join(Person._fields)} FROM people"  # noqa: S608 - names of our own


class People:
    """The people in a database.

    Args:
        database: Where they are.
        identifies_by_phone: Whether a phone number identifies a person.
    """

    def __init__(self, database: Database, *, identifies_by_phone: bool) -> None:
        self._db = database
        self._unique = ("id", "email", "phone") if identifies_by_phone else ("id", "email")

    def find(self, who: Identifier) -> Person | None:
        """Return the person with an identifier, or None."""
        row = self._db.row(f"{SELECT} WHERE {COLUMNS[who.kind]} = ?", who.key)
        return Person(*row) if row else None

    def is_suppressed(self, who: Identifier) -> bool:
        """Return whether an identifier may not be added."""
        return bool(self._db.row("SELECT 1 FROM suppressed WHERE kind = ? AND key = ?", who.kind, who.key))

    def find_or_create(self, who: Identifier, fail: Fail, *, create: bool) -> Person | None:
        """Return the person of an operation other than identify, or None if it has no effect."""
        person = self.find(who)
        if person is None and self._may_create(who, fail):
            if create:
                return self.create(who)
            fail("invalid", "identifiers", "nobody has this identifier; the operation was dropped")
        return person

    def identify(self, who: Identifier, attributes: Mapping[str, Any], time: int, fail: Fail) -> Person | None:
        """Return the person of an identify call, or None if it has no effect.

        If nobody has the identifier, but somebody has another one that the attributes name, that person gets the
        identifier. Otherwise the call creates a person. `time` is when the update occurred, in unix seconds.
        """
        person = self.find(who)
        if person is not None or not self._may_create(who, fail):
            return person
        for kind in self._unique:
            named = attributes.get(kind)
            if kind != who.kind and isinstance(named, str) and named:
                person = self.find(Identifier(kind, named))
                if person is not None:
                    self._rename(person, who.kind, who.value)
                    if who.kind != "id":
                        self.set_attribute(person.key, who.kind, who.value, time)
                    return person
        if attributes.get("_update") is True:
            fail("invalid", "_update", "failed attribute change: _update is true and nobody has the identifiers")
            return None
        return self.create(who)

    def create(self, who: Identifier) -> Person:
        """Add a person with one identifier that nobody has."""
        # The same person has the same cio_id in every run; no other person ever had it.
        for generation in itertools.count():
            text = f"{who.kind}:{who.key}:{generation}"
            cio_id = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
            if self._db.run("INSERT OR IGNORE INTO used_cio_ids VALUES (?)", cio_id):
                break
        self._db.run("INSERT INTO people (cio_id) VALUES (?)", cio_id)
        person = Person(*self._db.row(f"{SELECT} WHERE cio_id = ?", cio_id))
        self._rename(person, who.kind, who.value)
        if who.kind != "id":
            # Older than any update, so that every identify call with this attribute replaces it.
            self.set_attribute(person.key, who.kind, who.value, limits.MIN_TIMESTAMP)
        return self.find(who) or person

    def set_attributes(
        self, person: Person, who: Identifier, attributes: Mapping[str, Any], time: int, fail: Fail
    ) -> None:
        """Set attributes of a person whom an identify call named as `who`, of some time in unix seconds.

        Each attribute keeps its newest value; of two of one second the later arrival wins. Null and the empty string
        remove an attribute.
        """
        current = dict(self._db.rows("SELECT name, value IS NOT NULL FROM attributes WHERE person = ?", person.key))
        count = sum(current.values())
        flat = flatten(attributes)
        if any(name.startswith(TOPIC_PREFIX) and name not in attributes for name in flat):
            # A whole preferences object replaces all topics; dotted names change one topic.
            flat = {**{name: None for name in current if name.startswith(TOPIC_PREFIX)}, **flat}
        for name, given in flat.items():
            # Clients send ids as numbers, too.
            value = str(given) if name in self._unique and type(given) is int else given
            is_set, was_set = value not in (None, ""), bool(current.get(name))
            problem = too_long(name, value)
            if problem is None and is_set > was_set and count >= limits.MAX_ATTRIBUTES:
                problem = f"the person already has {limits.MAX_ATTRIBUTES} attributes"
            if problem is not None:
                fail("invalid", name[: limits.MAX_ATTRIBUTE_NAME_BYTES], problem)
            elif name == "cio_id":
                continue
            elif name not in self._unique or self._set_identifier(person, who, Identifier(name, value), time, fail):
                count += self.set_attribute(person.key, name, value, time) and is_set - was_set

    def set_attribute(self, person: int, name: str, value: Any, time: int) -> int:
        """Set one attribute of the person with a key, unless a newer update did; return how many rows changed."""
        return self._db.run(
            "INSERT INTO attributes VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET value = excluded.value, time = excluded.time WHERE excluded.time >= time",
            person,
            name,
            None if value is None or value == "" else to_json(value),
            time,
        )

    def attributes(self, person: Person) -> list[tuple[str, Any, int]]:
        """Return the name, value and time of each present attribute."""
        rows = self._db.rows(
            "SELECT name, value, time FROM attributes WHERE person = ? AND value IS NOT NULL ORDER BY rowid", person.key
        )
        return [(name, orjson.loads(value), time) for name, value, time in rows]

    def set_device(self, person: Person, device: dict[str, Any]) -> None:
        """Add or update a device, by its token."""
        row = person.key, device["token"], to_json(device)
        self._db.run("INSERT INTO devices VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET device = excluded.device", *row)

    def remove_device(self, person: Person | None, token: str) -> None:
        """Remove a device, if there is a person who has it."""
        self._db.run("DELETE FROM devices WHERE person = ? AND token = ?", person and person.key, token)

    def set_segment(self, person: Person, segment: int, *, member: bool) -> None:
        """Add a person to a manual segment, or remove them."""
        self._db.run("DELETE FROM segments WHERE segment = ? AND person = ?", segment, person.key)
        if member:
            self._db.run("INSERT INTO segments VALUES (?, ?)", segment, person.key)

    def recipient(self, name: str | int | None) -> int | None:
        """Return the key of the person who receives messages by an identifier or a device token, or None."""
        row = self._db.row(
            "SELECT key FROM people WHERE id = ?1 OR email_key = lower(?1) OR phone = ?1"
            " UNION SELECT person FROM devices WHERE token = ?1",
            None if name is None else str(name),
        )
        return row[0] if row else None

    def delete(self, person: Person | None) -> None:
        """Delete a person, if there is one, and all that is theirs."""
        self._db.run("DELETE FROM people WHERE key = ?", person and person.key)

    def suppress(self, who: Identifier) -> None:
        """Delete a person, redact their activity, and keep all their identifiers from being added again."""
        person = self.find(who)
        identifiers = {who.kind: who.value}
        if person is not None:
            identifiers |= {kind: value for kind, value in person.names().items() if kind != "cio_id"}
            self._db.run(
                "UPDATE activity SET person = NULL, anonymous_id = NULL, identifier = '',"
                " operation = CAST('{}' AS BLOB) WHERE person = ?",
                person.key,
            )
            self.delete(person)
        for each in map(Identifier._make, identifiers.items()):
            key = person.key if person else 0
            self._db.run("INSERT OR REPLACE INTO suppressed VALUES (?, ?, ?)", each.kind, each.key, key)

    def unsuppress(self, who: Identifier) -> None:
        """Let an identifier be added again, and those that were suppressed with it."""
        row = self._db.row("SELECT person FROM suppressed WHERE kind = ? AND key = ?", who.kind, who.key)
        if row is not None:
            self._db.run("DELETE FROM suppressed WHERE kind = ? AND key = ?", who.kind, who.key)
            self._db.run("DELETE FROM suppressed WHERE person = ? AND person != 0", *row)

    def merge(self, primary: Person, secondary: Person, received: float) -> None:
        """Give the primary what it lacks of the secondary, and delete the secondary."""
        both = primary.key, secondary.key
        for statement in (
            "INSERT INTO attributes SELECT ?1, name, value, time FROM attributes WHERE person = ?2 AND value NOT NULL"
            " ON CONFLICT DO UPDATE SET value = excluded.value, time = excluded.time WHERE attributes.value IS NULL",
            "UPDATE OR IGNORE devices SET person = ?1 WHERE person = ?2",
            "UPDATE relationships AS mine SET attributes = json_patch(theirs.attributes, mine.attributes) FROM"
            " relationships AS theirs WHERE mine.person = ?1 AND theirs.person = ?2 AND mine.object = theirs.object",
            "UPDATE OR IGNORE relationships SET person = ?1 WHERE person = ?2",
            "UPDATE claims SET person = ?1 WHERE person = ?2",
            "UPDATE OR IGNORE segments SET person = ?1 WHERE person = ?2",
        ):
            self._db.run(statement, *both)
        since = received - MERGED_HISTORY_SECONDS
        self._db.run("UPDATE activity SET person = ? WHERE person = ? AND time >= ?", *both, since)
        self.delete(secondary)
        for kind, value in secondary.names().items():
            if kind != "cio_id" and getattr(primary, kind) is None:
                self._rename(primary, kind, value)

    def _may_create(self, who: Identifier, fail: Fail) -> bool:
        if self.is_suppressed(who):
            fail("invalid", "identifiers", "the identifier is suppressed; the operation was ignored")
        elif who.kind == "cio_id":
            fail("invalid", "identifiers", "nobody has this cio_id; the operation was dropped")
        else:
            return True
        return False

    def _set_identifier(self, person: Person, who: Identifier, new: Identifier, time: int, fail: Fail) -> bool:
        """Change an identifier by an attribute; return whether the attribute may be set as well."""
        name, value = new
        # The caller may have changed another identifier since it looked the person up.
        person = Person(*self._db.row(f"{SELECT} WHERE key = ?", person.key))
        current = getattr(person, name)
        newest = self._db.row("SELECT time FROM attributes WHERE person = ? AND name = ?", person.key, name)
        if newest and newest[0] > time:
            return False
        problem = None
        if value is None or value == "":
            if current is not None and len(person.names()) == 2:
                problem = f"{name} is the person's only identifier and can't be removed"
        elif not isinstance(value, str):
            problem = f"{name} must be a string"
        elif limits.is_longer(value, limits.MAX_IDENTIFIER_BYTES):
            problem = f"{name} is longer than {limits.MAX_IDENTIFIER_BYTES} bytes"
        elif self.is_suppressed(new):
            problem = f"attribute update failure: this {name} is suppressed"
        elif self.find(new) not in (None, person):
            problem = f"attribute update failure: this {name} belongs to somebody else"
        elif name == "id" and current not in (None, value) and who.kind != "cio_id":
            problem = "an id once set can be changed by cio_id only"
        if problem is not None:
            fail("invalid", name, problem)
            return False
        if value != current:
            self._rename(person, name, value or None)
        return True

    def _rename(self, person: Person, kind: str, value: str | None) -> None:
        self._db.run(f"UPDATE people SET {kind} = ? WHERE key = ?", value, person.key)  # noqa: S608 - kinds of our own
        if kind == "email":
            key = Identifier(kind, value).key if value else None
            self._db.run("UPDATE people SET email_key = ? WHERE key = ?", key, person.key)
