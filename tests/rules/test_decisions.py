"""What becomes of an event: the order of the rules, what always passes, and opt-outs."""

from __future__ import annotations

from typing import Any

import pytest
from hamcrest import assert_that, close_to, equal_to, has_entries, has_properties, instance_of, less_than, not_none

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.reading.events import read_events
from tests.rules.rules_at_work import Files, compiled, filtered_by, operation, verdict

ALL = """
consent: {require: [Ads], missing: drop}
people: {block: ids.txt}
events: {deny: ["*"], sample: {"*": 0}}
when: [{match: {type: track}, drop: true}]
"""
BLOCKED = Files(["u1", "ada@example.com", "a1"])
DENY_ALL = 'events: {deny: ["*", identify, group, alias]}'


def track(name: str = "Order Completed", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "userId": "u1", **fields}


def identify(traits: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": "u1", "traits": traits, **fields}


def granted(**fields: Any) -> dict[str, Any]:
    return {"context": {"consent": {"categoryPreferences": {"Ads": True}}}, **fields}


@pytest.mark.parametrize(
    ("rules", "event", "rule"),
    [
        (ALL, track(), "consent.missing"),
        (ALL, track(**granted()), "people.block"),
        (ALL, track(**granted(userId="u2")), "events.sample"),
        (ALL.replace('"*": 0', '"*": 1'), track(**granted(userId="u2")), "events.deny"),
        (ALL.replace('"*"', "Other"), track(**granted(userId="u2")), "when[0].drop"),
        (ALL.replace('"*"', "Other"), {"type": "page", "name": "P", **granted(userId="u2")}, None),
    ],
)
def test_consent_goes_first_then_people_samples_and_events(rules: str, event: Any, rule: str | None) -> None:
    assert_that(filtered_by(rules, event, BLOCKED), equal_to(rule))


def test_events_are_decided_upon_as_they_came() -> None:
    rules = (
        "events: {deny: [New], rename: {Old: New}}\n"
        "fields: {drop: [properties.plan]}\n"
        "when: [{match: {properties.plan: internal}, drop: true}]"
    )
    assert_that(operation(rules, track("Old"))["name"], equal_to("New"))
    assert_that(filtered_by(rules, track("New")), equal_to("events.deny"))
    assert_that(filtered_by(rules, track("Old", properties={"plan": "internal"})), equal_to("when[0].drop"))


@pytest.mark.parametrize(
    ("rules", "event", "rule"),
    [
        ("events: {allow: ['Order *']}", track(), None),
        ("events: {allow: ['Order *']}", track("Viewed"), "events.allow"),
        ("events: {allow: ['Order *']}", identify({}), "events.allow"),
        ("events: {allow: ['Order *', identify]}", identify({}), None),
        ("events: {allow: ['page:*']}", {"type": "page", "userId": "u1"}, None),
        ("events: {allow: ['page:*']}", track("page:x"), "events.allow"),
        ("events: {allow: ['*'], deny: ['Order *']}", track(), "events.deny"),
        ("events: {deny: ['Checkout: *']}", track("Checkout: Step 1"), "events.deny"),
        ("events: {deny: ['screen:Home']}", {"type": "screen", "name": "Home", "userId": "u1"}, "events.deny"),
        ("events: {deny: ['screen:Home']}", {"type": "page", "name": "Home", "userId": "u1"}, None),
        ("events: {deny: ['Home']}", {"type": "page", "properties": {"name": "Home"}, "userId": "u1"}, "events.deny"),
        ("events: {deny: ['order *']}", track(), None),
        ("events: {deny: ['Order *']}", track("  Order Completed "), "events.deny"),
    ],
)
def test_allow_and_deny(rules: str, event: Any, rule: str | None) -> None:
    assert_that(filtered_by(rules, event), equal_to(rule))


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ({"type": "page", "name": "A", "userId": "u1"}, "page"),
        ({"type": "screen", "name": "A", "userId": "u1"}, "screen"),
        (track(" A "), "event"),
    ],
)
def test_a_rename_changes_the_name_alone(event: Any, action: str) -> None:
    renamed = operation("events: {rename: {A: B}}", event)
    plain = operation("events: {rename: {B: A}}", event)
    assert_that(renamed, equal_to({**plain, "action": action, "name": "B"}))


