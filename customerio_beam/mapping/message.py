"""What makes a message itself and no other, and the id that follows from it."""

from __future__ import annotations

from typing import Final

from customerio_beam.mapping import json_text
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.ulid import is_ulid, make_ulid

__all__ = ["message_of", "message_ulid"]

# Fields that change when the same event is sent again. An event's id must not depend on them.
_TRANSPORT_FIELDS: Final = ("sentAt", "receivedAt")


def message_of(event: Event) -> bytes:
    """Return what is the same whenever a message is sent again: its messageId, else its own canonical JSON.

    It is the message as it came: an envelope's defaults have no part in it, nor has what rules make of the event.
    """
    if event.message_id is not None:
        return event.message_id.encode("utf-8")
    fields = {
        name: value for name, value in json_text.loads(event.origin.text).items() if name not in _TRANSPORT_FIELDS
    }
    return json_text.dumps_canonical(fields)


def message_ulid(event: Event) -> str:
    """Return the ULID of an event's message: the messageId where that is a ULID, else one made from the message."""
    message_id = event.message_id
    if message_id is not None and is_ulid(message_id):
        return message_id.upper()
    return make_ulid(event.client_time_ms, message_of(event))
