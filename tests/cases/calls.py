"""The six calls."""

from __future__ import annotations

from typing import Any

from tests.cases.case import ANONYMOUS, Operations, about, event, identified, operation

U1 = {"id": "u1"}
ADA = {"email": "ada@example.com"}

LONG_NAME = "Paid " + "€" * 40  # 125 bytes

TRACK = [
    about(
        "A track is an event",
        event("track", userId="u1", event="Order Completed", properties={"total": 39.9, "coupon": None}),
        operation("event", U1, "Order Completed", total=39.9, coupon=None),
    ),
    about("The name is trimmed", event("track", userId="u1", event="  Ordered\n"), operation("event", U1, "Ordered")),
    about(
        "A name over 100 bytes is cut, and kept in `full_name`",
        event("track", userId="u1", event=LONG_NAME, properties={"a": 1}),
        operation("event", U1, "Paid " + "€" * 31, a=1, full_name=LONG_NAME),
    ),
    about(
        "A name of 100 bytes is whole",
        event("track", userId="u1", event="é" * 50),
        operation("event", U1, "é" * 50),
        shown=False,
    ),
    about(
        "A name is not cut in the middle of white space",
        event("track", userId="u1", event="x" * 99 + " y"),
        operation("event", U1, "x" * 99, full_name="x" * 99 + " y"),
        shown=False,
    ),
    about("No name", event("track", userId="u1"), "missing_event_name"),
    about("A blank name", event("track", userId="u1", event="  "), "missing_event_name", shown=False),
    about("A name that is no string", event("track", userId="u1", event=7), "missing_event_name", shown=False),
]


def _page(**fields: Any) -> dict[str, Any]:
    return event("page", anonymousId="a-1", **fields)


_URL = "https://shop.example/pricing"

PAGE = [
    about(
        "The name",
        _page(name="Pricing", properties={"url": _URL}),
        operation("page", ANONYMOUS, "Pricing", url=_URL),
    ),
    about(
        "Else `properties.name`",
        _page(properties={"name": "Pricing", "url": _URL}),
        operation("page", ANONYMOUS, "Pricing", name="Pricing", url=_URL),
    ),
    about("Else `properties.url`", _page(properties={"url": _URL}), operation("page", ANONYMOUS, _URL, url=_URL)),
    about("Else `context.page.url`", _page(context={"page": {"url": _URL}}), operation("page", ANONYMOUS, _URL)),
    about("Else `properties.path`", _page(properties={"path": "/p"}), operation("page", ANONYMOUS, "/p", path="/p")),
    about(
        "Else `category`",
        _page(category="Docs"),
        operation("page", ANONYMOUS, "Docs", category="Docs"),
    ),
    about(
        "With `--page_name=url` the URLs come first",
        _page(name="Pricing", properties={"url": _URL}),
        operation("page", ANONYMOUS, _URL, url=_URL),
        page_name="url",
    ),
    about(
        "With `--page_name=url`, the URL of the context",
        _page(name="Pricing", context={"page": {"url": _URL}}),
        operation("page", ANONYMOUS, _URL),
        page_name="url",
        shown=False,
    ),
    about(
        "With `--page_name=url` and no URL, the name",
        _page(name="Pricing", properties={"path": "/p"}),
        operation("page", ANONYMOUS, "Pricing", path="/p"),
        page_name="url",
        shown=False,
    ),
    about(
        "A blank name is none",
        _page(name=" ", properties={"path": "/p"}),
        operation("page", ANONYMOUS, "/p", path="/p"),
        shown=False,
    ),
    about(
        "A context.page that is no object says nothing", _page(context={"page": _URL}), "missing_page_name", shown=False
    ),
    about("None of them", _page(properties={"title": "Pricing"}), "missing_page_name"),
    about(
        "The category becomes an attribute",
        _page(name="Install", category="Docs", properties={"a": 1}),
        operation("page", ANONYMOUS, "Install", a=1, category="Docs"),
    ),
    about(
        "The properties' own category stays",
        _page(name="Install", category="Docs", properties={"category": "Help"}),
        operation("page", ANONYMOUS, "Install", category="Help"),
        shown=False,
    ),
    *(
        about(
            f"A category of {empty!r} among the properties gives way",
            _page(name="Install", category="Docs", properties={"category": empty}),
            operation("page", ANONYMOUS, "Install", category="Docs"),
            shown=False,
        )
        for empty in (None, "", " ")
    ),
    about(
        "An empty category is none, as Kotlin's library writes it",
        _page(name="Install", category=""),
        operation("page", ANONYMOUS, "Install"),
        shown=False,
    ),
    about(
        "A URL over 100 bytes is cut as a name, and whole as an attribute",
        _page(properties={"url": _URL + "?" + "q" * 99}),
        operation(
            "page", ANONYMOUS, (_URL + "?" + "q" * 99)[:100], url=_URL + "?" + "q" * 99, full_name=_URL + "?" + "q" * 99
        ),
        shown=False,
    ),
]