@pytest.mark.parametrize(
    "event",
    [
        track(),
        track(userId="ADA@example.com"),
        track(userId="u2", anonymousId="a1"),
        track(userId=" u1 "),
        track(userId="u2", context={"traits": {"email": "Ada@Example.com"}}),
        identify({"email": "ada@example.com"}, userId="u2"),
        {"type": "alias", "userId": "u2", "previousId": "u1"},
        {"type": "group", "groupId": "g", "userId": "u1"},
        identify({"unsubscribed": True}),
    ],
)
def test_nothing_is_sent_about_blocked_people(event: Any) -> None:
    assert_that(filtered_by("people: {block: ids.txt}", event, BLOCKED), equal_to("people.block"))


def test_a_blocked_phone_counts_where_it_identifies() -> None:
    event = identify({"phone": "+41446681800"}, userId="u2")
    files = Files(["+41446681800"])
    rules = "people: {block: ids.txt}"
    assert_that(filtered_by(rules, event, files, identify_by="phone"), equal_to("people.block"))
    assert_that(filtered_by(rules, event, files), equal_to(None))


@pytest.mark.parametrize(
    "name", ["User Deleted", "User Suppressed", "Device Deleted", "Object Deleted", "Relationship Deleted"]
)
def test_deletions_and_suppressions_always_pass(name: str) -> None:
    assert_that(verdict(ALL, track(name), BLOCKED), has_properties(event=not_none(), rule=None))


def test_the_opposite_of_a_suppression_does_not_always_pass() -> None:
    assert_that(filtered_by(ALL, track("User Unsuppressed"), BLOCKED), equal_to("consent.missing"))


@pytest.mark.parametrize(
    ("rules", "rule"),
    [
        ("consent: {require: [Ads], missing: drop}", "consent.missing"),
        ("events: {sample: {identify: 0}}", "events.sample"),
        (DENY_ALL, "events.deny"),
        ("events: {allow: ['*']}", "events.allow"),
        ("when: [{match: {type: identify}, drop: true}]", "when[0].drop"),
    ],
)
@pytest.mark.parametrize(
    "opt_out",
    [
        {"unsubscribed": True},
        {"unsubscribed": "true"},
        {"cio_subscription_preferences": {"topics": {"topic_1": False}}},
        {"cio_subscription_preferences.topics.topic_1": False},
    ],
)
def test_an_opt_out_passes_and_carries_nothing_else(rules: str, rule: str, opt_out: Any) -> None:
    event = identify({"email": "eve@example.com", "plan": "free", **opt_out}, anonymousId="a7")
    assert_that(verdict(rules, event).rule, equal_to(rule))
    made = operation(rules, event)
    assert_that(made["attributes"], equal_to({**opt_out, "_update": True}))
    assert_that(made, has_entries(identifiers={"id": "u1"}))
    assert_that(set(made), equal_to({"type", "action", "identifiers", "attributes", "timestamp"}))


@pytest.mark.parametrize("place", ["traits", "context"])
def test_an_opt_out_by_email_keeps_the_identifier(place: str) -> None:
    traits = {"email": "eve@example.com", "plan": "free", "unsubscribed": True}
    event: dict[str, Any] = {"type": "identify"}
    event |= {"traits": traits} if place == "traits" else {"context": {"traits": traits}}
    made = operation(DENY_ALL, event)
    assert_that(made["identifiers"], equal_to({"email": "eve@example.com"}))
    assert_that(made["attributes"], equal_to({"unsubscribed": True, "_update": True}))


def test_a_reduced_opt_out_is_about_the_same_hashed_person() -> None:
    rules = f"{DENY_ALL}\nfields: {{hash: {{userId: sha256}}, hash_identifiers: true}}"
    plain = "fields: {hash: {userId: sha256}, hash_identifiers: true}"
    event = identify({"unsubscribed": True})
    assert_that(operation(rules, event)["identifiers"], equal_to(operation(plain, event)["identifiers"]))


def test_a_blocked_persons_opt_out_names_the_blocklist() -> None:
    assert_that(filtered_by(ALL, identify({"unsubscribed": True}), BLOCKED), equal_to("people.block"))


@pytest.mark.parametrize("traits", [{"unsubscribed": False}, {"unsubscribed": "no"}, {"unsubscribed": None}, {}])
def test_what_opts_nobody_out_is_filtered(traits: Any) -> None:
    assert_that(filtered_by(DENY_ALL, identify(traits)), equal_to("events.deny"))


def test_only_an_identify_call_opts_out() -> None:
    assert_that(filtered_by(DENY_ALL, track(properties={"unsubscribed": True})), equal_to("events.deny"))


def test_a_sample_is_of_the_size_it_says() -> None:
    rules = compiled("events: {sample: {Page Scrolled: 0.1}}")
    passed = [verdict(rules, track("Page Scrolled", messageId=f"m{number}")).event for number in range(2_000)]
    assert_that(sum(event is not None for event in passed), close_to(200, 60))


