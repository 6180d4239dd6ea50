"""An event as the mapping takes it, and the other outcomes that reading a payload can have."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

__all__ = ["CALLS", "FILTERED", "Context", "Event", "Fields", "Filtered", "Outcome", "Rejected"]

#: The calls of the Segment spec.
CALLS: Final = frozenset({"identify", "track", "page", "screen", "group", "alias"})


class Context(msgspec.Struct, frozen=True, gc=False):
    """The parts of ``context`` that the mapping reads, as they came. None is absent or null."""

    traits: Any = None
    page: Any = None
    device: Any = None
    os: Any = None
    app: Any = None
    locale: Any = None


class Fields(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The fields of an event that the mapping reads, as they came. None is absent or null.

    Their types are the rule: the decoder refuses what does not fit them. Of all other fields it checks that they are
    JSON, and makes nothing.
    """

    type: Any = None
    user_id: str | int | float | None = None
    anonymous_id: str | int | float | None = None
    message_id: str | int | float | None = None
    group_id: str | int | float | None = None
    previous_id: str | int | float | None = None
    event: Any = None
    name: Any = None
    category: Any = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    received_at: Any = None
    traits: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    context: Context | None = None
    integrations: dict[str, Any] | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """One analytics event, its shared fields read.

    Attributes:
        call: ``identify``, ``track``, ``page``, ``screen``, ``group`` or ``alias``.
        user_id: ``userId`` as a string, or None.
        anonymous_id: ``anonymousId`` as a string, or None.
        message_id: ``messageId`` as a string, or None.
        time_ms: When it happened, in unix milliseconds.
        client_time_ms: The client's own time for the ULID, in unix milliseconds; 0 where the client gave none.
        traits: ``traits``, empty where there are none. Not to be changed.
        properties: ``properties``, empty where there are none. Not to be changed.
        context: ``context``, empty where there is none.
        fields: The event's fields as they came.
        payload: The event's JSON text, as a dead letter keeps it.
    """

    call: str
    user_id: str | None
    anonymous_id: str | None
    message_id: str | None
    time_ms: int
    client_time_ms: int
    traits: dict[str, Any]
    properties: dict[str, Any]
    context: Context
    fields: Fields
    payload: bytes


class Rejected(NamedTuple):
    """A payload, or a member of one, that is no usable event.

    Attributes:
        reason: The stable code for its dead letter.
        detail: One sentence that says what is wrong.
        payload: The text to keep: the member's own JSON, or the whole payload where that can't be told apart.
    """

    reason: str
    detail: str
    payload: bytes


class Filtered:
    """The outcome of an event that opts this destination out."""


FILTERED: Final = Filtered()

Outcome = Event | Rejected | Filtered
