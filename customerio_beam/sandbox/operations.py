"""What each operation does to the workspace: one method per action, for checked operations in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec

from customerio_beam.sandbox.activity import Activity
from customerio_beam.sandbox.objects import Objects
from customerio_beam.sandbox.people import People, Person
from customerio_beam.sandbox.rules.identifiers import ANONYMOUS, Identifier, from_operation
from customerio_beam.sandbox.rules.limits import MAX_ATTRIBUTES
from customerio_beam.sandbox.rules.validation import EVENT_ACTIONS, Problem

#: What the Activity View calls the events of each action.
ACTIVITY_TYPES = {"event": "event", "page": "Page View", "screen": "Screen View"}

Operation = dict[str, Any]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the workspace behaves where Customer.io leaves a choice.

    Attributes:
        create_unknown: Whether an event (or device, or relationship) of somebody unknown creates that person.
        max_attributes: Attributes that one identify call may carry; the sandbox drops further ones.
        merge_anonymous: Whether anonymous events are joined to people ("event merging" in a workspace's settings).
        identify_by_phone: Whether a phone number identifies a person.
        count_only: Count the operations of each request and do nothing else: no checks, no state.
    """

    create_unknown: bool = True
    max_attributes: Annotated[int, msgspec.Meta(ge=1)] = MAX_ATTRIBUTES
    merge_anonymous: bool = True
    identify_by_phone: bool = False
    count_only: bool = False