@pytest.mark.parametrize("message_id", ["m1", None])
def test_a_sample_is_the_same_for_a_message_that_comes_again(message_id: str | None) -> None:
    events = [track("A", messageId=message_id, properties={"number": number}) for number in range(50)]
    rules = compiled("events: {sample: {A: 0.5}}")
    decisions = [
        [filtered_by(rules, {**event, "sentAt": sent}) for event in events]
        for sent in ("2026-11-24T10:00:01Z", "2026-11-25T10:00:01Z")
    ]
    assert_that(decisions[0], equal_to(decisions[1]))


def test_a_larger_sample_has_the_smaller_one_in_it() -> None:
    events = [track("A", messageId=f"m{number}") for number in range(200)]
    small, large = (
        {number for number, event in enumerate(events) if filtered_by(rules, event)}
        for rules in map(compiled, ("events: {sample: {A: 0.3}}", "events: {sample: {A: 0.6}}"))
    )
    assert_that(large, less_than(small))


@pytest.mark.parametrize(
    ("match", "event", "matches"),
    [
        ("{properties.plan: internal}", track(properties={"plan": "internal"}), True),
        ("{properties.plan: internal}", track(properties={"plan": "Internal"}), False),
        ("{properties.plan: 'int*'}", track(properties={"plan": "internal"}), True),
        ("{properties.plan: [free, internal]}", track(properties={"plan": "internal"}), True),
        ("{properties.plan: null}", track(), True),
        ("{properties.plan: null}", track(properties={"plan": 1}), False),
        ("{properties.items.sku: a}", track(properties={"items": [{"sku": "b"}, {"sku": "a"}]}), True),
        ("{properties.total: 5}", track(properties={"total": 5.0}), True),
        ("{properties.total: 5}", track(properties={"total": "5"}), False),
        ("{properties.total: 1}", track(properties={"total": True}), False),
        ("{properties.test: true}", track(properties={"test": True}), True),
        ("{type: track, event: 'Order *'}", track(), True),
        ("{type: page, event: 'Order *'}", track(), False),
        ("{userId: 7}", track(userId=7), True),
        ("{traits.plan: free}", identify({"plan": "free"}), True),
        ("{traits.plan: free}", track(context={"traits": {"plan": "free"}}), True),
        ("{context.library.name: analytics.js}", track(context={"library": {"name": "analytics.js"}}), True),
        ("{channel: server}", track(channel="server"), True),
        ("{channel: server}", track(), False),
    ],
)
def test_when_is_for_the_events_that_match(match: str, event: Any, matches: bool) -> None:
    rule = filtered_by(f"when: [{{match: {match}, name: some, drop: true}}]", event)
    assert_that(rule, equal_to("some.drop" if matches else None))


def test_entries_that_match_add_to_one_another() -> None:
    rules = compiled(
        "when:\n"
        "  - {match: {properties.a: 1}, fields: {drop: [properties.x]}}\n"
        "  - {match: {properties.b: 1}, events: {rename: {Order Completed: B}}, people: {block: ids.txt}}",
        Files(["u9"]),
    )
    made = operation(rules, track(properties={"a": 1, "b": 1, "x": 1}))
    assert_that(made, has_entries(name="B", attributes={"a": 1, "b": 1}))
    assert_that(operation(rules, track(properties={"b": 1, "x": 1}))["attributes"], equal_to({"b": 1, "x": 1}))
    assert_that(filtered_by(rules, track(properties={"b": 1}, userId="u9")), equal_to("when[1].people.block"))
    assert_that(filtered_by(rules, track(userId="u9")), equal_to(None))


@pytest.mark.parametrize(
    ("rules", "extra"),
    [
        ("events: {sample: {E: 0.5}}", b'"x":1e999'),
        ("fields: {drop: [properties.a.b]}", b'"properties":{"a":' + b"[" * 390 + b"]" * 390 + b"}"),
    ],
)
def test_an_event_that_the_rules_can_not_read_is_refused(rules: str, extra: bytes) -> None:
    [event] = read_events(b'{"type":"track","event":"E","userId":"u","timestamp":1795514400,' + extra + b"}")
    assert_that(event, instance_of(Event))
    with pytest.raises(InvalidEvent, match="invalid_json"):
        _deeper(200, lambda: compiled(rules).apply(event))


def _deeper(levels: int, work: Any) -> Any:
    """Call from as deep a stack as a runner's."""
    return work() if not levels else _deeper(levels - 1, work)
