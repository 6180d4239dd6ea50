"""Track events with a meaning of their own, by their exact names.

They need a person who is known by userId or email: an anonymous visitor has no devices, and can't be deleted.
An anonymous *Application Opened* is still an event, and goes out as one.

Where an event goes out and its device can't, the device is an ``InvalidEvent`` among the operations: it says which
part was not sent, and why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from customerio_beam.mapping.calls import Operation, known_person_of, named_event
from customerio_beam.mapping.devices import device_token, new_device
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import identifier, text
from customerio_beam.mapping.objects import object_identifiers
from customerio_beam.mapping.person import known_person
from customerio_beam.mapping.settings import MappingSettings

__all__ = ["SPECIAL_EVENTS", "Parts"]

#: Operations, and the parts that have none.
Parts = list[Operation | InvalidEvent]

#: What Customer.io takes as a delivery's metric (Track API specification).
_DELIVERY_METRICS: Final = ("opened", "converted", "delivered")


def _application_opened(event: Event, settings: MappingSettings) -> Parts:
    operations: Parts = [named_event("event", event.fields.event, event, settings)]
    token = device_token(event)
    if token is not None and known_person(event, settings.identify_by) is not None:
        try:
            operations.append(_person(event, settings, "add_device", device=new_device(token, event)))
        except InvalidEvent as error:
            operations.append(error)
    return operations


def _application_uninstalled(event: Event, settings: MappingSettings) -> Parts:
    operations: Parts = [named_event("event", event.fields.event, event, settings)]
    token = device_token(event)
    if token is not None and known_person(event, settings.identify_by) is not None:
        operations.append(_person(event, settings, "delete_device", device={"token": token}))
    return operations


def _device_created(event: Event, settings: MappingSettings) -> Parts:
    return [_person(event, settings, "add_device", device=new_device(_token(event), event))]


def _device_deleted(event: Event, settings: MappingSettings) -> Parts:
    return [_person(event, settings, "delete_device", device={"token": _token(event)})]


def _delete(event: Event, settings: MappingSettings) -> Parts:
    return [_person(event, settings, "delete")]


def _suppress(event: Event, settings: MappingSettings) -> Parts:
    return [_person(event, settings, "suppress")]


def _unsuppress(event: Event, settings: MappingSettings) -> Parts:
    return [_person(event, settings, "unsuppress")]


def _delete_object(event: Event, settings: MappingSettings) -> Parts:
    known_person_of(event, settings)
    return [{"type": "object", "action": "delete", "identifiers": _object(event)}]


def _delete_relationship(event: Event, settings: MappingSettings) -> Parts:
    person = known_person_of(event, settings)
    return [
        {
            "type": "object",
            "action": "delete_relationships",
            "identifiers": _object(event),
            "cio_relationships": [{"identifiers": person}],
        }
    ]


def _report_delivery(event: Event, settings: MappingSettings) -> Parts:
    known_person_of(event, settings)
    delivery_id = identifier(event.properties, "deliveryId")
    if delivery_id is None:
        raise InvalidEvent("missing_delivery_id", "A Report Delivery Event needs properties.deliveryId.")
    metric = text(event.properties, "metric")
    if metric not in _DELIVERY_METRICS:
        raise InvalidEvent("invalid_metric", f"properties.metric must be one of {', '.join(_DELIVERY_METRICS)}.")
    token = device_token(event) or text(event.properties, "deviceToken") or text(event.properties, "device_token")
    if token is None:
        raise InvalidEvent("missing_device_token", "A Report Delivery Event needs context.device.token.")
    return [
        {
            "type": "delivery",
            "action": "event",
            "identifiers": {"id": delivery_id},
            "name": metric,
            "attributes": {"device_token": token},
        }
    ]


#: The mapping of each event name that has a meaning of its own.
SPECIAL_EVENTS: Final[dict[str, Callable[[Event, MappingSettings], Parts]]] = {
    "Application Installed": _application_opened,
    "Application Opened": _application_opened,
    "Application Uninstalled": _application_uninstalled,
    "Device Created or Updated": _device_created,
    "Device Deleted": _device_deleted,
    "User Deleted": _delete,
    "Delete Person": _delete,
    "User Suppressed": _suppress,
    "Suppress Person": _suppress,
    "User Unsuppressed": _unsuppress,
    "Unsuppress Person": _unsuppress,
    "Object Deleted": _delete_object,
    "Delete Object": _delete_object,
    "Relationship Deleted": _delete_relationship,
    "Delete Relationship": _delete_relationship,
    "Report Delivery Event": _report_delivery,
}


def _person(event: Event, settings: MappingSettings, action: str, **fields: object) -> Operation:
    return {"type": "person", "action": action, "identifiers": known_person_of(event, settings), **fields}


def _token(event: Event) -> str:
    token = device_token(event)
    if token is None:
        raise InvalidEvent("missing_device_token", "The event has no context.device.token.")
    return token


def _object(event: Event) -> dict[str, str]:
    object_id = identifier(event.properties, "objectId")
    if object_id is None:
        raise InvalidEvent("missing_object_id", "The event has no properties.objectId.")
    return object_identifiers(object_id, event.properties)
