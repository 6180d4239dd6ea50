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
    about("An identifier is trimmed", _ordered(userId=" u1\n"), _by("u1")),
    about(
        "So are all others",
        event("alias", userId=" u1 ", previousId="\told-1 "),
        {"type": "person", "action": "merge", "primary": U1, "secondary": {"id": "old-1"}},
        shown=False,
    ),
    about("A trimmed messageId makes the same id", _ordered(messageId=" m-1 "), _by("u1"), shown=False),
    about(
        "A word for nothing is absent: it would make one person of many strangers",
        _ordered(userId="undefined", anonymousId="a-1"),
        operation("event", ANONYMOUS, "Ordered"),
    ),
    *(
        about(f"`{word}` too", _ordered(userId=word), "missing_identity", shown=False)
        for word in ("null", "None", "NIL", "NaN", "[object Object]", " undefined ")
    ),
    about("A word that merely begins like one", _ordered(userId="nullable"), _by("nullable"), shown=False),
    about("An anonymousId that is one", _ordered(userId=..., anonymousId="null"), "missing_identity", shown=False),
    about("A groupId that is one", event("group", userId="u1", groupId="undefined"), "missing_group_id", shown=False),
    about(
        "A previousId that is one",
        event("alias", userId="u1", previousId="[object Object]"),
        "missing_previous_id",
        shown=False,
    ),
    about(
        "A messageId that is one: no two events of a moment may share an id",
        _ordered(messageId="undefined"),
        {**_by("u1"), "id": "01M86FYZ80MCK77ZSMZJ1CC66D"},
        shown=False,
    ),
    about(
        "An anonymousId that is one never becomes an attribute",
        event("identify", userId="u1", anonymousId="undefined"),
        identified(U1),
        shown=False,
    ),
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
    about("So is an empty list: PHP writes one", _ordered(properties=[], context=[], integrations=[]), _by("u1")),
    about("Any other JSON type", _ordered(properties=["a"]), "invalid_field"),
    about("Traits that are a list", event("identify", userId="u1", traits=["a"]), "invalid_field", shown=False),
    about("A context that is a list", _ordered(context=["a"]), "invalid_field", shown=False),
    about("Integrations that are a list", _ordered(integrations=["Braze"]), "invalid_field", shown=False),
    about("Empty traits as PHP writes them", event("identify", userId="u1", traits=[]), identified(U1), shown=False),
    about(
        "Empty parts of a context", _ordered(context={"traits": [], "device": [], "page": []}), _by("u1"), shown=False
    ),
    about("Traits of a wrong type", event("identify", userId="u1", traits="x"), "invalid_field", shown=False),
    about("A context of a wrong type", _ordered(context=1), "invalid_field", shown=False),
    about("Integrations of a wrong type", _ordered(integrations=False), "invalid_field", shown=False),
    about(
        "Identify falls back on `context.traits`",
        event("identify", userId="u1", context={"traits": {"plan": "pro"}}),
        identified(U1, plan="pro"),
    ),
    about(
        "Empty traits are missing traits",
        event("identify", userId="u1", traits={}, context={"traits": {"plan": "pro"}}),
        identified(U1, plan="pro"),
    ),
    about(
        "Own traits are not mixed with those of the context",
        event("identify", userId="u1", traits={"a": 1}, context={"traits": {"plan": "pro"}}),
        identified(U1, a=1),
        shown=False,
    ),
    about(
        "Group does not: its context holds the traits of the user",
        event("group", userId="u1", groupId="acme", context={"traits": {"email": "ada@example.com"}}),
        {
            "type": "object",
            "action": "identify",
            "identifiers": {"object_type_id": "1", "object_id": "acme"},
            "attributes": {},
            "cio_relationships": [{"identifiers": U1}],
        },
    ),
]

