"""The six calls of the Segment spec, one function each, in the contract's order.

Each takes an event and the job's settings, and returns the operations that it becomes. They raise ``InvalidEvent``
where an event has no operation. ``mapping.limits`` checks sizes and counts afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from customerio_beam.mapping.attributes import convert_dates, created_at
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import identifier_text, is_empty, object_value, trimmed
from customerio_beam.mapping.message import message_ulid
from customerio_beam.mapping.names import cut_name
from customerio_beam.mapping.objects import CONTROL_TRAITS, object_of_traits, relationship, relationship_attributes
from customerio_beam.mapping.operation import Operation, Parts
from customerio_beam.mapping.person import (
    Identifiers,
    check_length,
    known_person,
    known_person_of,
    person_or_anonymous,
    user,
)
from customerio_beam.mapping.places import first_identifier, first_text, places
from customerio_beam.mapping.settings import MappingSettings

__all__ = ["CALL_MAPPERS", "event_name", "named_event", "unsupported_phone"]

_PAGE_NAME: Final = places("page name")
_PAGE_NAME_BY_URL: Final = places("page name with page_name=url")
_SCREEN_NAME: Final = places("screen name")
_OBJECT_ID: Final = places("object id of identify")


def event_name(event: Event, settings: MappingSettings) -> str | None:
    """Return the name of a track, page or screen call, before it is cut; None where it has none, as other calls."""
    if event.call == "track":
        return trimmed(event.fields.event)
    if event.call == "page":
        return first_text(event, _PAGE_NAME_BY_URL if settings.page_name == "url" else _PAGE_NAME)
    return first_text(event, _SCREEN_NAME) if event.call == "screen" else None


def _track(event: Event, settings: MappingSettings) -> Parts:
    name = event_name(event, settings)
    if name is None:
        raise InvalidEvent("missing_event_name", "A track call needs an event name.")
    return [named_event("event", name, event, settings)]


def _page(event: Event, settings: MappingSettings) -> Parts:
    name = event_name(event, settings)
    if name is None:
        raise InvalidEvent("missing_page_name", "The page has no name, URL, path or category.")
    return [_view("page", name, event, settings)]


def _screen(event: Event, settings: MappingSettings) -> Parts:
    name = event_name(event, settings)
    if name is None:
        raise InvalidEvent("missing_screen_name", "The screen has no name or category.")
    return [_view("screen", name, event, settings)]


def _view(action: str, name: str, event: Event, settings: MappingSettings) -> Operation:
    """Build the operation of a page or screen, with its category among the attributes."""
    operation = named_event(action, name, event, settings)
    category = event.fields.category
    if not is_empty(category) and is_empty(operation["attributes"].get("category")):
        operation["attributes"] = {**operation["attributes"], "category": category}
    return operation


def _identify(event: Event, settings: MappingSettings) -> Parts:
    traits = event.traits
    operation: Operation = {
        "type": "person",
        "action": "identify",
        "identifiers": known_person_of(event, settings.identify_by),
    }
    if settings.identify_timestamp == "event":
        operation["timestamp"] = event.time_ms // 1000
    attributes = _attributes(traits, settings)
    if event.anonymous_id is not None:
        attributes["anonymous_id"] = event.anonymous_id
    operation["attributes"] = attributes
    object_id = first_identifier(event, _OBJECT_ID)
    if object_id is not None:
        related = _dates(relationship_attributes(traits), settings)
        operation["cio_relationships"] = [relationship(object_of_traits(object_id, event), related)]
    return [operation]


def _group(event: Event, settings: MappingSettings) -> Parts:
    group_id = identifier_text(event.fields.group_id)
    if group_id is None:
        raise InvalidEvent("missing_group_id", "A group call needs a groupId.")
    traits = event.traits
    attributes = _attributes(traits, settings)
    attributes.update(object_value(attributes.pop("objectAttributes", None), "traits.objectAttributes"))
    operation: Operation = {
        "type": "object",
        "action": "identify",
        "identifiers": object_of_traits(group_id, event),
        "attributes": attributes,
    }
    related = _dates(relationship_attributes(traits), settings)
    person = known_person(event, settings.identify_by)
    if person is None and event.anonymous_id is not None:
        operation["action"] = "identify_anonymous"
        person = {"anonymous_id": check_length(event.anonymous_id, "anonymousId")}
    if person is None:
        return [operation]
    if "phone" in person:
        return [operation, unsupported_phone("a relationship")]
    operation["cio_relationships"] = [relationship(person, related)]
    return [operation]


def _alias(event: Event, settings: MappingSettings) -> Parts:
    previous_id = identifier_text(event.fields.previous_id)
    if previous_id is None:
        raise InvalidEvent("missing_previous_id", "An alias call needs a previousId.")
    if event.user_id is None:
        raise InvalidEvent("missing_identity", "An alias call needs a userId.")
    primary = user(event.user_id, settings.identify_by)
    secondary = user(previous_id, settings.identify_by)
    if "phone" in primary or "phone" in secondary:
        raise unsupported_phone("a merge")
    if primary == secondary or _same_email(primary, secondary):
        raise InvalidEvent("self_merge", "userId and previousId are the same person.")
    return [{"type": "person", "action": "merge", "primary": primary, "secondary": secondary}]


#: The function of each call. A track event's name may have a meaning of its own; that goes first.
CALL_MAPPERS: Final[dict[str, Callable[[Event, MappingSettings], Parts]]] = {
    "track": _track,
    "page": _page,
    "screen": _screen,
    "identify": _identify,
    "group": _group,
    "alias": _alias,
}


def named_event(action: str, name: str, event: Event, settings: MappingSettings) -> Operation:
    """Build an ``event``, ``page`` or ``screen`` operation of the event's person or visitor.

    A name over the limit is cut; ``attributes.full_name`` then holds all of it.
    """
    attributes = convert_dates(event.properties) if settings.convert_dates else event.properties
    short_name = cut_name(name)
    if short_name != name:
        attributes = {**attributes, "full_name": name}
    return {
        "type": "person",
        "action": action,
        "identifiers": person_or_anonymous(event, settings.identify_by),
        "id": message_ulid(event),
        "name": short_name,
        "timestamp": event.time_ms // 1000,
        "attributes": attributes,
    }


def unsupported_phone(operation: str) -> InvalidEvent:
    """Say that an operation can't name a person by a phone number: the Track API's schema has none there."""
    return InvalidEvent("unsupported_identifier", f"The Track API can't name a person of {operation} by phone.")


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


def _dates(attributes: dict[str, Any], settings: MappingSettings) -> dict[str, Any]:
    return convert_dates(attributes) if settings.convert_dates else attributes


def _same_email(primary: Identifiers, secondary: Identifiers) -> bool:
    email = primary.get("email")
    return email is not None and email.lower() == secondary.get("email", "").lower()
