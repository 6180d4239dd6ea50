"""The six calls of the Segment spec, one function each, in the contract's order.

Each takes an event and the job's settings and returns the operations it makes. They raise ``InvalidEvent`` where an
event has no operation. Limits on sizes and counts come afterwards (``mapping.limits``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from customerio_beam.mapping import json_text
from customerio_beam.mapping.attributes import convert_dates, created_at
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import identifier, identifier_text, text, trimmed
from customerio_beam.mapping.names import cut_name
from customerio_beam.mapping.objects import CONTROL_TRAITS, object_identifiers, relationship, relationship_attributes
from customerio_beam.mapping.person import Identifiers, check_length, known_person, person_or_anonymous, user
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.mapping.ulid import is_ulid, make_ulid

__all__ = ["CALL_MAPPERS", "Operation", "known_person_of", "named_event"]

#: One Track API v2 operation.
Operation = dict[str, Any]

# Fields that change when the same event is sent again, so that an event's id can't depend on them.
_TRANSPORT_FIELDS: Final = ("sentAt", "receivedAt")


def _track(event: Event, settings: MappingSettings) -> list[Operation]:
    name = trimmed(event.fields.event)
    if name is None:
        raise InvalidEvent("missing_event_name", "A track call needs an event name.")
    return [named_event("event", name, event, settings)]


def _page(event: Event, settings: MappingSettings) -> list[Operation]:
    properties = event.properties
    page = event.context.page
    name = (
        trimmed(event.fields.name)
        or text(properties, "name")
        or text(properties, "url")
        or (text(page, "url") if isinstance(page, dict) else None)
        or text(properties, "path")
    )
    if name is None:
        raise InvalidEvent("missing_page_name", "The page has no name, no URL and no path.")
    operation = named_event("page", name, event, settings)
    category = event.fields.category
    if category is not None and "category" not in operation["attributes"]:
        operation["attributes"] = {**operation["attributes"], "category": category}
    return [operation]


def _screen(event: Event, settings: MappingSettings) -> list[Operation]:
    name = trimmed(event.fields.name) or trimmed(event.fields.event) or text(event.properties, "name")
    if name is None:
        raise InvalidEvent("missing_screen_name", "The screen has no name.")
    return [named_event("screen", name, event, settings)]


def _identify(event: Event, settings: MappingSettings) -> list[Operation]:
    traits = event.traits
    identifiers = known_person_of(event, settings)
    attributes = _attributes(traits, settings)
    if event.anonymous_id is not None:
        attributes["anonymous_id"] = event.anonymous_id
    operation: Operation = {
        "type": "person",
        "action": "identify",
        "identifiers": identifiers,
        "timestamp": event.time_ms // 1000,
        "attributes": attributes,
    }
    object_id = identifier(traits, "objectId")
    if object_id is not None:
        related = _dates(relationship_attributes(traits), settings)
        operation["cio_relationships"] = [relationship(object_identifiers(object_id, traits), related)]
    return [operation]


def _group(event: Event, settings: MappingSettings) -> list[Operation]:
    group_id = identifier_text(event.fields.group_id)
    if group_id is None:
        raise InvalidEvent("missing_group_id", "A group call needs a groupId.")
    traits = event.traits
    attributes = _attributes(traits, settings)
    overlay = attributes.pop("objectAttributes", None)
    if isinstance(overlay, dict):
        attributes.update(overlay)
    elif overlay is not None:
        raise InvalidEvent("invalid_field", "traits.objectAttributes must be an object.")
    operation: Operation = {
        "type": "object",
        "action": "identify",
        "identifiers": object_identifiers(group_id, traits),
        "attributes": attributes,
    }
    related = _dates(relationship_attributes(traits), settings)
    person = known_person(event, settings.identify_by)
    if person is None and event.anonymous_id is not None:
        operation["action"] = "identify_anonymous"
        person = {"anonymous_id": check_length(event.anonymous_id, "anonymousId")}
    if person is not None:
        operation["cio_relationships"] = [relationship(person, related)]
    return [operation]


def _alias(event: Event, settings: MappingSettings) -> list[Operation]:
    previous_id = identifier_text(event.fields.previous_id)
    if previous_id is None:
        raise InvalidEvent("missing_previous_id", "An alias call needs a previousId.")
    if event.user_id is None:
        raise InvalidEvent("missing_identity", "An alias call needs a userId.")
    primary = user(event.user_id, settings.identify_by)
    secondary = user(previous_id, settings.identify_by)
    if primary == secondary or _same_email(primary, secondary):
        raise InvalidEvent("self_merge", "userId and previousId are the same person.")
    return [{"type": "person", "action": "merge", "primary": primary, "secondary": secondary}]


#: The function of each call. A track event's name may have a meaning of its own, which goes first.
CALL_MAPPERS: Final[dict[str, Callable[[Event, MappingSettings], list[Operation]]]] = {
    "track": _track,
    "page": _page,
    "screen": _screen,
    "identify": _identify,
    "group": _group,
    "alias": _alias,
}


def known_person_of(event: Event, settings: MappingSettings) -> Identifiers:
    """Find the person of an event that an anonymous visitor can't make.

    Raises:
        InvalidEvent: ``missing_identity``, ``identifier_too_long``.
    """
    identifiers = known_person(event, settings.identify_by)
    if identifiers is None:
        raise InvalidEvent("missing_identity", "The event has neither a userId nor an email.")
    return identifiers


def named_event(action: str, name: str, event: Event, settings: MappingSettings) -> Operation:
    """Build an ``event``, ``page`` or ``screen`` operation of the event's person or visitor.

    A name over the limit is cut, and goes into ``attributes.full_name`` whole.
    """
    attributes = convert_dates(event.properties) if settings.convert_dates else event.properties
    short_name = cut_name(name)
    if short_name != name:
        attributes = {**attributes, "full_name": name}
    return {
        "type": "person",
        "action": action,
        "identifiers": person_or_anonymous(event, settings.identify_by),
        "id": _ulid(event),
        "name": short_name,
        "timestamp": event.time_ms // 1000,
        "attributes": attributes,
    }


def _ulid(event: Event) -> str:
    message_id = event.message_id
    if message_id is None:
        fields = {
            name: value for name, value in json_text.loads(event.payload).items() if name not in _TRANSPORT_FIELDS
        }
        return make_ulid(event.client_time_ms, json_text.dumps_canonical(fields))
    if is_ulid(message_id):
        return message_id.upper()
    return make_ulid(event.client_time_ms, message_id.encode("utf-8"))


def _attributes(traits: dict[str, Any], settings: MappingSettings) -> dict[str, Any]:
    """Return the traits that are attributes, in their order, dates converted: a new object."""
    attributes = {name: value for name, value in traits.items() if name not in CONTROL_TRAITS}
    created = created_at(traits)
    attributes.pop("created_at", None)
    if settings.convert_dates:
        attributes = dict(convert_dates(attributes))
    if created is not None:
        attributes["created_at"] = created
    return attributes


def _dates(attributes: dict[str, Any] | None, settings: MappingSettings) -> dict[str, Any] | None:
    return convert_dates(attributes) if attributes and settings.convert_dates else attributes


def _same_email(primary: Identifiers, secondary: Identifiers) -> bool:
    email = primary.get("email")
    return email is not None and email.lower() == secondary.get("email", "").lower()
