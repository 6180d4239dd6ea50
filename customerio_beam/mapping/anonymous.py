"""Anonymous visitors: who claims their events, and their operations under that person instead.

Customer.io joins an anonymous event to the person of an identify that carries its ``anonymous_id``, if it received the
event first. A backfill can join them itself: ``under_person`` rewrites a visitor's operation.
"""

from __future__ import annotations

from typing import Any, Final

from customerio_beam.mapping import json_text
from customerio_beam.mapping.calls import unsupported_phone
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import identifier_text
from customerio_beam.mapping.limits import fit
from customerio_beam.mapping.mapped import Claim
from customerio_beam.mapping.operation import Operation
from customerio_beam.mapping.person import Identifiers
from customerio_beam.mapping.settings import MappingSettings

__all__ = ["claim_of", "under_person"]

_ANONYMOUS_ID: Final = "anonymous_id"


def claim_of(operation: Operation, event: Event) -> Claim | None:
    """Return the link from a visitor to a person that an operation makes, or None.

    Args:
        operation: An operation of the event.
        event: The event.
    """
    action = operation["action"]
    if action == "identify" and operation["type"] == "person":
        anonymous_id = operation["attributes"].get(_ANONYMOUS_ID)
        if isinstance(anonymous_id, str) and anonymous_id:
            return Claim(anonymous_id, operation["identifiers"], joins=True)
    elif action == "merge":
        previous_id = identifier_text(event.fields.previous_id)
        return None if previous_id is None else Claim(previous_id, operation["primary"], joins=False)
    return None


def under_person(operation: bytes, person: Identifiers, settings: MappingSettings) -> list[bytes]:
    """Rewrite a visitor's operation to a person's.

    Args:
        operation: An operation of an event whose ``Mapped.anonymous_id`` is set, as JSON.
        person: The identifiers of the person (``Claim.person``).
        settings: The job's choices.

    Returns:
        The same operation under the person: an event keeps its id, and ``identify_anonymous`` becomes ``identify``.
        Nearly always one operation; more where longer identifiers make a split necessary.

    Raises:
        InvalidEvent: The person can't have this operation (``unsupported_identifier``, ``operation_too_large``); as
            the visitor's it is still valid.
    """
    document: dict[str, Any] = json_text.loads(operation)
    if document["action"] != "identify_anonymous":
        document["identifiers"] = person
        return fit(document, settings)
    document["action"] = "identify"
    for entry in document.get("cio_relationships", []):
        if "phone" in person:
            raise unsupported_phone("a relationship")
        entry["identifiers"] = person
    return fit(document, settings)
