"""Who and what the workspace holds, in memory: found by identifier, loaded from and written to the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from customerio_beam.sandbox.changes import Changes
from customerio_beam.sandbox.rules.anonymous import Link
from customerio_beam.sandbox.rules.attributes import set_attribute
from customerio_beam.sandbox.rules.identifiers import Identifier
from customerio_beam.sandbox.rules.limits import MIN_TIMESTAMP
from customerio_beam.sandbox.rules.people import ObjectKey, Person, make_cio_id


class WorkspaceObject:
    """An object of the workspace: its attributes, and whom it is related to.

    Attributes:
        attributes: The object's attributes by name.
        people: Keys of the related people; what the relationship says is kept with the person.
        anonymous: The attributes of each relationship to somebody known by an anonymous id alone.
    """

    __slots__ = ("anonymous", "attributes", "people")

    def __init__(
        self, attributes: dict[str, Any] | None = None, anonymous: dict[str, dict[str, Any]] | None = None
    ) -> None:
        self.attributes: dict[str, Any] = attributes or {}
        self.anonymous: dict[str, dict[str, Any]] = anonymous or {}
        self.people: set[int] = set()


class Directory:
    """The people, objects, links and suppressions of a workspace.

    Attributes:
        people: Everybody by key, deleted people included: their activity still names them.
        objects: Objects by type id and id.
        links: Links to people by anonymous id.
        suppressed: Identifiers that may not be added.
        ulids: The ULIDs, in capitals, of all events received. A set in memory, about 130 bytes each: an index in the
            database would be the most expensive part of taking an event.
    """

    def __init__(
        self,
        people: Iterable[Person] = (),
        objects: Mapping[ObjectKey, WorkspaceObject] | None = None,
        links: Mapping[str, list[Link]] | None = None,
        suppressed: Iterable[Identifier] = (),
        ulids: Iterable[str] = (),
    ) -> None:
        self.people: dict[int, Person] = {person.key: person for person in people}
        self.objects: dict[ObjectKey, WorkspaceObject] = dict(objects or {})
        self.links: dict[str, list[Link]] = dict(links or {})
        self.suppressed: set[Identifier] = set(suppressed)
        self.ulids: set[str] = set(ulids)
        self._found: dict[Identifier, Person] = {}
        self._linked: dict[int, set[str]] = {}
        self._anonymous_objects: dict[str, set[ObjectKey]] = {}
        self._cio_ids = {person.cio_id for person in self.people.values()}
        self._next_key = max(self.people, default=0) + 1
        for person in self.people.values():
            if person.state == "active":
                self.index(person)
            for key in person.relationships:
                self.objects[key].people.add(person.key)
        for anonymous_id, found in self.links.items():
            for link in found:
                self._linked.setdefault(link.person, set()).add(anonymous_id)
        for key, each in self.objects.items():
            for anonymous_id in each.anonymous:
                self._anonymous_objects.setdefault(anonymous_id, set()).add(key)

    def find(self, who: Identifier) -> Person | None:
        """Returns the active person with an identifier."""
        return self._found.get(who)

    def create(self, who: Identifier, given: str, changes: Changes) -> Person:
        """Adds a person known by one identifier.

        Args:
            who: The identifier, which nobody has; an `id` or an `email`.
            given: Its value as it was sent.
            changes: Gets the new person.
        """
        cio_id = make_cio_id(who, self._cio_ids.__contains__)
        person = Person(key=self._next_key, cio_id=cio_id)
        self._next_key += 1
        self._cio_ids.add(cio_id)
        if who.kind == "id":
            person.id = given
        else:
            person.email = given
            # Older than any update, so that every identify call with an email replaces it.
            set_attribute(person.attributes, "email", given, MIN_TIMESTAMP)
        self.people[person.key] = person
        self.index(person)
        changes.people.add(person.key)
        return person

    def index(self, person: Person) -> None:
        """Makes a person found by the identifiers that it has now."""
        for who in person.identifiers():
            self._found[who] = person

    def unindex(self, person: Person) -> None:
        """Makes a person found by none of the identifiers that it has now."""
        for who in person.identifiers():
            self._found.pop(who, None)

    def remove(self, person: Person, state: str, changes: Changes) -> None:
        """Ends a person: it is found no more, and its links and relationships end with it."""
        self.unindex(person)
        person.state = state
        for key in person.relationships:
            self.objects[key].people.discard(person.key)
        person.relationships = {}
        for anonymous_id in self._linked.pop(person.key, ()):
            kept = [link for link in self.links[anonymous_id] if link.person != person.key]
            if kept:
                self.links[anonymous_id] = kept
            else:
                del self.links[anonymous_id]
        changes.unlinked.append(person.key)
        changes.people.add(person.key)

    def link(self, anonymous_id: str, time: int, person: Person, changes: Changes) -> None:
        """Notes that an identify call gave a person an anonymous id."""
        links = self.links.setdefault(anonymous_id, [])
        link = Link(time, person.key)
        if link not in links:
            links.append(link)
            self._linked.setdefault(person.key, set()).add(anonymous_id)
            changes.links.append((anonymous_id, time, person.key))

    def links_of(self, person: Person) -> list[tuple[str, int]]:
        """Returns the person's links as `(anonymous_id, time)`."""
        return [
            (anonymous_id, link.time)
            for anonymous_id in sorted(self._linked.get(person.key, ()))
            for link in self.links[anonymous_id]
            if link.person == person.key
        ]

    def relate(self, person: Person, key: ObjectKey, attributes: Mapping[str, Any], changes: Changes) -> None:
        """Adds or updates a relationship, making the object where there is none; empty attributes are removed."""
        self.object(key, changes).people.add(person.key)
        person.relationships[key] = updated(person.relationships.get(key, {}), attributes)
        changes.people.add(person.key)

    def relate_anonymous(
        self, anonymous_id: str, key: ObjectKey, attributes: Mapping[str, Any], changes: Changes
    ) -> None:
        """Adds or updates a relationship of somebody who is known by an anonymous id alone."""
        found = self.object(key, changes)
        found.anonymous[anonymous_id] = updated(found.anonymous.get(anonymous_id, {}), attributes)
        self._anonymous_objects.setdefault(anonymous_id, set()).add(key)
        changes.objects.add(key)

    def unrelate(self, person: Person, key: ObjectKey, changes: Changes) -> None:
        """Ends a relationship, if there is one."""
        found = self.objects.get(key)
        if found is None:
            return
        if person.relationships.pop(key, None) is not None:
            found.people.discard(person.key)
            changes.people.add(person.key)
        for anonymous_id in found.anonymous.keys() & self._linked.get(person.key, set()):
            del found.anonymous[anonymous_id]
            self._anonymous_objects[anonymous_id].discard(key)
            changes.objects.add(key)

    def relationships(self, person: Person) -> dict[ObjectKey, dict[str, Any]]:
        """Returns a person's relationships, those included that carried over from its anonymous ids."""
        found = dict(person.relationships)
        for anonymous_id in sorted(self._linked.get(person.key, ())):
            if min(self.links[anonymous_id]).person == person.key:
                for key in sorted(self._anonymous_objects.get(anonymous_id, ())):
                    found[key] = {**self.objects[key].anonymous[anonymous_id], **found.get(key, {})}
        return found

    def members(self, key: ObjectKey) -> list[tuple[Person | str, dict[str, Any]]]:
        """Returns whom an object is related to, a person or an anonymous id, with the relationship's attributes."""
        found = self.objects[key]
        keys = set(found.people)
        strangers: list[tuple[Person | str, dict[str, Any]]] = []
        for anonymous_id, attributes in found.anonymous.items():
            links = self.links.get(anonymous_id)
            if links:
                keys.add(min(links).person)
            else:
                strangers.append((anonymous_id, attributes))
        people = [self.people[each] for each in sorted(keys)]
        return [(person, self.relationships(person)[key]) for person in people] + strangers

    def object(self, key: ObjectKey, changes: Changes) -> WorkspaceObject:
        """Returns an object, made where there is none."""
        found = self.objects.get(key)
        if found is None:
            found = self.objects[key] = WorkspaceObject()
            changes.objects.add(key)
        return found

    def delete_object(self, key: ObjectKey, changes: Changes) -> None:
        """Deletes an object and its relationships, if there is one."""
        found = self.objects.get(key)
        if found is None:
            return
        for person_key in list(found.people):
            self.unrelate(self.people[person_key], key, changes)
        for anonymous_id in found.anonymous:
            self._anonymous_objects[anonymous_id].discard(key)
        del self.objects[key]
        changes.objects.add(key)


def updated(current: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns attributes of an object or relationship after an update: null and the empty string remove one."""
    merged = {**current, **attributes}
    return {name: value for name, value in merged.items() if value is not None and value != ""}
