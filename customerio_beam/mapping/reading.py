"""Reading one event: from its JSON text to an ``Event``, with every field checked that the mapping relies on.

The outcome is an ``Event``, a ``Rejected`` with its reason, or a ``Filtered`` that opts this destination out.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from customerio_beam.mapping import json_text
from customerio_beam.mapping.dates import FIRST_TIME_MS, timestamp_ms
from customerio_beam.mapping.defaults import MAX_LEVELS, context_of, integrations_of
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import CALLS, Context, Defaults, Event, Fields, Filtered, Outcome, Rejected
from customerio_beam.mapping.fields import (
    NO_FIELDS,
    identifier,
    identifier_text,
    is_empty,
    object_value,
)
from customerio_beam.mapping.integrations import opted_out
from customerio_beam.mapping.origin import Origin
from customerio_beam.mapping.settings import MappingSettings

__all__ = ["read_event", "try_event"]

_OBJECTS: Final = ("context", "traits", "properties")
_IDENTIFIERS: Final = ("userId", "anonymousId", "messageId", "groupId", "previousId")
#: The type of an envelope that says what it is.
_BATCH: Final = "batch"

_DEFAULT_SETTINGS: Final = MappingSettings()

_decode_fields: Final = msgspec.json.Decoder(Fields).decode


def read_event(
    origin: Origin,
    defaults: Defaults | None = None,
    source_time_ms: int | None = None,
    settings: MappingSettings = _DEFAULT_SETTINGS,
) -> Outcome:
    """Read one event.

    Args:
        origin: Its JSON text, and where it came from.
        defaults: The fields of its envelope that it falls back on (``defaults.read_defaults``); None without an
            envelope.
        source_time_ms: The time that the source itself gives it (Pub/Sub's publish time), in unix milliseconds: the
            last fallback for its time. None where the source has none.
        settings: The job's choices.

    Returns:
        Its outcome. A text that is no JSON object is ``Rejected`` too.
    """
    fields = _decoded(origin.text)
    if fields is None:
        return _read_misfit(origin, defaults, source_time_ms, settings)
    return _outcome(fields, origin, defaults, source_time_ms, settings)


def try_event(
    origin: Origin, source_time_ms: int | None = None, settings: MappingSettings = _DEFAULT_SETTINGS
) -> Outcome | None:
    """Read a text as one event, or tell quickly that it is something else.

    Nearly all texts are single events. A caller tries this first, and looks at the other input forms where it returns
    None.

    Returns:
        The outcome of ``read_event``; None where the text is no JSON object with a type, or is an envelope.
    """
    fields = _decoded(origin.text)
    if fields is None or fields.type is None or (isinstance(fields.type, str) and fields.type.lower() == _BATCH):
        return None
    return _outcome(fields, origin, None, source_time_ms, settings)


def _decoded(text: bytes) -> Fields | None:
    """Decode the fields that the mapping reads; None where the text is not JSON, or a field is of a wrong type."""
    try:
        fields: Fields = _decode_fields(text)
        if not text.isascii():
            text.decode("utf-8")  # the decoder checks only the fields that it reads
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return fields


def _read_misfit(
    origin: Origin, defaults: Defaults | None, source_time_ms: int | None, settings: MappingSettings
) -> Outcome:
    """Read a text that the typed decoder refuses, mostly to say why."""
    try:
        value = json_text.loads(origin.text)
    except json_text.InvalidJson as no_json:
        return Rejected("invalid_json", f"The event is not JSON: {no_json}.", origin)
    if not isinstance(value, dict):
        return Rejected("not_an_object", "An event must be a JSON object.", origin)
    try:
        fields = msgspec.convert(value, Fields)
    except msgspec.ValidationError as error:
        return _wrong_type(value, origin, defaults, settings, str(error))
    return _outcome(fields, origin, defaults, source_time_ms, settings)  # only a byte order mark was in the way


def _wrong_type(
    value: dict[str, Any], origin: Origin, defaults: Defaults | None, settings: MappingSettings, error: str
) -> Rejected | Filtered:
    """Name the field of an event that is of a wrong type."""
    try:
        _call(value.get("type"))
        if _is_filtered(value.get("integrations"), defaults, settings):
            return Filtered(origin)
        for name in _OBJECTS:
            object_value(value.get(name), name)
        for name in _IDENTIFIERS:
            identifier(value, name)
    except InvalidEvent as invalid:
        return Rejected(invalid.reason, invalid.detail, origin)
    return Rejected("invalid_field", f"A field is of a wrong type: {error}.", origin)


def _outcome(
    fields: Fields, origin: Origin, defaults: Defaults | None, source_time_ms: int | None, settings: MappingSettings
) -> Outcome:
    try:
        call = _call(fields.type)
        if (fields.integrations or defaults is not None) and _is_filtered(fields.integrations, defaults, settings):
            return Filtered(origin)
        context = fields.context
        if defaults is not None or not isinstance(context, Context):
            context = context_of(context, defaults)
        traits = fields.traits
        if not isinstance(traits, dict):
            traits = object_value(traits, "traits") if traits else NO_FIELDS
        properties = fields.properties
        if not isinstance(properties, dict):
            properties = object_value(properties, "properties") if properties else NO_FIELDS
        time_ms, client_time_ms = _times(fields, defaults, source_time_ms)
    except InvalidEvent as error:
        return Rejected(error.reason, error.detail, origin)
    if json_text.nests_deeper(origin.text, MAX_LEVELS):
        return Rejected("invalid_json", f"The event nests deeper than {MAX_LEVELS} levels.", origin)
    if not traits and call == "identify" and isinstance(context.traits, dict):
        traits = context.traits
    return Event(
        call,
        identifier_text(fields.user_id),
        identifier_text(fields.anonymous_id),
        identifier_text(fields.message_id),
        time_ms,
        client_time_ms,
        traits,
        properties,
        context,
        fields,
        origin,
    )


def _is_filtered(own: Any, defaults: Defaults | None, settings: MappingSettings) -> bool:
    integrations = integrations_of(own, defaults)
    return bool(integrations) and settings.integrations == "respect" and opted_out(integrations)


def _call(value: Any) -> str:
    call = value.lower() if isinstance(value, str) else None
    if call not in CALLS:
        shown = f"is {value[:50]!r}" if isinstance(value, str) else "is missing or no string"
        raise InvalidEvent("unknown_type", f"type {shown}; it must be one of {', '.join(sorted(CALLS))}.")
    return call


def _times(fields: Fields, defaults: Defaults | None, source_time_ms: int | None) -> tuple[int, int]:
    """Return the event's time and the client's own time for the ULID, both in unix milliseconds."""
    timestamp = fields.timestamp
    original = fields.original_timestamp
    if timestamp and original is None:
        time_ms = timestamp_ms(timestamp)
        if time_ms is not None and time_ms >= FIRST_TIME_MS:
            return time_ms, time_ms
    client_time_ms = _client_time_ms(original) or _client_time_ms(timestamp)
    zero_value = ""
    for name, value in _candidates(fields, defaults):
        if is_empty(value):
            continue
        time_ms = timestamp_ms(value)
        if time_ms is None:
            raise InvalidEvent("invalid_timestamp", f"{name} is neither ISO 8601 nor a unix time.")
        if time_ms >= FIRST_TIME_MS:
            return time_ms, client_time_ms
        zero_value = zero_value or name
    if source_time_ms is not None:
        return source_time_ms, client_time_ms
    if zero_value:
        raise InvalidEvent("invalid_timestamp", f"{zero_value} is a zero value, and no other field has a time.")
    raise InvalidEvent(
        "missing_timestamp",
        "Neither the event nor its source has a timestamp: Customer.io would take the event for one of now.",
    )


def _candidates(fields: Fields, defaults: Defaults | None) -> list[tuple[str, Any]]:
    """List the fields that may hold the event's time: the client's own, the transport's, then the envelope's."""
    candidates = [
        ("timestamp", fields.timestamp),
        ("originalTimestamp", fields.original_timestamp),
        ("sentAt", fields.sent_at),
        ("receivedAt", fields.received_at),
    ]
    if defaults is not None:
        candidates += [
            ("The envelope's timestamp", defaults.timestamp),
            ("The envelope's originalTimestamp", defaults.original_timestamp),
            ("The envelope's sentAt", defaults.sent_at),
            ("The envelope's receivedAt", defaults.received_at),
        ]
    return candidates


def _client_time_ms(value: Any) -> int:
    """Read a time of the client's own; 0 where it is missing, unreadable, or a zero value."""
    time_ms = timestamp_ms(value)
    return time_ms if time_ms is not None and time_ms >= FIRST_TIME_MS else 0
