"""Reading: a payload's bytes to events, with every field that the mapping relies on checked.

A payload is one event, a JSON array of events, or the libraries' envelope
``{"batch": [...], "context", "integrations", "sentAt"}``. Each member has an outcome of its own: an ``Event``, a
``Rejected`` with its reason, or ``FILTERED`` where the event opts this destination out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from customerio_beam.mapping import json_text
from customerio_beam.mapping.dates import timestamp_ms
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import CALLS, FILTERED, Context, Event, Fields, Filtered, Outcome, Rejected
from customerio_beam.mapping.fields import NO_FIELDS, identifier, identifier_text, is_empty, object_field
from customerio_beam.mapping.integrations import opted_out

__all__ = ["MAX_LEVELS", "read_payload"]

_OBJECTS: Final = ("integrations", "context", "traits", "properties")
_IDENTIFIERS: Final = ("userId", "anonymousId", "messageId", "groupId", "previousId")

#: Levels of nesting that an event may have. Runners pickle elements, if only to estimate their sizes; that takes two
#: calls a level, and Python's default limit is 1,000 calls, those of the runner included.
MAX_LEVELS: Final = 400

_NO_CONTEXT: Final = Context()

_decode_fields: Final = msgspec.json.Decoder(Fields).decode


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
        fields = _decode_fields(payload)
        if not payload.isascii():
            payload.decode("utf-8")  # the decoder looks at the fields it reads alone
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_any(payload, source_time_ms)
    if fields.type is None:
        return _read_any(payload, source_time_ms)
    return [_outcome(fields, payload, source_time_ms)]


def _read_any(payload: bytes, source_time_ms: int | None) -> list[Outcome]:
    """Read what is not one well-formed event: arrays, envelopes, faults."""
    try:
        value = json_text.loads(payload)
    except json_text.InvalidJson as error:
        if not payload.strip():
            return []
        return [Rejected("invalid_json", f"The payload is not JSON: {error}.", payload)]
    if isinstance(value, dict):
        if "batch" in value and "type" not in value:
            return _read_envelope(value, payload, source_time_ms)
        return [_read_object(value, payload, source_time_ms)]
    if isinstance(value, list):
        return _read_members(value, payload, source_time_ms, lambda member: member)
    return [_not_an_object(payload)]


def _read_envelope(envelope: dict[str, Any], payload: bytes, source_time_ms: int | None) -> list[Outcome]:
    batch = envelope["batch"]
    if not isinstance(batch, list):
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
            if defaults and (own is None or isinstance(own, dict)):
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
            if isinstance(member, dict):
                fields = with_defaults(member)
                outcomes.append(_read_object(fields, json_text.dumps(fields), source_time_ms))
            else:
                outcomes.append(_not_an_object(json_text.dumps(member)))
        except json_text.InvalidJson as error:
            outcomes.append(Rejected("invalid_json", f"Event {number} of the payload is {error}.", payload))
    return outcomes


def _not_an_object(payload: bytes) -> Rejected:
    return Rejected("not_an_object", "An event must be a JSON object.", payload)


def _read_object(value: dict[str, Any], payload: bytes, source_time_ms: int | None) -> Outcome:
    try:
        fields = msgspec.convert(value, Fields)
    except msgspec.ValidationError as error:
        return _misfit(value, payload, error)
    return _outcome(fields, payload, source_time_ms)


def _misfit(value: dict[str, Any], payload: bytes, error: msgspec.ValidationError) -> Rejected | Filtered:
    """Say which field of an event is of a wrong type."""
    try:
        _call(value.get("type"))
        for name in _OBJECTS:
            found = object_field(value, name)
            if name == "integrations" and opted_out(found):
                return FILTERED
        for name in _IDENTIFIERS:
            identifier(value, name)
    except InvalidEvent as invalid:
        return Rejected(invalid.reason, invalid.detail, payload)
    return Rejected("invalid_field", f"A field is of a wrong type: {error}.", payload)


def _outcome(fields: Fields, payload: bytes, source_time_ms: int | None) -> Outcome:
    try:
        call = _call(fields.type)
        integrations = fields.integrations
        if integrations and opted_out(integrations):
            return FILTERED
        time_ms, client_time_ms = _times(fields, source_time_ms)
    except InvalidEvent as error:
        return Rejected(error.reason, error.detail, payload)
    if json_text.nests_deeper(payload, MAX_LEVELS):
        return Rejected("invalid_json", f"The event nests deeper than {MAX_LEVELS} levels.", payload)
    context = fields.context or _NO_CONTEXT
    traits = fields.traits
    if traits is None:
        fallback = context.traits if call in ("identify", "group") else None
        traits = fallback if isinstance(fallback, dict) else NO_FIELDS
    return Event(
        call,
        identifier_text(fields.user_id),
        identifier_text(fields.anonymous_id),
        identifier_text(fields.message_id),
        time_ms,
        client_time_ms,
        traits,
        fields.properties or NO_FIELDS,
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


def _times(fields: Fields, source_time_ms: int | None) -> tuple[int, int]:
    """Return the event's time and the client's own time for the ULID, both in unix milliseconds."""
    timestamp = fields.timestamp
    original = fields.original_timestamp
    if timestamp and original is None:
        time_ms = timestamp_ms(timestamp)
        if time_ms is not None:
            return time_ms, time_ms
    client_time_ms = None if is_empty(original) else timestamp_ms(original)
    # In the order in which they say when an event happened: the client's own, then the transport's.
    for name, value, is_client_time in (
        ("timestamp", timestamp, True),
        ("originalTimestamp", original, True),
        ("sentAt", fields.sent_at, False),
        ("receivedAt", fields.received_at, False),
    ):
        if not is_empty(value):
            time_ms = _readable(value, name)
            if client_time_ms is None:
                client_time_ms = time_ms if is_client_time else 0
            return time_ms, client_time_ms
    if source_time_ms is None:
        raise InvalidEvent(
            "missing_timestamp",
            "The event has no timestamp, and neither has its source: Customer.io would take it for now.",
        )
    return source_time_ms, 0


def _readable(value: Any, name: str) -> int:
    time_ms = timestamp_ms(value)
    if time_ms is None:
        raise InvalidEvent("invalid_timestamp", f"{name} is neither ISO 8601 nor a unix time.")
    return time_ms
