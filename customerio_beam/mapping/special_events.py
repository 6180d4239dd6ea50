"""Track events with a meaning of their own, by their exact names.

An event that changes a person or a device needs a person who is known by userId or email: an anonymous visitor has no
devices, and can't be deleted. An event about an object or a delivery needs nobody. *Application Opened* and its like
are also events, and are sent as such for an anonymous visitor too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from customerio_beam.mapping.calls import named_event, unsupported_phone
from customerio_beam.mapping.deliveries import report_delivery
from customerio_beam.mapping.devices import device_token, new_device, token_of_device_event
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.objects import named_object, relationship
from customerio_beam.mapping.operation import Operation, Parts
from customerio_beam.mapping.person import known_person, known_person_of
from customerio_beam.mapping.settings import MappingSettings

__all__ = ["OBJECT_EVENTS", "SPECIAL_EVENTS"]


def _application_opened(event: Event, settings: MappingSettings) -> Parts:
    parts: Parts = [named_event("event", event.fields.event, event, settings)]
    token = device_token(event)
    if token is not None and known_person(event, settings.identify_by) is not None:
        try:
            parts.append(_person(event, settings, "add_device", device=new_device(token, event)))
        except InvalidEvent as error:
            parts.append(error)
    return parts


def _application_uninstalled(event: Event, settings: MappingSettings) -> Parts:
    parts: Parts = [named_event("event", event.fields.event, event, settings)]
    token = device_token(event)
    if token is not None and known_person(event, settings.identify_by) is not None:
        parts.append(_person(event, settings, "delete_device", device={"token": token}))
    return parts


def _device_created(event: Event, settings: MappingSettings) -> Parts:
    return [_person(event, settings, "add_device", device=new_device(_token(event), event))]


def _device_deleted(event: Event, settings: MappingSettings) -> Parts:
    return [_person(event, settings, "delete_device", device={"token": _token(event)})]


def _user_deleted(event: Event, settings: MappingSettings) -> Parts:
    return [_person(event, settings, "delete")]


def _user_suppressed(event: Event, settings: MappingSettings) -> Parts:
    return [_person(event, settings, "suppress")]


def _user_unsuppressed(event: Event, settings: MappingSettings) -> Parts:
    return [_person(event, settings, "unsuppress")]


def _object_deleted(event: Event, settings: MappingSettings) -> Parts:
    return [{"type": "object", "action": "delete", "identifiers": named_object(event)}]


def _relationship_deleted(event: Event, settings: MappingSettings) -> Parts:
    person = known_person_of(event, settings.identify_by)
    if "phone" in person:
        raise unsupported_phone("a relationship")
    return [
        {
            "type": "object",
            "action": "delete_relationships",
            "identifiers": named_object(event),
            "cio_relationships": [relationship(person, {})],
        }
    ]


def _report_delivery(event: Event, settings: MappingSettings) -> Parts:
    return [report_delivery(event)]


#: The mapping of each event name that has a meaning of its own.
SPECIAL_EVENTS: Final[dict[str, Callable[[Event, MappingSettings], Parts]]] = {
    "Application Installed": _application_opened,
    "Application Opened": _application_opened,
    "Application Uninstalled": _application_uninstalled,
    "Device Created or Updated": _device_created,
    "Device Deleted": _device_deleted,
    "User Deleted": _user_deleted,
    "User Suppressed": _user_suppressed,
    "User Unsuppressed": _user_unsuppressed,
    "Object Deleted": _object_deleted,
    "Relationship Deleted": _relationship_deleted,
    "Report Delivery Event": _report_delivery,
}

#: The events about an object that their properties name.
OBJECT_EVENTS: Final = frozenset(
    {name for name, mapper in SPECIAL_EVENTS.items() if mapper in (_object_deleted, _relationship_deleted)}
)


def _person(event: Event, settings: MappingSettings, action: str, **fields: object) -> Operation:
    identifiers = known_person_of(event, settings.identify_by)
    return {"type": "person", "action": action, "identifiers": identifiers, **fields}


def _token(event: Event) -> str:
    token = token_of_device_event(event)
    if token is None:
        raise InvalidEvent("missing_device_token", "The event has no device token, such as context.device.token.")
    return token
