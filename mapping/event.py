"""Reading: a payload's bytes to events, with every field that the mapping relies on checked.

A payload is one event, a JSON array of events, or the libraries' envelope
``{"batch": [...], "context", "integrations", "sentAt"}``. Each member has an outcome of its own: an ``Event``, a
``Rejected`` with its reason, or ``FILTERED`` where the event opts this destination out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from mapping import json_text
from mapping.dates import timestamp_ms
from mapping.errors import InvalidEvent
from mapping.fields import identifier, object_field
from mapping.integrations import opted_out

__all__ = ["CALLS", "FILTERED", "Event", "Filtered", "Outcome", "Rejected", "read_payload"]

#: The calls of the Segment spec.
CALLS = frozenset({"identify", "track", "page", "screen", "group", "alias"})

# In the order in which they say when an event happened.
_CLIENT_TIMES = ("timestamp", "originalTimestamp")
_TRANSPORT_TIMES = ("sentAt", "receivedAt")


class Event(NamedTuple):
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
        context: ``context``, empty where there is none. Not to be changed.
        fields: The whole event as it came. Not to be changed.
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
    context: dict[str, Any]
    fields: dict[str, Any]
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


def read_payload(payload: bytes, source_time_ms: int | None = None) -> list[Outcome]:
    """Read one line or message.

    Args:
        payload: UTF-8 JSON in one of the input forms.
        source_time_ms: The time that the source itself gives the payload (Pub/Sub's publish time), in unix
            milliseconds: the last fallback for an event's time. None where the source has none.

    Returns:
        One outcome an event, in their order; empty for a blank line, an empty array or an empty envelope.
    """
    try:
        value = json_text.loads(payload)
    except json_text.InvalidJson as error:
        if not payload.strip():
            return []
        return [Rejected("invalid_json", f"The payload is not JSON: {error}.", payload)]
    if value.__class__ is dict:
        if "batch" in value and "type" not in value:
            return _read_envelope(value, payload, source_time_ms)
        return [_outcome(value, payload, source_time_ms)]
    if value.__class__ is list:
        return _read_members(value, payload, source_time_ms, lambda member: member)
    return [_not_an_object(payload)]


def _read_envelope(envelope: dict[str, Any], payload: bytes, source_time_ms: int | None) -> list[Outcome]:
    batch = envelope["batch"]
    if batch.__class__ is not list:
        return [Rejected("invalid_field", "batch is not a list of events.", payload)]
    try:
        context = object_field(envelope, "context")
        integrations = object_field(envelope, "integrations")
    except InvalidEvent as error:
        return [Rejected(error.reason, f"In the envelope: {error.detail}", payload)]
    sent_at = envelope.get("sentAt")

    def with_defaults(member: dict[str, Any]) -> dict[str, Any]:
        merged = dict(member)
        for name, defaults in (("context", context), ("integrations", integrations)):
            own = member.get(name)
            if defaults and (own is None or own.__class__ is dict):
                merged[name] = {**defaults, **(own or {})}
        if sent_at is not None and merged.get("sentAt") is None:
            merged["sentAt"] = sent_at
        return merged

    return _read_members(batch, payload, source_time_ms, with_defaults)


def _read_members(
    members: list[Any],
    payload: bytes,
    source_time_ms: int | None,
    with_defaults: Callable[[dict[str, Any]], dict[str, Any]],
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for number, member in enumerate(members):
        try:
            if member.__class__ is dict:
                fields = with_defaults(member)
                outcomes.append(_outcome(fields, json_text.dumps(fields), source_time_ms))
            else:
                outcomes.append(_not_an_object(json_text.dumps(member)))
        except json_text.InvalidJson as error:
            outcomes.append(Rejected("invalid_json", f"Event {number} of the payload is {error}.", payload))
    return outcomes


def _not_an_object(payload: bytes) -> Rejected:
    return Rejected("not_an_object", "An event must be a JSON object.", payload)


def _outcome(fields: dict[str, Any], payload: bytes, source_time_ms: int | None) -> Outcome:
    try:
        return _read_event(fields, payload, source_time_ms)
    except InvalidEvent as error:
        return Rejected(error.reason, error.detail, payload)


def _read_event(fields: dict[str, Any], payload: bytes, source_time_ms: int | None) -> Event | Filtered:
    get = fields.get
    call = _call(get("type"))
    integrations = object_field(fields, "integrations")
    if integrations and opted_out(integrations):
        return FILTERED
    context = object_field(fields, "context")
    traits = object_field(fields, "traits")
    if not traits and get("traits") is None and call in ("identify", "group"):
        fallback = context.get("traits")
        traits = fallback if fallback.__class__ is dict else traits
    for name in ("groupId", "previousId"):
        if name in fields:
            identifier(fields, name)
    time_ms, client_time_ms = _times(fields, source_time_ms)
    return Event(
        call,
        identifier(fields, "userId"),
        identifier(fields, "anonymousId"),
        identifier(fields, "messageId"),
        time_ms,
        client_time_ms,
        traits,
        object_field(fields, "properties"),
        context,
        fields,
        payload,
    )


def _call(value: Any) -> str:
    call = value.lower() if isinstance(value, str) else None
    if call not in CALLS:
        shown = f"is {value[:50]!r}" if isinstance(value, str) else "is missing or no string"
        raise InvalidEvent("unknown_type", f"type {shown}; it must be one of {', '.join(sorted(CALLS))}.")
    return call


def _times(fields: dict[str, Any], source_time_ms: int | None) -> tuple[int, int]:
    """Return the event's time and the client's own time for the ULID, both in unix milliseconds."""
    get = fields.get
    timestamp = get("timestamp")
    original = get("originalTimestamp")
    if timestamp and original is None:
        time_ms = timestamp_ms(timestamp)
        if time_ms is not None:
            return time_ms, time_ms
    client_time_ms = timestamp_ms(original) if _present(original) else None
    for name in (*_CLIENT_TIMES, *_TRANSPORT_TIMES):
        value = get(name)
        if _present(value):
            time_ms = _readable(value, name)
            if client_time_ms is None:
                client_time_ms = time_ms if name in _CLIENT_TIMES else 0
            return time_ms, client_time_ms
    if source_time_ms is None:
        raise InvalidEvent(
            "missing_timestamp",
            "The event has no timestamp, and neither has its source: Customer.io would take it for now.",
        )
    return source_time_ms, 0


def _present(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def _readable(value: Any, name: str) -> int:
    time_ms = timestamp_ms(value)
    if time_ms is None:
        raise InvalidEvent("invalid_timestamp", f"{name} is neither ISO 8601 nor a unix time.")
    return time_ms
