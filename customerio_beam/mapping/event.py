"""An event as the mapping takes it, and the other outcomes of reading one."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from customerio_beam.mapping.origin import Origin

__all__ = ["CALLS", "Context", "Defaults", "Event", "Fields", "Filtered", "Outcome", "Rejected"]

#: The calls of the Segment spec.
CALLS: Final = frozenset({"identify", "track", "page", "screen", "group", "alias"})

#: PHP writes an empty object as an empty list.
EmptyList = list[Any]


#: Everything that is no JSON object.
NoObject = str | int | float | bool | list[Any] | None


class Page(msgspec.Struct, frozen=True, gc=False):
    """The fields of ``context.page`` that the mapping reads, as they came. None stands for missing or null."""

    url: Any = None


class Device(msgspec.Struct, frozen=True, gc=False):
    """The fields of ``context.device`` that the mapping reads."""

    token: Any = None
    type: Any = None
    model: Any = None


class Software(msgspec.Struct, frozen=True, gc=False):
    """The fields of ``context.os`` and ``context.app`` that the mapping reads."""

    name: Any = None
    version: Any = None


class Context(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The parts of ``context`` that the mapping reads, as they came. None stands for missing or null."""

    traits: Any = None
    page: Page | NoObject = None
    device: Device | NoObject = None
    os: Software | NoObject = None
    app: Software | NoObject = None
    locale: Any = None
    group_id: Any = None


class Fields(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The fields of an event that the mapping reads, as they came. None stands for missing or null.

    Their types are the rule: the decoder refuses everything else. It checks that all other fields are JSON, and makes
    no values of them.
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
    traits: dict[str, Any] | EmptyList | None = None
    properties: dict[str, Any] | EmptyList | None = None
    context: Context | EmptyList | None = None
    integrations: dict[str, Any] | EmptyList | None = None


class Defaults(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The fields of an envelope that its members fall back on, as they came. None stands for missing or null."""

    context: Context | EmptyList | None = None
    integrations: dict[str, Any] | EmptyList | None = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    received_at: Any = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """One analytics event, its shared fields read.

    Attributes:
        call: ``identify``, ``track``, ``page``, ``screen``, ``group`` or ``alias``.
        user_id: ``userId`` as a string, or None.
        anonymous_id: ``anonymousId`` as a string, or None.
        message_id: ``messageId`` as a string, or None.
        time_ms: When it happened, in unix milliseconds.
        client_time_ms: The client's own time for the ULID, in unix milliseconds; 0 where the client gave none.
        traits: ``traits``, or an empty object. Not to be changed.
        properties: ``properties``, or an empty object. Not to be changed.
        context: ``context`` over the envelope's; empty where both are missing.
        fields: The event's fields as they came.
        origin: Where it came from, and its text.
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
    origin: Origin


class Rejected(NamedTuple):
    """A text that is no usable event.

    Attributes:
        reason: The stable code for its dead letter.
        detail: One sentence that says what is wrong.
        origin: The text to keep: of a member where it can be told apart, else the whole payload.
    """

    reason: str
    detail: str
    origin: Origin


class Filtered(NamedTuple):
    """An event that opts this destination out.

    Attributes:
        origin: Where it came from, and its text.
    """

    origin: Origin


Outcome = Event | Rejected | Filtered