SCREEN = [
    about(
        "The name",
        event("screen", userId="u1", name="Home", properties={"tab": "feed"}),
        operation("screen", U1, "Home", tab="feed"),
    ),
    about("Else `event`", event("screen", userId="u1", event="Home"), operation("screen", U1, "Home")),
    about(
        "Else `properties.name`",
        event("screen", userId="u1", properties={"name": "Home"}),
        operation("screen", U1, "Home", name="Home"),
    ),
    about(
        "Else `category`",
        event("screen", userId="u1", category="Feed"),
        operation("screen", U1, "Feed", category="Feed"),
    ),
    about(
        "The category becomes an attribute",
        event("screen", userId="u1", name="Home", category="Feed"),
        operation("screen", U1, "Home", category="Feed"),
    ),
    about(
        "The properties' own category stays",
        event("screen", userId="u1", name="Home", category="Feed", properties={"category": "Tab"}),
        operation("screen", U1, "Home", category="Tab"),
        shown=False,
    ),
    about(
        "`--page_name=url` is about pages",
        event("screen", userId="u1", name="Home", properties={"url": _URL}),
        operation("screen", U1, "Home", url=_URL),
        page_name="url",
        shown=False,
    ),
    about("None of them", event("screen", userId="u1"), "missing_screen_name"),
]

_STEERING = {
    "userId": "u1",
    "anonymousId": "a-1",
    "objectTypeId": "2",
    "object_type_id": "2",
    "relationshipAttributes": {"role": "owner"},
}