TIMESTAMP = [
    about("ISO 8601 with an offset", _ordered(timestamp="2026-11-24T11:00:00+01:00"), _at(NOW)),
    about("An offset without a colon", _ordered(timestamp="2026-11-24T11:00:00+0100"), _at(NOW), shown=False),
    about("An offset of hours", _ordered(timestamp="2026-11-24T02:00:00-08"), _at(NOW), shown=False),
    about("No zone is UTC", _ordered(timestamp="2026-11-24T10:00:00"), _at(NOW)),
    about("Nine fraction digits", _ordered(timestamp="2026-11-24T10:00:00.000999999Z"), _at(NOW), shown=False),
    about("A blank for the T", _ordered(timestamp="2026-11-24 10:00:00Z"), _at(NOW), shown=False),
    about("As BigQuery writes it", _ordered(timestamp="2026-11-24 10:00:00.000000 UTC"), _at(NOW)),
    about("With GMT", _ordered(timestamp="2026-11-24T10:00:00 GMT"), _at(NOW), shown=False),
    about("As Go prints it", _ordered(timestamp="2026-11-24 10:00:00.000000001 +0000 UTC"), _at(NOW), shown=False),
    about("As Ruby prints it", _ordered(timestamp="2026-11-24 11:00:00 +0100"), _at(NOW), shown=False),
    about("The basic form", _ordered(timestamp="20261124T110000+0100"), _at(NOW)),
    about("The basic form without seconds", _ordered(timestamp="20261124T1000Z"), _at(NOW), shown=False),
    about(
        "Eight digits are a day, never unix seconds",
        _ordered(timestamp="20261124"),
        _at(NOW - 36_000, "01M85DMB00GN1ZQCHKBEY8FWP7"),
    ),
    about(
        "Also as a number", _ordered(timestamp=20261124), _at(NOW - 36_000, "01M85DMB00GN1ZQCHKBEY8FWP7"), shown=False
    ),
    about("Eight digits that are no day", _ordered(timestamp="20261399"), "invalid_timestamp", shown=False),
    about(
        "A date alone", _ordered(timestamp="2026-11-24"), _at(NOW - 36_000, "01M85DMB00GN1ZQCHKBEY8FWP7"), shown=False
    ),
    about("Unix seconds", _ordered(timestamp=NOW), _at(NOW)),
    about("Unix milliseconds, above 1e11", _ordered(timestamp=NOW * 1000), _at(NOW)),
    about("Unix microseconds, above 1e14", _ordered(timestamp=NOW * 10**6 + 999), _at(NOW)),
    about("Unix nanoseconds, above 1e17", _ordered(timestamp=NOW * 10**9 + 999_999), _at(NOW)),
    about("As a string of at least 9 digits", _ordered(timestamp=str(NOW)), _at(NOW)),
    about("Nanoseconds as a string", _ordered(timestamp=str(NOW * 10**9)), _at(NOW), shown=False),
    about("Fewer digits are no time", _ordered(timestamp="12345678"), "invalid_timestamp", shown=False),
    about(
        "PHP's `DateTime`",
        _ordered(timestamp={"date": "2026-11-24 11:00:00.000000", "timezone_type": 1, "timezone": "+01:00"}),
        _at(NOW),
        shown=False,
    ),
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
        "A zero value is no time: the next field is tried, and the id ignores it",
        _ordered(timestamp="0001-01-01T00:00:00Z", sentAt=NOW),
        _at(NOW, "0000000000GN1ZQCHKBEY8FWP7"),
    ),
    *(
        about(
            f"The zero value `{zero}`",
            _ordered(timestamp=zero, originalTimestamp=NOW),
            _at(NOW),
            shown=False,
        )
        for zero in (
            0,
            0.0,
            -1,
            2026,
            86_399,
            -62135596800,
            -62135596800000,
            "0",
            "-62135596800",
            "0000-00-00 00:00:00",
            "-0001-11-30T00:00:00+00:00",
            "1970-01-01T00:33:46+00:00",
            "1970-01-02T00:59:59+01:00",
            "1969-12-31",
        )
    ),
    about(
        "The first time that is no zero value",
        _ordered(timestamp=86_400),
        _at(86_400, "00002JCQ00GN1ZQCHKBEY8FWP7"),
        shown=False,
    ),
    about(
        "The id is made of `timestamp` where `originalTimestamp` is a zero value",
        _ordered(originalTimestamp="0001-01-01T00:00:00Z"),
        _at(NOW),
        shown=False,
    ),
    about(
        "A zero value, and a source that gives a time",
        _ordered(timestamp=0),
        _at(NOW, "0000000000GN1ZQCHKBEY8FWP7"),
        source_time_ms=NOW * 1000,
        shown=False,
    ),
    about("A zero value alone", _ordered(timestamp="0001-01-01T00:00:00Z"), "invalid_timestamp"),
    about(
        "A zero value, then one that is unreadable",
        _ordered(timestamp=0, sentAt="soon"),
        "invalid_timestamp",
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
    about("`all` in any case", _ordered(integrations={"all": False, "Customer.io": True}), _by("u1"), shown=False),
    about("`all` alone, as Go's library writes it", _ordered(integrations={"all": False}), FilteredOut(), shown=False),
    about(
        "*Customer.io Data Pipelines* is another destination",
        _ordered(integrations={"Customer.io Data Pipelines": False}),
        _by("u1"),
    ),
    about(
        "Its entry does not opt in either",
        _ordered(integrations={"All": False, "Customer.io Data Pipelines": True}),
        FilteredOut(),
        shown=False,
    ),
    about(
        "`--integrations=ignore` sends the event",
        _ordered(integrations={"All": False}),
        _by("u1"),
        integrations="ignore",
    ),
    about(
        "A name of any length",
        _ordered(integrations={"Customer.io" + " " * 1000: False}),
        FilteredOut(),
        shown=False,
    ),
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
