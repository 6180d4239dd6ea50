"""Whom an operation is about: found, created, or given an identifier; and the attributes that are identifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from customerio_beam.sandbox.changes import Changes
from customerio_beam.sandbox.directory import Directory
from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.attributes import set_attribute, too_long
from customerio_beam.sandbox.rules.identifiers import PERSON_KINDS, Identifier, identifier
from customerio_beam.sandbox.rules.people import Person

Fail = Callable[[str, str, str], None]
"""Notes that an accepted operation had no effect, or not all of it: reason, field, message."""


class Identities:
    """Finds and names the people of one request's operations.

    Args:
        directory: The workspace, changed in place.
        changes: Gets what is changed.
        create_unknown: Whether an operation that is about a person nobody identified yet creates that person.
        fail: Notes what had no effect.
    """

    def __init__(self, directory: Directory, changes: Changes, *, create_unknown: bool, fail: Fail) -> None:
        self._directory = directory
        self._changes = changes
        self._create_unknown = create_unknown
        self._fail = fail

    def find_or_create(self, who: Identifier, identifiers: dict[str, Any]) -> Person | None:
        """Returns whom an operation is about that is not an identify call, or None where it has no effect."""
        person = self._directory.find(who)
        if person is not None:
            return person
        if who in self._directory.suppressed:
            self._fail("invalid", "identifiers", "the identifier is suppressed; the operation was ignored")
            return None
        if who.kind == "cio_id" or not self._create_unknown:
            self._fail("invalid", "identifiers", "nobody has this identifier; the operation was dropped")
            return None
        return self._directory.create(who, identifiers[who.kind], self._changes)

    def identify(self, who: Identifier, given: str, attributes: dict[str, Any], time: int) -> Person | None:
        """Returns whom an identify call of some time is about.

        Where nobody has the identifier but somebody has the other one that the attributes name, that person gets the
        identifier (published for `id`: it replaces the one the person had); else a person is created.
        """
        person = self._directory.find(who)
        if person is not None:
            return person
        if who in self._directory.suppressed:
            self._fail("invalid", "identifiers", "the identifier is suppressed; the operation was ignored")
            return None
        if who.kind == "cio_id":
            self._fail("invalid", "identifiers", "nobody has this cio_id; the operation was dropped")
            return None
        other = "email" if who.kind == "id" else "id"
        named = attributes.get(other)
        person = self._directory.find(identifier(other, named)) if isinstance(named, str) and named else None
        if person is not None:
            self._rename(person, who.kind, given)
            if who.kind == "email":
                set_attribute(person.attributes, "email", given, time)
            return person
        if attributes.get("_update") is True:
            return None
        return self._directory.create(who, given, self._changes)

    def set_attributes(self, person: Person, who: Identifier, attributes: Iterable[tuple[str, Any]], time: int) -> None:
        """Sets those attributes of a person whom an identify call named as `who` that may and can be kept."""
        current = person.attributes
        for name, value in attributes:
            fault = too_long(name, value)
            if fault is not None:
                self._fail("invalid", name[: limits.MAX_ATTRIBUTE_NAME_BYTES], fault)
            elif name not in PERSON_KINDS:
                set_attribute(current, name, value, time)
            elif name != "cio_id":
                self._set_identifier(person, who, name, value, time)

    def _set_identifier(self, person: Person, who: Identifier, name: str, value: Any, time: int) -> None:
        """Sets `id` or `email` from an attribute: they must stay unique, and one of them must remain."""
        current = person.id if name == "id" else person.email
        newest = person.attributes.get(name)
        if newest is not None and newest.time > time:
            return
        if value is None or value == "":
            if current is not None and (person.id is None or person.email is None):
                self._fail("invalid", name, f"{name} is the person's only identifier and can't be removed")
                return
        elif not isinstance(value, str):
            self._fail("invalid", name, f"{name} must be a string")
            return
        else:
            wanted = identifier(name, value)
            holder = self._directory.find(wanted)
            if (holder is not None and holder is not person) or wanted in self._directory.suppressed:
                self._fail("invalid", name, f"attribute update failure: this {name} belongs to somebody else")
                return
            if name == "id" and current not in (None, value) and who.kind != "cio_id":
                self._fail("invalid", name, "an id once set can be changed by cio_id only")
                return
        if value != current:
            self._rename(person, name, value or None)
        set_attribute(person.attributes, name, value, time)

    def _rename(self, person: Person, kind: str, value: str | None) -> None:
        self._directory.unindex(person)
        if kind == "id":
            person.id = value
        else:
            person.email = value
        self._directory.index(person)
        self._changes.people.add(person.key)

    def adopt_identifiers(self, primary: Person, secondary: Person) -> None:
        """Gives the primary of a merge the identifiers that only the secondary had."""
        if primary.id is None and secondary.id is not None:
            self._rename(primary, "id", secondary.id)
        if primary.email is None and secondary.email is not None:
            self._rename(primary, "email", secondary.email)
