"""Limits: what is split, what is left out, what can't be sent."""

from __future__ import annotations

from typing import Any

from tests.cases.calls import grouped
from tests.cases.case import ANONYMOUS, Operations, about, event, identified, operation

U1 = {"id": "u1"}


def _numbered(start: int, stop: int) -> dict[str, int]:
    return {f"t{number}": number for number in range(start, stop)}


SPLIT = [
    about(
        "Thirty attributes are one operation",
        event("identify", userId="u1", traits=_numbered(0, 30)),
        identified(U1, **_numbered(0, 30)),
        shown=False,
    ),
    about(
        "More than thirty are as many operations as it takes",
        event("identify", userId="u1", traits=_numbered(0, 61)),
        Operations(
            (
                identified(U1, **_numbered(0, 30)),
                identified(U1, **_numbered(30, 60)),
                identified(U1, **_numbered(60, 61)),
            )
        ),
        shown=False,
    ),
    about(
        "As with `--max_attributes_per_identify=2`: the traits that decide go first, the others in their order",
        event("identify", userId="u1", traits={"a": 1, "b": 2, "unsubscribed": True, "email": "ada@example.com"}),
        Operations(
            (
                identified(U1, email="ada@example.com", unsubscribed=True),
                identified(U1, a=1, b=2),
            )
        ),
        max_attributes_per_identify=2,
    ),
    about(
        "All five that decide are in the first",
        event(
            "identify",
            userId="u1",
            anonymousId="a-1",
            traits={
                **_numbered(0, 30),
                "cio_subscription_preferences": {"topics": {"topic_1": True}},
                "unsubscribed": False,
                "createdAt": 1714979289,
                "email": "ada@example.com",
            },
        ),
        Operations(
            (
                identified(
                    U1,
                    email="ada@example.com",
                    created_at=1714979289,
                    unsubscribed=False,
                    anonymous_id="a-1",
                    cio_subscription_preferences={"topics": {"topic_1": True}},
                    **_numbered(0, 25),
                ),
                identified(U1, **_numbered(25, 30)),
            )
        ),
        shown=False,
    ),
    about(
        "`_update` is in every one, so that none creates the person",
        event("identify", userId="u1", traits={"a": 1, "b": 2, "c": 3, "_update": True}),
        Operations(
            (
                identified(U1, _update=True, a=1, b=2),
                identified(U1, _update=True, c=3),
            )
        ),
        max_attributes_per_identify=3,
    ),
    about(
        "The relationship is in the first",
        event("identify", userId="u1", traits={"a": 1, "b": 2, "objectId": "acme"}),
        Operations(
            (
                {
                    **identified(U1, a=1),
                    "cio_relationships": [{"identifiers": {"object_type_id": "1", "object_id": "acme"}}],
                },
                identified(U1, b=2),
            )
        ),
        max_attributes_per_identify=1,
        shown=False,
    ),
    about(
        "Up to 300 in one, where the workspace takes them",
        event("identify", userId="u1", traits=_numbered(0, 300)),
        identified(U1, **_numbered(0, 300)),
        max_attributes_per_identify=300,
        shown=False,
    ),
    about(
        "Objects are split too",
        event("group", anonymousId="a-1", groupId="acme", traits={"a": 1, "b": 2}),
        Operations(
            (
                grouped({"a": 1}, {"identifiers": ANONYMOUS}, action="identify_anonymous"),
                grouped({"b": 2}, action="identify_anonymous"),
            )
        ),
        max_attributes_per_identify=1,
        shown=False,
    ),
    about(
        "An identify over 32,000 bytes is split by its attributes",
        event("identify", userId="u1", traits={f"t{number}": "\u0001" * 1000 for number in range(8)}),
        Operations(
            (
                identified(U1, **{f"t{number}": "\u0001" * 1000 for number in range(4)}),
                identified(U1, **{f"t{number}": "\u0001" * 1000 for number in range(4, 8)}),
            )
        ),
        shown=False,
    ),
]


def _nested(levels: int) -> Any:
    value: Any = "x" * 1001
    for _ in range(levels):
        value = [value]
    return value


_TOO_LONG = ("attribute_too_long",)
_PREFERENCES = {"topics": {f"topic_{number}": False for number in range(100)}}


def _oversize(rule: str, traits: dict[str, Any], kept: dict[str, Any], unsent: int, *, shown: bool = False) -> Any:
    outcome = Operations((identified(U1, **kept),), _TOO_LONG * unsent)
    return about(rule, event("identify", userId="u1", traits=traits), outcome, shown=shown)


