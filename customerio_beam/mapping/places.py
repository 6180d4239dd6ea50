"""Where each field is looked for: the ordered places, in one table.

Libraries and publishers disagree about the place of a device's token, an object's id or a page's name. A rule names
the places here, first to last; the first that holds something decides. The documentation prints this table.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import checked_identifier, is_placeholder, trimmed

__all__ = ["PLACES", "Places", "field_of", "first_identifier", "first_text", "first_token", "places", "value_at"]

#: A part of the event (empty for the event itself), a field of it, a field of that one (or empty), and the whole path.
Place = tuple[str, str, str, str]
Places = tuple[Place, ...]

_TOKEN: Final = (
    "context.device.token",
    "properties.device.token",
    "properties.deviceToken",
    "properties.device_token",
)
# Only where the event is about a device: elsewhere it may be the secret of a session.
_TOKEN_OF_DEVICE_EVENT: Final = (*_TOKEN, "properties.token")
_OBJECT: Final = ("properties.objectId", "properties.object_id")

#: The places of each field, first to last.
PLACES: Final[dict[str, tuple[str, ...]]] = {
    "device token of application events": _TOKEN,
    "device token of device and delivery events": _TOKEN_OF_DEVICE_EVENT,
    "device platform": ("context.device.type", "properties.device.type", "context.os.name"),
    "object id of identify": ("traits.objectId",),
    "object id of object events": _OBJECT,
    # Some libraries put the current group on every event: a delete must not take it for its object.
    "object id of object events whose properties name a type": (*_OBJECT, "groupId", "context.groupId"),
    "object type of object events": ("properties.objectTypeId", "properties.object_type_id"),
    "object type of identify and group": ("traits.object_type_id", "traits.objectTypeId"),
    "delivery id": ("properties.deliveryId", "properties.delivery_id"),
    "page name": (
        "name",
        "properties.name",
        "properties.url",
        "context.page.url",
        "properties.path",
        "category",
    ),
    "page name with page_name=url": (
        "properties.url",
        "context.page.url",
        "name",
        "properties.name",
        "properties.path",
        "category",
    ),
    "screen name": ("name", "event", "properties.name", "category"),
    "email of identify": ("traits.email", "context.traits.email"),
    "email of the other calls": ("context.traits.email",),
    "phone of identify": ("traits.phone", "context.traits.phone"),
    "phone of the other calls": ("context.traits.phone",),
}

_PROPERTIES: Final = "properties"
_CONTEXT: Final = "context"
_TRAITS: Final = "traits"
_PARTS: Final = (_PROPERTIES, _CONTEXT, _TRAITS)
#: Fields of ``Fields`` and ``Context`` whose attribute has another name than the JSON's.
_ATTRIBUTES: Final = {"groupId": "group_id"}


def places(field: str) -> Places:
    """Return the places of a field of ``PLACES``, ready to look at."""
    return tuple([_place(path) for path in PLACES[field]])


def _place(path: str) -> Place:
    part, _, rest = path.partition(".")
    if part not in _PARTS:
        part, rest = "", path
    first, _, second = rest.partition(".")
    return part, first if part in (_PROPERTIES, _TRAITS) else _ATTRIBUTES.get(first, first), second, path


def value_at(event: Event, place: Place) -> Any:
    """Return the value at a place, as it came; None where there is none."""
    part, first, second, _ = place
    if part == _PROPERTIES:
        value = event.properties.get(first)
    elif part == _CONTEXT:
        value = getattr(event.context, first)
    elif part == _TRAITS:
        value = event.traits.get(first)
    else:
        value = getattr(event.fields, first)
    return field_of(value, second) if second and value is not None else value


def field_of(value: Any, name: str) -> Any:
    """Return a field of an object, whether its fields are typed or not; None where there is none, or no object."""
    if isinstance(value, dict):
        return value.get(name)
    return getattr(value, name) if isinstance(value, msgspec.Struct) else None


def first_text(event: Event, places: Places) -> str | None:
    """Return the first string that is not blank, without surrounding white space; None where there is none."""
    for place in places:
        found = trimmed(value_at(event, place))
        if found is not None:
            return found
    return None


def first_token(event: Event, places: Places) -> str | None:
    """Return the first text that identifies something: not blank, and no placeholder (see ``is_placeholder``)."""
    for place in places:
        found = trimmed(value_at(event, place))
        if found is not None and not is_placeholder(found):
            return found
    return None


def first_identifier(event: Event, places: Places) -> str | None:
    """Return the first identifier (see ``fields.identifier``); None where there is none.

    Raises:
        InvalidEvent: ``invalid_field``: a place before it holds neither a string nor a number.
    """
    for place in places:
        found = checked_identifier(value_at(event, place), place[3])
        if found is not None:
            return found
    return None
