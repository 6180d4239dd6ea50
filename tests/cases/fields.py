"""The fields that all calls share."""

from __future__ import annotations

from typing import Any

from tests.cases.case import ANONYMOUS, ID, NOW, FilteredOut, about, event, identified, operation

U1 = {"id": "u1"}


def _ordered(**fields: Any) -> dict[str, Any]:
    return event("track", **{"userId": "u1", "event": "Ordered", **fields})


def _by(user_id: str) -> dict[str, Any]:
    return operation("event", {"id": user_id}, "Ordered")


def _at(seconds: int, ulid: str = ID) -> dict[str, Any]:
    return {**operation("event", U1, "Ordered"), "id": ulid, "timestamp": seconds}


TYPE = [
    about("The type's case does not matter", event("TRACK", userId="u1", event="Ordered"), _by("u1")),
    about("Any other type", event("purchase", userId="u1"), "unknown_type"),
    about("No type", event(None, userId="u1"), "unknown_type", shown=False),  # type: ignore[arg-type]
    about("A type that is no string", event(1, userId="u1"), "unknown_type", shown=False),  # type: ignore[arg-type]
]

IDENTIFIERS = [
    about("A number is its decimal string", _ordered(userId=42), _by("42")),
    about("`0` is an id like any other", _ordered(userId=0), _by("0")),
    about("A whole number with a point", _ordered(userId=1.0), _by("1"), shown=False),
    about("A number with a fraction", _ordered(userId=1.5), _by("1.5"), shown=False),
    about(
        "Big integers stay exact",
        _ordered(userId=123456789012345678901234567890),
        _by("123456789012345678901234567890"),
    ),
    about("`null` is absent", _ordered(userId=None, anonymousId="a-1"), operation("event", ANONYMOUS, "Ordered")),
    about("So is the empty string", _ordered(userId="", anonymousId="a-1"), operation("event", ANONYMOUS, "Ordered")),
    about(
        "So is white space",
        _ordered(userId=" \t", anonymousId="a-1"),
        operation("event", ANONYMOUS, "Ordered"),
        shown=False,
    ),
    about("Any other JSON type", _ordered(userId={"id": "u1"}), "invalid_field"),
    about("`true` is no id", _ordered(userId=True), "invalid_field", shown=False),
    about("An anonymousId of a wrong type", _ordered(anonymousId=["a"]), "invalid_field", shown=False),
    about("A messageId of a wrong type", _ordered(messageId=False), "invalid_field", shown=False),
    about("A groupId of a wrong type, in any call", _ordered(groupId={}), "invalid_field", shown=False),
    about("A previousId of a wrong type, in any call", _ordered(previousId=[]), "invalid_field", shown=False),
    about(
        "A messageId that is a number",
        _ordered(messageId=7),
        {**_by("u1"), "id": "01M86FYZ80V360SFZBFZCV8RYZ"},
        shown=False,
    ),
]

OBJECTS = [
    about("`null` is an empty object", _ordered(properties=None), _by("u1")),
    about("Any other JSON type", _ordered(properties=["a"]), "invalid_field"),
    about("Traits of a wrong type", event("identify", userId="u1", traits="x"), "invalid_field", shown=False),
    about("A context of a wrong type", _ordered(context=1), "invalid_field", shown=False),
    about("Integrations of a wrong type", _ordered(integrations=False), "invalid_field", shown=False),
    about(
        "Identify falls back on `context.traits`",
        event("identify", userId="u1", context={"traits": {"plan": "pro"}}),
        identified(U1, plan="pro"),
    ),
    about(
        "The fallback is for absent traits alone",
        event("identify", userId="u1", traits={}, context={"traits": {"plan": "pro"}}),
        identified(U1),
        shown=False,
    ),
]

