"""What each operation does to the workspace: one method per action, for checked operations in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from customerio_beam.sandbox.activity import Activity, Line
from customerio_beam.sandbox.objects import Objects
from customerio_beam.sandbox.people import People, Person
from customerio_beam.sandbox.rules.identifiers import ANONYMOUS, from_operation
from customerio_beam.sandbox.rules.validation import EVENT_ACTIONS, Problem

ACTIVITY_TYPES = {"event": "event", "page": "Page View", "screen": "Screen View"}
"""What the Activity View calls the events of each action."""

Operation = dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """A checked operation.

    Attributes:
        index: Its position in its batch, or None.
        operation: The operation.
        text: The same as compact JSON.
    """

    index: int | None
    operation: Operation
    text: bytes

    @property
    def kind(self) -> tuple[str, str]:
        """Its type and action."""
        return self.operation["type"], self.operation["action"]

    @property
    def ulid(self) -> str | None:
        """Its deduplication id in capitals; only events have one."""
        ulid: str | None = self.operation.get("id") if self.operation["action"] in EVENT_ACTIONS else None
        return ulid.upper() if ulid else None


@dataclass
class Applier:
    """Applies the operations of one request, in order.

    Attributes:
        people: The workspace's people.
        objects: Its objects.
        activity: Its activity log.
        create_unknown: Whether an operation about somebody unknown creates that person.
        max_attributes: Attributes that one identify call may carry.
        received: When the request arrived, in unix seconds.
        failures: Operations that had no effect, or not all of it, with the reason.
    """

    people: People
    objects: Objects
    activity: Activity
    create_unknown: bool
    max_attributes: int
    received: float
    failures: list[tuple[Checked, Problem]] = field(default_factory=list)
    _current: Checked = field(init=False)

    def apply(self, checked: Checked) -> None:
        """Apply one operation."""
        self._current = checked
        ACTIONS[checked.kind](self, checked.operation)

    def _event(self, operation: Operation) -> None:
        kind = ACTIVITY_TYPES[operation["action"]]
        if not operation["identifiers"]:
            self._log(kind, operation, "")
            return
        who = from_operation(operation["identifiers"])
        sent_as = f"{who.kind}:{who.value}"
        if who.kind == ANONYMOUS:
            self._log(kind, operation, sent_as, self.activity.owner(who.value, self.received), who.value)
            return
        person = self._person(operation["identifiers"])
        if person is not None:
            self._log(kind, operation, sent_as, person.key)

    def _identify(self, operation: Operation) -> None:
        who = from_operation(operation["identifiers"])
        attributes: dict[str, Any] = operation.get("attributes") or {}
        time = self._time(operation)
        person = self.people.identify(who, attributes, time, self._fail)
        if person is None:
            return
        names = [name for name in attributes if name != "_update"]
        kept = {name: attributes[name] for name in names[: self.max_attributes]}
        self.people.set_attributes(person, who, kept, time, self._fail)
        if len(names) > self.max_attributes:
            self._fail("invalid", "attributes", f"more than {self.max_attributes} attributes in one identify call")
        anonymous_id = attributes.get(ANONYMOUS)
        if isinstance(anonymous_id, str) and anonymous_id:
            self.activity.claim(anonymous_id, person.key, self.received)
            self.objects.carry_over(anonymous_id, person.key)
        self._relate_objects(person, operation.get("cio_relationships") or ())

    def _delete(self, operation: Operation) -> None:
        self.people.delete(self._known(operation))

    def _suppress(self, operation: Operation) -> None:
        self.people.suppress(from_operation(operation["identifiers"]))

    def _unsuppress(self, operation: Operation) -> None:
        self.people.unsuppress(from_operation(operation["identifiers"]))

    def _merge(self, operation: Operation) -> None:
        primary = self.people.find(from_operation(operation["primary"]))
        secondary = self.people.find(from_operation(operation["secondary"]))
        if primary is None:
            self._fail("invalid", "primary", "the primary person does not exist; nothing was merged")
        elif secondary is None or secondary == primary:
            self._fail("invalid", "secondary", "there is no other person to merge; nothing was merged")
        else:
            self.people.merge(primary, secondary, self.received)

    def _add_device(self, operation: Operation) -> None:
        person = self._person(operation["identifiers"])
        if person is not None:
            self.people.set_device(person, {"last_used": int(self.received), **operation["device"]})

    def _delete_device(self, operation: Operation) -> None:
        self.people.remove_device(self._known(operation), operation["device"]["token"])

    def _add_person_relationships(self, operation: Operation) -> None:
        person = self._person(operation["identifiers"])
        if person is not None:
            self._relate_objects(person, operation["cio_relationships"])

    def _delete_person_relationships(self, operation: Operation) -> None:
        for entry in operation["cio_relationships"]:
            self.objects.unrelate(entry["identifiers"], self._known(operation))

    def _identify_object(self, operation: Operation) -> None:
        key = self.objects.find_or_create(operation["identifiers"], self._fail)
        if key is None:
            return
        self.objects.update(key, operation.get("attributes") or {}, self._fail)
        for entry in operation.get("cio_relationships") or ():
            who = from_operation(entry["identifiers"])
            related: int | str | None
            if who.kind == ANONYMOUS:
                related = self.activity.owner(who.value, self.received) or who.value
            else:
                person = self._person(entry["identifiers"])
                related = person.key if person else None
            if related is not None:
                self.objects.relate(key, related, entry.get("relationship_attributes") or {}, self._fail)

    def _delete_object(self, operation: Operation) -> None:
        self.objects.delete(operation["identifiers"])

    def _delete_object_relationships(self, operation: Operation) -> None:
        for entry in operation["cio_relationships"]:
            self.objects.unrelate(operation["identifiers"], self._known(entry))

    def _delivery(self, operation: Operation) -> None:
        self._log("delivery", operation, f"delivery:{operation['identifiers']['id']}")

    def _fail(self, reason: str, field: str, message: str) -> None:
        self.failures.append((self._current, Problem(reason, field, message)))

    def _time(self, operation: Operation) -> int:
        time = operation.get("timestamp")
        return int(self.received if time is None else time)

    def _known(self, operation: Operation) -> Person | None:
        return self.people.find(from_operation(operation["identifiers"]))

    def _person(self, identifiers: dict[str, Any]) -> Person | None:
        return self.people.find_or_create(from_operation(identifiers), self._fail, create=self.create_unknown)

    def _relate_objects(self, person: Person, entries: Iterable[Mapping[str, Any]]) -> None:
        for entry in entries:
            key = self.objects.find_or_create(entry["identifiers"], self._fail)
            if key is not None:
                self.objects.relate(key, person.key, entry.get("relationship_attributes") or {}, self._fail)

    def _log(
        self, kind: str, operation: Operation, sent_as: str, person: int | None = None, anonymous_id: str | None = None
    ) -> None:
        name, time = operation["name"].strip(), self._time(operation)
        ulid, text = self._current.ulid, self._current.text
        self.activity.add(Line(kind, name, person, anonymous_id, sent_as, time, self.received, ulid, text))


ACTIONS = {
    **{("person", action): Applier._event for action in EVENT_ACTIONS},
    ("person", "identify"): Applier._identify,
    ("person", "delete"): Applier._delete,
    ("person", "suppress"): Applier._suppress,
    ("person", "unsuppress"): Applier._unsuppress,
    ("person", "merge"): Applier._merge,
    ("person", "add_device"): Applier._add_device,
    ("person", "delete_device"): Applier._delete_device,
    ("person", "add_relationships"): Applier._add_person_relationships,
    ("person", "delete_relationships"): Applier._delete_person_relationships,
    ("object", "identify"): Applier._identify_object,
    ("object", "identify_anonymous"): Applier._identify_object,
    ("object", "add_relationships"): Applier._identify_object,
    ("object", "delete"): Applier._delete_object,
    ("object", "delete_relationships"): Applier._delete_object_relationships,
    ("delivery", "event"): Applier._delivery,
}
"""What each `(type, action)` does."""
