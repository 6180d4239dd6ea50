"""Input forms: the events that a line or message holds."""

from __future__ import annotations

from typing import Any

from tests.cases.case import ANONYMOUS, NOW, Case, FilteredOut, about, event, operation

U1 = {"id": "u1"}
_TRACK = event("track", userId="u1", event="Ordered")
_ORDERED = operation("event", U1, "Ordered")
_CONTEXT = {"traits": {"email": "ada@example.com"}}
_BY_EMAIL = operation("event", {"email": "ada@example.com"}, "Ordered")
_TIMELESS = event("group", groupId="g1", userId="u1", timestamp=...)
_GROUP = {
    "type": "object",
    "action": "identify",
    "identifiers": {"object_type_id": "1", "object_id": "g1"},
    "attributes": {},
    "cio_relationships": [{"identifiers": U1}],
}


def _envelope_time(name: str, *, shown: bool = False, **times: Any) -> Case:
    """Show that the envelope's time is the one of a member that has no other."""
    envelope = {"batch": [event("track", userId="u1", event="Ordered", timestamp=...)], **times}
    ordered = {**_ORDERED, "id": "0000000000GN1ZQCHKBEY8FWP7", "timestamp": NOW}
    return about(f"The envelope's `{name}` is the time of an event without one", envelope, ordered, shown=shown)


CASES = [
    about("One event", _TRACK, _ORDERED),
    about(
        "A JSON array of events",
        [_TRACK, event("page", anonymousId="a-1", name="Pricing")],
        _ORDERED,
        operation("page", ANONYMOUS, "Pricing"),
    ),
    about("The libraries' envelope", {"batch": [_TRACK], "sentAt": "2026-11-24T10:00:05Z"}, _ORDERED),
    about("An envelope that says so", {"type": "batch", "batch": [_TRACK]}, _ORDERED),
    about(
        "The envelope's `context` is the default of each event's",
        {"batch": [event("track", event="Ordered")], "context": _CONTEXT},
        _BY_EMAIL,
    ),
    about(
        "An event's own `context` goes before the envelope's, field by field",
        {
            "batch": [event("track", event="Ordered", context={"traits": {"email": "bob@example.com"}})],
            "context": _CONTEXT,
        },
        operation("event", {"email": "bob@example.com"}, "Ordered"),
    ),
    about(
        "A field that an event's `context` lacks comes from the envelope's",
        {"batch": [event("track", event="Ordered", context={"locale": "en-GB"})], "context": _CONTEXT},
        _BY_EMAIL,
        shown=False,
    ),
    about(
        "The envelope's `integrations` are the default of each event's",
        {
            "batch": [_TRACK, {**_TRACK, "integrations": {"Customer.io": True}}],
            "integrations": {"Customer.io": False},
        },
        FilteredOut(),
        _ORDERED,
    ),
    about(
        "PHP's empty objects in an envelope",
        {"batch": [{**_TRACK, "context": []}], "context": [], "integrations": []},
        _ORDERED,
        shown=False,
    ),
    _envelope_time("timestamp", shown=True, timestamp=NOW, originalTimestamp=1, sentAt=NOW + 1),
    _envelope_time("originalTimestamp", originalTimestamp=NOW, sentAt=NOW + 1),
    _envelope_time("sentAt", sentAt=NOW, receivedAt=NOW + 1),
    _envelope_time("receivedAt", receivedAt=NOW),
    about(
        "An event's own times all go before the envelope's",
        {
            "batch": [event("track", userId="u1", event="Ordered", timestamp=..., receivedAt=NOW)],
            "timestamp": NOW + 1,
        },
        {**_ORDERED, "id": "0000000000GN1ZQCHKBEY8FWP7", "timestamp": NOW},
        shown=False,
    ),
    about("An envelope's time that nobody can read", {"batch": [_TIMELESS], "sentAt": "soon"}, "invalid_timestamp"),
    about("An envelope's time that nobody needs", {"batch": [_TRACK], "sentAt": "soon"}, _ORDERED, shown=False),
    about(
        "Of several times, a zero value is none",
        {"batch": [{**_TIMELESS, "timestamp": "0001-01-01T00:00:00Z"}], "sentAt": NOW},
        _GROUP,
        shown=False,
    ),
    about(
        "A bad member does not spoil its neighbours",
        {"batch": [_TRACK, "no event", {"type": "purchase"}, _TRACK]},
        _ORDERED,
        "not_an_object",
        "unknown_type",
        _ORDERED,
    ),
    about("An empty envelope holds no events", {"batch": []}, shown=False),
    about("An empty array holds no events", [], shown=False),
    about("A batch that is no list", {"batch": {"0": _TRACK}}, "invalid_field"),
    about("An envelope whose context is no object", {"batch": [_TRACK], "context": "web"}, "invalid_field"),
    about("An event that has a field `batch` is an event", {**_TRACK, "batch": [1]}, _ORDERED, shown=False),
    about("A broken line", b'{"type": "track", "userId": "u1", "eve', "invalid_json"),
    about("Not UTF-8", b'{"type": "track", "event": "caf\xe9"}', "invalid_json", shown=False),
    about("Half a surrogate pair", rb'{"type": "track", "event": "\ud83d"}', "invalid_json"),
    about("NaN", b'{"type": "track", "properties": {"total": NaN}}', "invalid_json"),
    about("A blank line holds no event", b" \r\n", shown=False),
    about("A byte order mark before the event", b"\xef\xbb\xbf" + b'{"type": "x"}', "unknown_type", shown=False),
    about("Byte order marks without end", b"\xef\xbb\xbf" * 5000, "invalid_json", shown=False),
    about("JSON, but no object", b'"track"', "not_an_object"),
    about("Nested deeper than any JSON tool reads", b"[" * 100_000 + b"]" * 100_000, "invalid_json", shown=False),
]
