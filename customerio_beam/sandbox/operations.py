"""What each operation does to the workspace: one function an action, given checked operations in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from customerio_beam.sandbox.changes import ActivityRow, Changes, Move, Refusal
from customerio_beam.sandbox.directory import Directory, updated
from customerio_beam.sandbox.identities import Identities
from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.anonymous import owner
from customerio_beam.sandbox.rules.attributes import flatten, too_long
from customerio_beam.sandbox.rules.identifiers import ANONYMOUS, from_operation
from customerio_beam.sandbox.rules.people import MERGED_HISTORY_SECONDS, ObjectKey, Person, merge_profile
from customerio_beam.sandbox.rules.validation import Problem
from customerio_beam.sandbox.valid import ValidOperation

NOTHING = ValidOperation(None, ("", ""), {}, b"", None)

ACTIVITY_TYPES = {"event": "event", "page": "Page View", "screen": "Screen View"}
"""What the Activity View calls each action's lines."""


class Applier:
    """Applies the operations of one request, in order.

    Args:
        directory: The workspace, changed in place.
        create_unknown: Whether an operation that is about a person nobody identified yet creates that person.
        max_attributes: Attributes one identify call may carry; the rest is not taken.
        received: When the request arrived, in unix seconds.
    """

    def __init__(self, directory: Directory, *, create_unknown: bool, max_attributes: int, received: float) -> None:
        self.changes = Changes()
        self._directory = directory
        self._identities = Identities(directory, self.changes, create_unknown=create_unknown, fail=self._fail)
        self._max_attributes = max_attributes
        self._received = received
        self._now = int(received)
        self._valid = NOTHING

    def apply(self, valid: ValidOperation) -> None:
        """Applies one operation."""
        self._valid = valid
        ACTIONS[valid.kind](self, valid.operation)

    def event(self, operation: dict[str, Any]) -> None:
        """Adds an event, page or screen to the activity log; an anonymous one may be somebody's already."""
        identifiers = operation["identifiers"]
        time = self._time(operation)
        person: Person | None = None
        anonymous_id: str | None = None
        sent_as = ""
        if identifiers:
            who = from_operation(identifiers)
            sent_as = f"{who.kind}:{who.value}"
            if who.kind == ANONYMOUS:
                anonymous_id = who.value
                links = self._directory.links.get(anonymous_id)
                key = owner(time, links) if links else None
                person = None if key is None else self._directory.people[key]
            else:
                person = self._identities.find_or_create(who, identifiers)
                if person is None:
                    return
        if person is not None and (person.last_seen is None or person.last_seen < time):
            person.last_seen = time
        self.changes.activity.append(
            ActivityRow(
                self._valid.ulid,
                ACTIVITY_TYPES[operation["action"]],
                operation["name"].strip(),
                None if person is None else person.key,
                anonymous_id,
                sent_as,
                time,
                self._received,
                self._valid.text,
            )
        )

    def identify(self, operation: dict[str, Any]) -> None:
        """Creates or updates a person; each attribute keeps its newest value."""
        who = from_operation(operation["identifiers"])
        attributes: dict[str, Any] = operation.get("attributes") or {}
        time = self._time(operation)
        person = self._identities.identify(who, operation["identifiers"][who.kind], attributes, time)
        if person is None:
            return
        self.changes.people.add(person.key)
        pairs = [(name, value) for name, value in flatten(attributes) if name != "_update"]
        self._identities.set_attributes(person, who, pairs[: self._max_attributes], time)
        if len(pairs) > self._max_attributes:
            problem = f"more than {self._max_attributes} attributes in one identify call"
            self._fail("invalid", pairs[self._max_attributes][0], problem)
        anonymous_id = attributes.get(ANONYMOUS)
        if isinstance(anonymous_id, str) and anonymous_id:
            self._directory.link(anonymous_id, time, person, self.changes)
        self._relate_objects(person, operation)

    def delete(self, operation: dict[str, Any]) -> None:
        """Deletes a person; a later operation may create another one with the same identifiers."""
        person = self._directory.find(from_operation(operation["identifiers"]))
        if person is not None:
            self._directory.remove(person, "deleted", self.changes)

    def suppress(self, operation: dict[str, Any]) -> None:
        """Deletes a person, redacts its activity, and keeps all its identifiers from being added again."""
        who = from_operation(operation["identifiers"])
        person = self._directory.find(who)
        identifiers = [who]
        if person is not None:
            identifiers += [each for each in person.identifiers() if each.kind != "cio_id" and each != who]
            self._directory.remove(person, "suppressed", self.changes)
            person.attributes, person.devices = {}, {}
            self.changes.redacted.append(person.key)
        self._directory.suppressed.update(identifiers)
        self.changes.suppressed.extend(identifiers)

    def unsuppress(self, operation: dict[str, Any]) -> None:
        """Lets an identifier be added again."""
        who = from_operation(operation["identifiers"])
        self._directory.suppressed.discard(who)
        self.changes.unsuppressed.append(who)

    def merge(self, operation: dict[str, Any]) -> None:
        """Merges `secondary` into `primary` and deletes it; does nothing where the primary does not exist."""
        primary = self._directory.find(from_operation(operation["primary"]))
        secondary = self._directory.find(from_operation(operation["secondary"]))
        if primary is None:
            self._fail("invalid", "primary", "the primary person does not exist; nothing was merged")
            return
        if secondary is None or secondary is primary:
            self._fail("invalid", "secondary", "there is no other person to merge; nothing was merged")
            return
        links = self._directory.links_of(secondary)
        merge_profile(primary, secondary)
        related = list(secondary.relationships)
        self._directory.remove(secondary, "merged", self.changes)
        for key in related:
            self._directory.objects[key].people.add(primary.key)
        for anonymous_id, time in links:
            self._directory.link(anonymous_id, time, primary, self.changes)
        self._identities.adopt_identifiers(primary, secondary)
        if secondary.last_seen is not None:
            primary.last_seen = max(primary.last_seen or secondary.last_seen, secondary.last_seen)
        self.changes.people.add(primary.key)
        since = self._received - MERGED_HISTORY_SECONDS
        self.changes.moves.append(Move(secondary.key, primary.key, since))

    def add_device(self, operation: dict[str, Any]) -> None:
        """Adds or updates a device of a person, by its token."""
        person = self._found(operation)
        if person is not None:
            device = operation["device"]
            person.devices[device["token"]] = {"last_used": self._now, **device}
            self.changes.people.add(person.key)

    def delete_device(self, operation: dict[str, Any]) -> None:
        """Removes a device of a person."""
        person = self._directory.find(from_operation(operation["identifiers"]))
        if person is not None and person.devices.pop(operation["device"]["token"], None) is not None:
            self.changes.people.add(person.key)

    def add_person_relationships(self, operation: dict[str, Any]) -> None:
        """Relates a person to objects."""
        person = self._found(operation)
        if person is not None:
            self._relate_objects(person, operation)

    def delete_person_relationships(self, operation: dict[str, Any]) -> None:
        """Ends relationships of a person."""
        person = self._directory.find(from_operation(operation["identifiers"]))
        if person is None:
            return
        for entry in operation["cio_relationships"]:
            self._directory.unrelate(person, _object_key(entry["identifiers"]), self.changes)

    def identify_object(self, operation: dict[str, Any]) -> None:
        """Creates or updates an object, and relates people to it. The last to arrive wins: there is no timestamp."""
        key = _object_key(operation["identifiers"])
        found = self._directory.object(key, self.changes)
        kept: dict[str, Any] = {}
        for name, value in (operation.get("attributes") or {}).items():
            fault = too_long(name, value)
            if fault is None:
                kept[name] = value
            else:
                self._fail("invalid", name[: limits.MAX_ATTRIBUTE_NAME_BYTES], fault)
        found.attributes = updated(found.attributes, kept)
        self.changes.objects.add(key)
        for entry in operation.get("cio_relationships") or ():
            who = from_operation(entry["identifiers"])
            attributes = entry.get("relationship_attributes") or {}
            if who.kind == ANONYMOUS:
                self._directory.relate_anonymous(who.value, key, attributes, self.changes)
                continue
            person = self._identities.find_or_create(who, entry["identifiers"])
            if person is not None:
                self._directory.relate(person, key, attributes, self.changes)

    def delete_object(self, operation: dict[str, Any]) -> None:
        """Deletes an object and its relationships."""
        self._directory.delete_object(_object_key(operation["identifiers"]), self.changes)

    def delete_object_relationships(self, operation: dict[str, Any]) -> None:
        """Ends relationships of an object."""
        key = _object_key(operation["identifiers"])
        for entry in operation["cio_relationships"]:
            person = self._directory.find(from_operation(entry["identifiers"]))
            if person is not None:
                self._directory.unrelate(person, key, self.changes)

    def delivery(self, operation: dict[str, Any]) -> None:
        """Notes a metric of a message that was delivered."""
        self.changes.activity.append(
            ActivityRow(
                None,
                "delivery",
                operation["name"],
                None,
                None,
                f"delivery:{operation['identifiers']['id']}",
                self._time(operation),
                self._received,
                self._valid.text,
            )
        )

    def _time(self, operation: dict[str, Any]) -> int:
        time = operation.get("timestamp")
        return self._now if time is None else int(time)

    def _found(self, operation: dict[str, Any]) -> Person | None:
        return self._identities.find_or_create(from_operation(operation["identifiers"]), operation["identifiers"])

    def _relate_objects(self, person: Person, operation: dict[str, Any]) -> None:
        for entry in operation.get("cio_relationships") or ():
            attributes = entry.get("relationship_attributes") or {}
            self._directory.relate(person, _object_key(entry["identifiers"]), attributes, self.changes)

    def _fail(self, reason: str, field: str, message: str) -> None:
        problem = Problem(reason, field, message)
        valid = self._valid
        self.changes.refusals.append(Refusal(self._received, 200, valid.index, problem, valid.text, later=True))


def _object_key(identifiers: dict[str, Any]) -> ObjectKey:
    return identifiers["object_type_id"], identifiers["object_id"]


ACTIONS: dict[tuple[str, str], Callable[[Applier, dict[str, Any]], None]] = {
    ("person", "event"): Applier.event,
    ("person", "page"): Applier.event,
    ("person", "screen"): Applier.event,
    ("person", "identify"): Applier.identify,
    ("person", "delete"): Applier.delete,
    ("person", "suppress"): Applier.suppress,
    ("person", "unsuppress"): Applier.unsuppress,
    ("person", "merge"): Applier.merge,
    ("person", "add_device"): Applier.add_device,
    ("person", "delete_device"): Applier.delete_device,
    ("person", "add_relationships"): Applier.add_person_relationships,
    ("person", "delete_relationships"): Applier.delete_person_relationships,
    ("object", "identify"): Applier.identify_object,
    ("object", "identify_anonymous"): Applier.identify_object,
    ("object", "add_relationships"): Applier.identify_object,
    ("object", "delete"): Applier.delete_object,
    ("object", "delete_relationships"): Applier.delete_object_relationships,
    ("delivery", "event"): Applier.delivery,
}
"""What each `(type, action)` does."""