class Applier:
    """Applies the operations of one request, in order; a method for each type and action.

    Args:
        people: The workspace's people.
        objects: Its objects.
        activity: Its activity log.
        settings: How it behaves.
        received: When the request arrived, in unix seconds.
    """

    def __init__(
        self, people: People, objects: Objects, activity: Activity, settings: Settings, received: float
    ) -> None:
        self.people, self.objects, self.activity = people, objects, activity
        self.settings, self.received = settings, received

    def apply(self, operation: Operation, text: bytes) -> list[Problem]:
        """Apply one checked operation, given also as JSON text; return why it had no effect, or not all of it."""
        self._text = text
        self._problems: list[Problem] = []
        getattr(self, f"_{operation['type']}_{operation['action']}")(operation)
        return self._problems

    def _person_event(self, operation: Operation) -> None:
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

    _person_page = _person_screen = _person_event

    def _person_identify(self, operation: Operation) -> None:
        who = from_operation(operation["identifiers"])
        attributes: dict[str, Any] = operation.get("attributes") or {}
        time = self._time(operation)
        person = self.people.identify(who, attributes, time, self._fail)
        if person is None:
            return
        names = [name for name in attributes if name != "_update"]
        kept = {name: attributes[name] for name in names[: self.settings.max_attributes]}
        self.people.set_attributes(person, who, kept, time, self._fail)
        if len(names) > self.settings.max_attributes:
            self._fail(
                "invalid", "attributes", f"more than {self.settings.max_attributes} attributes in one identify call"
            )
        anonymous_id = attributes.get(ANONYMOUS)
        if isinstance(anonymous_id, str) and anonymous_id:
            self.activity.claim(anonymous_id, person.key, self.received)
            self.objects.carry_over(anonymous_id, person.key)
        self._relate_objects(person, operation.get("cio_relationships") or ())

    def _person_delete(self, operation: Operation) -> None:
        self.people.delete(self._known(operation))

    def _person_suppress(self, operation: Operation) -> None:
        self.people.suppress(from_operation(operation["identifiers"]))

    def _person_unsuppress(self, operation: Operation) -> None:
        self.people.unsuppress(from_operation(operation["identifiers"]))

    def _person_merge(self, operation: Operation) -> None:
        primary = self.people.find(from_operation(operation["primary"]))
        secondary = self.people.find(from_operation(operation["secondary"]))
        if primary is None:
            self._fail("invalid", "primary", "the primary person does not exist; nothing was merged")
        elif secondary is None or secondary == primary:
            self._fail("invalid", "secondary", "there is no other person to merge; nothing was merged")
        else:
            self.people.merge(primary, secondary, self.received)

    def _person_add_device(self, operation: Operation) -> None:
        person = self._person(operation["identifiers"])
        if person is not None:
            self.people.set_device(person, {"last_used": int(self.received), **operation["device"]})

    def _person_delete_device(self, operation: Operation) -> None:
        self.people.remove_device(self._known(operation), operation["device"]["token"])

    def _person_add_relationships(self, operation: Operation) -> None:
        person = self._person(operation["identifiers"])
        if person is not None:
            self._relate_objects(person, operation["cio_relationships"])

    def _person_delete_relationships(self, operation: Operation) -> None:
        for entry in operation["cio_relationships"]:
            self.objects.unrelate(entry["identifiers"], self._known(operation))

    def _object_identify(self, operation: Operation) -> None:
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

    _object_identify_anonymous = _object_add_relationships = _object_identify

    def _object_delete(self, operation: Operation) -> None:
        self.objects.delete(operation["identifiers"])

    def _object_delete_relationships(self, operation: Operation) -> None:
        for entry in operation["cio_relationships"]:
            self.objects.unrelate(operation["identifiers"], self._known(entry))

    def _delivery_event(self, operation: Operation) -> None:
        recipient = operation["attributes"].get("recipient") or operation["attributes"].get("device_token")
        self._log("delivery", operation, f"delivery:{operation['identifiers']['id']}", self.people.recipient(recipient))

    def _delivery_unsubscribe(self, operation: Operation) -> None:
        sent_as = f"delivery:{operation['identifiers']['id']}"
        person = self.activity.recipient(sent_as)
        self._log("delivery", {**operation, "name": "unsubscribed"}, sent_as, person)
        if person is None:
            self._fail("invalid", "delivery_id", "no metric has named a person who received this delivery")
        elif operation.get("unsubscribe") is True:
            self.people.set_attribute(person, "unsubscribed", True, int(self.received))

    def _segment_add_customers(self, operation: Operation) -> None:
        for name in operation["ids"]:
            person = self.people.find(Identifier(operation["id_type"], str(name)))
            if person is None:
                self._fail("invalid", "ids", f"nobody has the {operation['id_type']} {name!r}; it was ignored")
            else:
                added = operation["action"] == "add_customers"
                self.people.set_segment(person, operation["segment"], member=added)

    _segment_remove_customers = _segment_add_customers

    def _form_submit(self, operation: Operation) -> None:
        self._person_identify(operation)
        self._log("form", operation, "", getattr(self._known(operation), "key", None))

    def _fail(self, reason: str, field: str, message: str) -> None:
        self._problems.append(Problem(reason, field, message))

    def _time(self, operation: Operation) -> int:
        time = operation.get("timestamp")
        return int(self.received if time is None else time)

    def _known(self, operation: Operation) -> Person | None:
        return self.people.find(from_operation(operation["identifiers"]))

    def _person(self, identifiers: dict[str, Any]) -> Person | None:
        return self.people.find_or_create(from_operation(identifiers), self._fail, create=self.settings.create_unknown)

    def _relate_objects(self, person: Person, entries: Iterable[Mapping[str, Any]]) -> None:
        for entry in entries:
            key = self.objects.find_or_create(entry["identifiers"], self._fail)
            if key is not None:
                self.objects.relate(key, person.key, entry.get("relationship_attributes") or {}, self._fail)

    def _log(
        self, kind: str, operation: Operation, sent_as: str, person: int | None = None, anonymous_id: str | None = None
    ) -> None:
        self.activity.add(
            type=kind,
            name=operation["name"].strip(),
            person=person,
            anonymous_id=anonymous_id,
            identifier=sent_as,
            time=self._time(operation),
            received=self.received,
            ulid=ulid_of(operation),
            operation=self._text,
        )


def ulid_of(operation: Operation) -> str | None:
    """Return the deduplication id of a checked operation, in capitals; only events have one."""
    is_event = operation["type"] == "person" and operation["action"] in EVENT_ACTIONS
    ulid: str | None = operation.get("id") if is_event else None
    return ulid.upper() if ulid else None