ATTRIBUTES = [
    _oversize("A name of 150 bytes", {"é" * 75: 1}, {"é" * 75: 1}, 0),
    _oversize("A name over 150 bytes", {"a": 1, "é" * 75 + "x": 1}, {"a": 1}, 1),
    _oversize("A string of 1,000 bytes", {"s": "é" * 500}, {"s": "é" * 500}, 0),
    _oversize("A string over 1,000 bytes", {"a": 1, "bio": "é" * 500 + "x"}, {"a": 1}, 1),
    _oversize("A list of 1,000 bytes as JSON", {"l": ["x" * 996]}, {"l": ["x" * 996]}, 0),
    _oversize("A list over 1,000 bytes as JSON", {"a": 1, "l": ["x" * 997]}, {"a": 1}, 1),
    _oversize("An object over 1,000 bytes as JSON", {"a": 1, "o": {"k": "x" * 993}}, {"a": 1}, 1),
    _oversize("Nested as deeply as a dead letter can hold", {"a": 1, "l": _nested(240)}, {"a": 1}, 1),
    about(
        "Nested more deeply",
        event("identify", userId="u1", traits={"l": _nested(241)}),
        "invalid_json",
        convert_dates=False,
        shown=False,
    ),
    _oversize("Two of them: two dead letters", {"a": 1, "s": "x" * 1001, "t": "y" * 1001}, {"a": 1}, 2),
    _oversize("Dates are measured as what they become", {"l": ["2024-05-06"] * 83}, {"l": [1714953600] * 83}, 0),
    about(
        "A person's attribute that is too long is recorded; the rest is sent",
        event("identify", userId="u1", traits={"plan": "pro", "x" * 151: 1}),
        Operations((identified(U1, plan="pro"),), _TOO_LONG),
    ),
    about(
        "Subscription preferences are sent at any size: an opt-out must not be lost",
        event("identify", userId="u1", traits={"cio_subscription_preferences": _PREFERENCES}),
        identified(U1, cio_subscription_preferences=_PREFERENCES),
        shown=False,
    ),
    about(
        "`--oversize_attributes=send` sends it anyway",
        event("identify", userId="u1", traits={"plan": "pro", "x" * 151: 1}),
        identified(U1, plan="pro", **{"x" * 151: 1}),
        oversize_attributes="send",
    ),
    about(
        "An object's attribute",
        event("group", userId="u1", groupId="acme", traits={"a": 1, "s": "x" * 1001}),
        Operations((grouped({"a": 1}, {"identifiers": U1}),), _TOO_LONG),
        shown=False,
    ),
    about(
        "A relationship's attribute",
        event("group", userId="u1", groupId="acme", traits={"relationshipAttributes": {"a": 1, "s": "x" * 1001}}),
        Operations((grouped({}, {"identifiers": U1, "relationship_attributes": {"a": 1}}),), _TOO_LONG),
        shown=False,
    ),
    about(
        "An event's attributes have no such limit",
        event("track", userId="u1", event="Ordered", properties={"x" * 151: "y" * 1001}),
        operation("event", U1, "Ordered", **{"x" * 151: "y" * 1001}),
        shown=False,
    ),
]


def _large(bytes_of_data: int) -> dict[str, str]:
    return {"a": "x" * (bytes_of_data - len('{"a":""}'))}


OPERATIONS = [
    about(
        "An event whose data are up to 100,000 bytes is sent by v1's call",
        event("page", userId="u1", name="Report", properties=_large(100_000)),
        operation("page", U1, "Report", **_large(100_000)),
        shown=False,
    ),
    about(
        "An event whose data are larger",
        event("page", userId="u1", name="Report", properties=_large(100_001)),
        "operation_too_large",
        shown=False,
    ),
    about(
        "A large event of a person whom v1's URL can't name",
        event("page", userId="..", name="Report", properties=_large(40_000)),
        "operation_too_large",
        shown=False,
    ),
    about(
        "A large event of a person known by phone, whom v1 can't name",
        event("page", userId="+41446681800", name="Report", properties=_large(40_000)),
        "operation_too_large",
        identify_by="phone",
        shown=False,
    ),
    about(
        "Anything else over 32,000 bytes",
        event(
            "track",
            userId="u1",
            event="Device Created or Updated",
            context={"device": {"token": "t", "type": "ios"}},
            properties=_large(40_000),
        ),
        "operation_too_large",
        shown=False,
    ),
    about(
        "A single attribute over 32,000 bytes, sent anyway",
        event("identify", userId="u1", traits=_large(40_000)),
        "operation_too_large",
        oversize_attributes="send",
        shown=False,
    ),
]