IDENTIFY = [
    about(
        "All traits are attributes",
        event("identify", userId="u1", traits={"email": "ada@example.com", "plan": "pro", "logins": 7}),
        identified(U1, email="ada@example.com", plan="pro", logins=7),
    ),
    about("Traits are optional", event("identify", userId="u1"), identified(U1), shown=False),
    about(
        "`unsubscribed`, subscription preferences and `_update` pass as they are",
        event(
            "identify",
            userId="u1",
            traits={
                "unsubscribed": True,
                "cio_subscription_preferences": {"topics": {"topic_1": False}},
                "_update": True,
            },
        ),
        identified(
            U1,
            unsubscribed=True,
            cio_subscription_preferences={"topics": {"topic_1": False}},
            _update=True,
        ),
    ),
    about(
        "Traits that steer the mapping are no attributes",
        event("identify", userId="u1", traits={**_STEERING, "a": 1}),
        identified(U1, a=1),
    ),
    about(
        "The anonymousId joins earlier anonymous events to the person",
        event("identify", userId="u1", anonymousId="a-1"),
        identified(U1, anonymous_id="a-1"),
    ),
    about(
        "`created_at` is in unix seconds",
        event("identify", userId="u1", traits={"created_at": "2024-05-06T07:08:09.000Z", "plan": "pro"}),
        identified(U1, plan="pro", created_at=1714979289),
    ),
    about(
        "So is `createdAt`",
        event("identify", userId="u1", traits={"createdAt": "2024-05-06T07:08:09+00:00"}),
        identified(U1, created_at=1714979289),
    ),
    about(
        "And `created`",
        event("identify", userId="u1", traits={"created": 1714979289}),
        identified(U1, created_at=1714979289),
    ),
    about(
        "The first that is a time",
        event("identify", userId="u1", traits={"created_at": "long ago", "createdAt": "2024-05-06T07:08:09Z"}),
        identified(U1, created_at=1714979289),
    ),
    about(
        "A zero value is none",
        event("identify", userId="u1", traits={"created_at": "0001-01-01T00:00:00Z", "created": 1714979289}),
        identified(U1, created_at=1714979289),
        shown=False,
    ),
    about(
        "PHP's `DateTime`",
        event(
            "identify",
            userId="u1",
            traits={
                "createdAt": {"date": "2024-05-06 09:08:09.123456", "timezone_type": 3, "timezone": "Europe/Zurich"}
            },
        ),
        identified(U1, created_at=1714979289),
    ),
    about(
        "PHP's `DateTime` in UTC",
        event(
            "identify",
            userId="u1",
            traits={"createdAt": {"date": "2024-05-06 07:08:09.000000", "timezone_type": 2, "timezone": "Z"}},
        ),
        identified(U1, created_at=1714979289),
        shown=False,
    ),
    about(
        "PHP's `DateTime` in a zone that nobody knows, as it is",
        event(
            "identify",
            userId="u1",
            traits={"createdAt": {"date": "2024-05-06 07:08:09.000000", "timezone_type": 3, "timezone": "Mars"}},
        ),
        identified(U1, created_at={"date": "2024-05-06 07:08:09.000000", "timezone_type": 3, "timezone": "Mars"}),
        shown=False,
    ),
    about(
        "The first that is not empty",
        event("identify", userId="u1", traits={"created_at": "", "createdAt": None, "created": "1714979289"}),
        identified(U1, created_at=1714979289),
    ),
    about(
        "Milliseconds, above 1e11",
        event("identify", userId="u1", traits={"created_at": 1714979289123}),
        identified(U1, created_at=1714979289),
    ),
    about(
        "Digits of milliseconds",
        event("identify", userId="u1", traits={"created_at": "1714979289123"}),
        identified(U1, created_at=1714979289),
        shown=False,
    ),
    about(
        "A fraction of a second",
        event("identify", userId="u1", traits={"created_at": 1714979289.9}),
        identified(U1, created_at=1714979289),
        shown=False,
    ),
    about(
        "Before 1970-01-02, as it is",
        event("identify", userId="u1", traits={"created_at": "1969-12-31"}),
        identified(U1, created_at="1969-12-31"),
        shown=False,
    ),
    about(
        "The epoch, as it is",
        event("identify", userId="u1", traits={"created_at": 0}),
        identified(U1, created_at=0),
        shown=False,
    ),
    about(
        "A day in basic form",
        event("identify", userId="u1", traits={"created_at": "20240506"}),
        identified(U1, created_at=1714953600),
        shown=False,
    ),
    about(
        "Anything else as it is; of several, the first that is not empty",
        event("identify", userId="u1", traits={"created_at": "", "createdAt": "long ago", "created": "later"}),
        identified(U1, created_at="long ago"),
    ),
    about(
        "An object as it is",
        event("identify", userId="u1", traits={"created_at": {"y": 2024}}),
        identified(U1, created_at={"y": 2024}),
        shown=False,
    ),
    about(
        "All of them empty",
        event("identify", userId="u1", traits={"created_at": " ", "createdAt": ""}),
        identified(U1),
        shown=False,
    ),
    about(
        "`--convert_dates=false` does not apply to `created_at`",
        event("identify", userId="u1", traits={"createdAt": "2024-05-06", "seen": "2024-05-06"}),
        identified(U1, seen="2024-05-06", created_at=1714953600),
        convert_dates=False,
        shown=False,
    ),
    about(
        "`traits.objectId` relates the person to an object",
        event(
            "identify",
            userId="u1",
            traits={"objectId": "acme", "objectTypeId": 2, "relationshipAttributes": {"since": "2024-05-06"}},
        ),
        {
            **identified(U1),
            "cio_relationships": [
                {
                    "identifiers": {"object_type_id": "2", "object_id": "acme"},
                    "relationship_attributes": {"since": 1714953600},
                }
            ],
        },
    ),
    about(
        'The object\'s type is "1" by default',
        event("identify", userId="u1", traits={"objectId": 7}),
        {**identified(U1), "cio_relationships": [{"identifiers": {"object_type_id": "1", "object_id": "7"}}]},
        shown=False,
    ),
    about(
        "An objectId of a wrong type",
        event("identify", userId="u1", traits={"objectId": []}),
        "invalid_field",
        shown=False,
    ),
    about(
        "An object id over 150 bytes",
        event("identify", userId="u1", traits={"objectId": "x" * 151}),
        "identifier_too_long",
        shown=False,
    ),
    about(
        "A word for nothing is no object",
        event("identify", userId="u1", traits={"objectId": "undefined"}),
        identified(U1),
        shown=False,
    ),
    about(
        "A word for nothing is no type of an object",
        event("identify", userId="u1", traits={"objectId": "acme", "object_type_id": "null", "objectTypeId": "2"}),
        {**identified(U1), "cio_relationships": [{"identifiers": {"object_type_id": "2", "object_id": "acme"}}]},
        shown=False,
    ),
    about(
        "Empty relationship attributes as PHP writes them",
        event("identify", userId="u1", traits={"objectId": "acme", "relationshipAttributes": []}),
        {**identified(U1), "cio_relationships": [{"identifiers": {"object_type_id": "1", "object_id": "acme"}}]},
        shown=False,
    ),
    about(
        "`--identify_timestamp=none` leaves the time out: the last to arrive wins",
        event("identify", userId="u1", traits={"plan": "pro"}),
        {"type": "person", "action": "identify", "identifiers": U1, "attributes": {"plan": "pro"}},
        identify_timestamp="none",
    ),
    about(
        "Relationship attributes of a wrong type",
        event("identify", userId="u1", traits={"objectId": "o", "relationshipAttributes": "owner"}),
        "invalid_field",
        shown=False,
    ),
    about("Neither a userId nor an email", event("identify", traits={"plan": "pro"}), "missing_identity"),
]


