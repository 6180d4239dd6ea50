"""Objects (accounts, courses, ...) and their relationships to people."""

from __future__ import annotations

from typing import Any, Final

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import object_value
from customerio_beam.mapping.person import Identifiers, check_length
from customerio_beam.mapping.places import first_identifier, places

__all__ = [
    "CONTROL_TRAITS",
    "DEFAULT_OBJECT_TYPE",
    "named_object",
    "object_of_traits",
    "relationship",
    "relationship_attributes",
]

#: Customer.io gives the first object type of a workspace the id 1.
DEFAULT_OBJECT_TYPE: Final = "1"

#: Traits that control the mapping and are no attributes.
CONTROL_TRAITS: Final = frozenset(
    {
        "userId",
        "anonymousId",
        "createdAt",
        "created",
        "objectId",
        "objectTypeId",
        "object_type_id",
        "relationshipAttributes",
    }
)

_TYPE_IN_TRAITS: Final = places("object type of identify and group")
_TYPE: Final = places("object type of object events")
_ID: Final = places("object id of object events")
_ID_OF_TYPED: Final = places("object id of object events whose properties name a type")


def object_of_traits(object_id: str, event: Event) -> Identifiers:
    """Identify the object of an identify or group call, whose type the traits may name.

    Raises:
        InvalidEvent: ``invalid_field`` for a type that is neither a string nor a number, ``identifier_too_long``.
    """
    return _identifiers(object_id, first_identifier(event, _TYPE_IN_TRAITS))


def named_object(event: Event) -> Identifiers:
    """Identify the object that a track event's properties name.

    Raises:
        InvalidEvent: ``missing_object_id``; ``invalid_field`` for an id or a type that is neither a string nor a
            number; ``identifier_too_long``.
    """
    object_type = first_identifier(event, _TYPE)
    object_id = first_identifier(event, _ID if object_type is None else _ID_OF_TYPED)
    if object_id is None:
        raise InvalidEvent("missing_object_id", "The event has no properties.objectId.")
    return _identifiers(object_id, object_type)


def _identifiers(object_id: str, object_type: str | None) -> Identifiers:
    return {
        "object_type_id": check_length(object_type or DEFAULT_OBJECT_TYPE, "objectTypeId"),
        "object_id": check_length(object_id, "objectId"),
    }


def relationship(identifiers: dict[str, str], attributes: dict[str, Any]) -> dict[str, Any]:
    """Build one entry of ``cio_relationships``, with ``relationship_attributes`` where there are any."""
    if attributes:
        return {"identifiers": identifiers, "relationship_attributes": attributes}
    return {"identifiers": identifiers}


def relationship_attributes(traits: dict[str, Any]) -> dict[str, Any]:
    """Read ``traits.relationshipAttributes``: an object, empty where there are none.

    Raises:
        InvalidEvent: ``invalid_field``: it is no object.
    """
    return object_value(traits.get("relationshipAttributes"), "traits.relationshipAttributes")
