"""Objects (accounts, courses, ...) and their relationships to people."""

from __future__ import annotations

from typing import Any, Final

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.fields import identifier
from customerio_beam.mapping.person import check_length

__all__ = ["CONTROL_TRAITS", "DEFAULT_OBJECT_TYPE", "object_identifiers", "relationship", "relationship_attributes"]

#: Customer.io gives the first object type of a workspace the id 1.
DEFAULT_OBJECT_TYPE: Final = "1"

#: Traits that steer the mapping and are no attributes.
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


def object_identifiers(object_id: str, values: dict[str, Any]) -> dict[str, str]:
    """Identify an object.

    Args:
        object_id: The object's id.
        values: Traits or properties that may name its type as ``object_type_id`` or ``objectTypeId``.

    Raises:
        InvalidEvent: ``invalid_field`` for a type that is no string or number, ``identifier_too_long``.
    """
    object_type = identifier(values, "object_type_id") or identifier(values, "objectTypeId") or DEFAULT_OBJECT_TYPE
    return {
        "object_type_id": check_length(object_type, "objectTypeId"),
        "object_id": check_length(object_id, "objectId"),
    }


def relationship(identifiers: dict[str, str], attributes: dict[str, Any] | None) -> dict[str, Any]:
    """Build one entry of ``cio_relationships``, with ``relationship_attributes`` where there are any."""
    if attributes:
        return {"identifiers": identifiers, "relationship_attributes": attributes}
    return {"identifiers": identifiers}


def relationship_attributes(traits: dict[str, Any]) -> dict[str, Any] | None:
    """Read ``traits.relationshipAttributes``.

    Raises:
        InvalidEvent: ``invalid_field``: it is no object.
    """
    attributes = traits.get("relationshipAttributes")
    if attributes is None or isinstance(attributes, dict):
        return attributes
    raise InvalidEvent("invalid_field", "traits.relationshipAttributes must be an object.")