def grouped(
    attributes: dict[str, Any], *relationships: dict[str, Any], object_type: str = "1", action: str = "identify"
) -> dict[str, Any]:
    """Make the operation of a group call about the object ``acme``."""
    made = {
        "type": "object",
        "action": action,
        "identifiers": {"object_type_id": object_type, "object_id": "acme"},
        "attributes": attributes,
    }
    return {**made, "cio_relationships": list(relationships)} if relationships else made


_OF_U1 = {"identifiers": U1}

GROUP = [
    about(
        "A group is an object, related to the person",
        event("group", userId="u1", groupId="acme", traits={"name": "Acme Inc", "employees": 329}),
        grouped({"name": "Acme Inc", "employees": 329}, _OF_U1),
    ),
    about(
        "The object's type",
        event("group", userId="u1", groupId="acme", traits={"object_type_id": "2", "plan": "pro"}),
        grouped({"plan": "pro"}, _OF_U1, object_type="2"),
    ),
    about(
        "Or as `objectTypeId`",
        event("group", userId="u1", groupId="acme", traits={"objectTypeId": 3, "object_type_id": ""}),
        grouped({}, _OF_U1, object_type="3"),
        shown=False,
    ),
    about(
        "`traits.objectAttributes` go over the traits",
        event(
            "group",
            userId="u1",
            groupId="acme",
            traits={"plan": "free", "objectAttributes": {"plan": "pro", "seats": 5}},
        ),
        grouped({"plan": "pro", "seats": 5}, _OF_U1),
    ),
    about(
        "`traits.relationshipAttributes` describe the relationship",
        event("group", userId="u1", groupId="acme", traits={"relationshipAttributes": {"role": "owner"}}),
        grouped({}, {"identifiers": U1, "relationship_attributes": {"role": "owner"}}),
    ),
    about(
        "When the group came to be",
        event("group", userId="u1", groupId="acme", traits={"name": "Acme", "createdAt": "2020-02-03T04:05:06.789Z"}),
        grouped({"name": "Acme", "created_at": 1580702706}, _OF_U1),
    ),
    about(
        "Only an anonymousId",
        event("group", anonymousId="a-1", groupId="acme", traits={"plan": "pro"}),
        grouped({"plan": "pro"}, {"identifiers": ANONYMOUS}, action="identify_anonymous"),
    ),
    about(
        "By email",
        event("group", anonymousId="a-1", groupId="acme", context={"traits": ADA}, traits={"plan": "pro"}),
        grouped({"plan": "pro"}, {"identifiers": ADA}),
        shown=False,
    ),
    about(
        "A person known by phone: no relationship, because the Track API's names no phone there",
        event("group", userId="+41446681800", groupId="acme", traits={"plan": "pro"}),
        Operations((grouped({"plan": "pro"}),), ("unsupported_identifier",)),
        identify_by="phone",
        shown=False,
    ),
    about("Nobody: no relationship", event("group", groupId="acme", traits={"plan": "pro"}), grouped({"plan": "pro"})),
    about(
        "A groupId that is a number",
        event("group", groupId=0, traits={}),
        {**grouped({}), "identifiers": {"object_type_id": "1", "object_id": "0"}},
        shown=False,
    ),
    about("No groupId", event("group", userId="u1", traits={"name": "Acme"}), "missing_group_id"),
    about(
        "Empty object attributes as PHP writes them",
        event("group", groupId="acme", traits={"objectAttributes": []}),
        grouped({}),
        shown=False,
    ),
    about(
        "Object attributes of a wrong type",
        event("group", groupId="acme", traits={"objectAttributes": "pro"}),
        "invalid_field",
        shown=False,
    ),
    about(
        "`null` object attributes are none",
        event("group", groupId="acme", traits={"objectAttributes": None}),
        grouped({}),
        shown=False,
    ),
    about("A groupId over 150 bytes", event("group", groupId="x" * 151), "identifier_too_long", shown=False),
]