TIMESTAMP = [
    about("ISO 8601 with an offset", _ordered(timestamp="2026-11-24T11:00:00+01:00"), _at(NOW)),
    about("An offset without a colon", _ordered(timestamp="2026-11-24T11:00:00+0100"), _at(NOW), shown=False),
    about("An offset of hours", _ordered(timestamp="2026-11-24T02:00:00-08"), _at(NOW), shown=False),
    about("No zone is UTC", _ordered(timestamp="2026-11-24T10:00:00"), _at(NOW)),
    about("Nine fraction digits", _ordered(timestamp="2026-11-24T10:00:00.000999999Z"), _at(NOW), shown=False),
    about("A space for the T", _ordered(timestamp="2026-11-24 10:00:00Z"), _at(NOW), shown=False),
    about(
        "A date alone", _ordered(timestamp="2026-11-24"), _at(NOW - 36_000, "01M85DMB00GN1ZQCHKBEY8FWP7"), shown=False
    ),
    about("Unix seconds", _ordered(timestamp=NOW), _at(NOW)),
    about("Unix milliseconds, above 1e11", _ordered(timestamp=NOW * 1000), _at(NOW)),
    about("Unix seconds with a fraction", _ordered(timestamp=NOW + 0.0), _at(NOW), shown=False),
    about(
        "`timestamp` goes before `originalTimestamp`; the id is made of the client's own",
        _ordered(timestamp=NOW + 60, originalTimestamp=NOW),
        _at(NOW + 60),
    ),
    about(
        "`originalTimestamp`, where there is no `timestamp`", _ordered(timestamp=..., originalTimestamp=NOW), _at(NOW)
    ),
    about(
        "Then `sentAt`",
        _ordered(timestamp=None, sentAt=NOW + 5),
        _at(NOW + 5, "0000000000GN1ZQCHKBEY8FWP7"),
    ),
    about(
        "Then `receivedAt`",
        _ordered(timestamp=..., receivedAt=NOW + 6),
        _at(NOW + 6, "0000000000GN1ZQCHKBEY8FWP7"),
    ),
    about(
        "Then the time that the source gives (Pub/Sub's publish time)",
        _ordered(timestamp=...),
        _at(NOW + 7, "0000000000GN1ZQCHKBEY8FWP7"),
        source_time_ms=(NOW + 7) * 1000,
        shown=False,
    ),
    about(
        "An empty time is an absent one",
        _ordered(timestamp=" ", sentAt=NOW),
        _at(NOW, "0000000000GN1ZQCHKBEY8FWP7"),
        shown=False,
    ),
    about(
        "The epoch is a time",
        _ordered(timestamp=0, sentAt=NOW),
        _at(0, "0000000000GN1ZQCHKBEY8FWP7"),
        shown=False,
    ),
    about("Present but unreadable", _ordered(timestamp="yesterday", sentAt=NOW), "invalid_timestamp"),
    about("No such day", _ordered(timestamp="2026-02-30T10:00:00Z"), "invalid_timestamp", shown=False),
    about(
        "Ten fraction digits", _ordered(timestamp="2026-11-24T10:00:00.0123456789Z"), "invalid_timestamp", shown=False
    ),
    about(
        "Beyond what Customer.io takes", _ordered(timestamp="9999-12-31T00:00:00Z"), "invalid_timestamp", shown=False
    ),
    about("A time of a wrong type", _ordered(timestamp={"s": 1}), "invalid_timestamp", shown=False),
    about("`true` is no time", _ordered(timestamp=True), "invalid_timestamp", shown=False),
    about("No time at all, and none from the source", _ordered(timestamp=...), "missing_timestamp"),
]

INTEGRATIONS = [
    about("Customer.io opted out", _ordered(integrations={"Customer.io": False}), FilteredOut()),
    about("Everything opted out", _ordered(integrations={"All": False}), FilteredOut()),
    about("Everything but Customer.io", _ordered(integrations={"All": False, "Customer.io": True}), _by("u1")),
    about(
        "Options for Customer.io opt in",
        _ordered(integrations={"All": False, "Customer.io": {"x": 1}}),
        _by("u1"),
        shown=False,
    ),
    about(
        "An empty entry is not truthy",
        _ordered(integrations={"All": False, "Customer.io": {}}),
        FilteredOut(),
        shown=False,
    ),
    about(
        "The name as Segment's newer destination has it",
        _ordered(integrations={"Customer.io (Actions)": False}),
        FilteredOut(),
    ),
    about(
        "The name in other spellings", _ordered(integrations={"Actions customerio": False}), FilteredOut(), shown=False
    ),
    about("In capitals", _ordered(integrations={"CUSTOMER IO": False}), FilteredOut(), shown=False),
    about("`null` is no opt-out", _ordered(integrations={"Customer.io": None}), _by("u1"), shown=False),
    about("Other destinations don't matter", _ordered(integrations={"Braze": False}), _by("u1")),
    about(
        "One false entry is enough, in whatever order",
        _ordered(integrations={"Customer.io (Actions)": True, "Customer.io": False}),
        FilteredOut(),
        shown=False,
    ),
    about(
        "An opted-out event is filtered even if it is unusable",
        event("track", integrations={"All": False}),
        FilteredOut(),
        shown=False,
    ),
]