def merged(primary: dict[str, str], secondary: dict[str, str]) -> dict[str, Any]:
    """Make a merge operation."""
    return {"type": "person", "action": "merge", "primary": primary, "secondary": secondary}


ALIAS = [
    about(
        "`previousId` is merged into `userId`, and deleted",
        event("alias", userId="u1", previousId="old-1"),
        merged(U1, {"id": "old-1"}),
    ),
    about(
        "Emails and `cio_` ids as everywhere",
        event("alias", userId="ada@example.com", previousId="cio_0a1b"),
        merged(ADA, {"cio_id": "0a1b"}),
    ),
    about(
        "With `--identify_by=id`",
        event("alias", userId="ada@example.com", previousId="old-1"),
        merged({"id": "ada@example.com"}, {"id": "old-1"}),
        identify_by="id",
        shown=False,
    ),
    about("Numbers are ids", event("alias", userId=1, previousId=0), merged({"id": "1"}, {"id": "0"}), shown=False),
    about("No previousId", event("alias", userId="u1"), "missing_previous_id"),
    about("No userId", event("alias", anonymousId="a-1", previousId="old-1"), "missing_identity"),
    about("Both the same person", event("alias", userId="u1", previousId="u1"), "self_merge"),
    about("The same number in two spellings", event("alias", userId=1, previousId="1"), "self_merge", shown=False),
    about(
        "The same email in two spellings",
        event("alias", userId="ada@example.com", previousId="Ada@Example.com"),
        "self_merge",
    ),
    about(
        "With `--identify_by=phone`, of a phone number",
        event("alias", userId="+41446681800", previousId="old-1"),
        "unsupported_identifier",
        identify_by="phone",
    ),
    about(
        "Of a phone number as previousId",
        event("alias", userId="u1", previousId="+41446681800"),
        "unsupported_identifier",
        identify_by="phone",
        shown=False,
    ),
    about(
        "Without the option a phone number is an id",
        event("alias", userId="u1", previousId="+41446681800"),
        merged(U1, {"id": "+41446681800"}),
        shown=False,
    ),
    about(
        "A previousId over 150 bytes",
        event("alias", userId="u1", previousId="x" * 151),
        "identifier_too_long",
        shown=False,
    ),
]
