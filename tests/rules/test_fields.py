"""Which fields leave, under which names, and which only as hashes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hamcrest import assert_that, equal_to, has_entries, has_key, instance_of, is_, not_, not_none, same_instance

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import read_events
from tests.rules.rules_at_work import compiled, operation, read, verdict


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def attributes(rules: str, event: dict[str, Any], **settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = operation(f"fields: {{{rules}}}", event, **settings)["attributes"]
    return found


def track(**properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order Completed", "userId": "u1", "properties": properties}


def identify(**traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": "u1", "traits": traits}


@pytest.mark.parametrize(
    ("rule", "properties", "left"),
    [
        ("properties.card", {"card": 1, "total": 2}, {"total": 2}),
        ("properties.card", {"total": 2}, {"total": 2}),
        ("properties.card.number", {"card": {"number": 1, "kind": "v"}}, {"card": {"kind": "v"}}),
        ("properties.card.number", {"card": "none"}, {"card": "none"}),
        ("'properties.internal_*'", {"internal_a": 1, "internal_": 2, "a": 3}, {"a": 3}),
        ("'properties.*.secret'", {"a": {"secret": 1}, "b": {"secret": 2, "x": 3}}, {"a": {}, "b": {"x": 3}}),
        (
            "properties.items.price",
            {"items": [{"price": 1, "sku": 2}, 3, {"sku": 4}]},
            {"items": [{"sku": 2}, 3, {"sku": 4}]},
        ),
        (r"properties.a\.b", {"a.b": 1, "a": {"b": 2}}, {"a": {"b": 2}}),
        ("'properties.*'", {"a": 1, "b": {"c": 2}}, {}),
        # In properties, these names opt nobody out.
        ("properties.unsubscribed", {"unsubscribed": True}, {}),
    ],
)
def test_drop(rule: str, properties: dict[str, Any], left: dict[str, Any]) -> None:
    assert_that(attributes(f"drop: [{rule}]", track(**properties)), equal_to(left))


def test_dropping_all_traits_keeps_the_opt_out() -> None:
    preferences = {"topics": {"topic_1": True}}
    event = identify(plan="free", unsubscribed=True, cio_subscription_preferences=preferences, _update=True)
    left = {"unsubscribed": True, "cio_subscription_preferences": preferences, "_update": True}
    assert_that(attributes("drop: ['traits.*']", event), equal_to(left))


def test_a_trait_is_dropped_from_the_context_too() -> None:
    event = {"type": "identify", "userId": "u1", "context": {"traits": {"card": 1, "plan": "free"}}}
    assert_that(attributes("drop: [traits.card]", event), equal_to({"plan": "free"}))
    tracked = {**track(), "userId": None, "anonymousId": "a1", "context": {"traits": {"email": "ada@example.com"}}}
    assert_that(operation("fields: {drop: [traits.email]}", tracked)["identifiers"], equal_to({"anonymous_id": "a1"}))


def test_traits_that_only_the_context_has_are_changed_by_either_path() -> None:
    event = {"type": "identify", "userId": "u1", "context": {"traits": {"card": 1, "phone": "A", "plan": "free"}}}
    rules = "drop: [context.traits.card], hash: {context.traits.phone: sha256}"
    assert_that(attributes(rules, event), equal_to({"phone": sha256("a"), "plan": "free"}))
    own = {**event, "traits": {"card": 2}}
    assert_that(attributes(rules, own), equal_to({"card": 2}))


@pytest.mark.parametrize("path", ["context.device.model", "'context.device.m*'", "'context.*.model'"])
def test_a_field_of_the_context_that_is_sent_is_dropped(path: str) -> None:
    device = {"token": "t", "type": "ios", "model": "iPhone"}
    event = {"type": "track", "event": "Device Created or Updated", "userId": "u1", "context": {"device": device}}
    made = operation(f"fields: {{drop: [{path}]}}", event)["device"]
    assert_that(made["attributes"], not_(has_key("device_model")))
    assert_that(made["token"], equal_to("t"))


def test_identifiers_can_be_dropped() -> None:
    event = {**track(), "anonymousId": "a1"}
    assert_that(operation("fields: {drop: [userId]}", event)["identifiers"], equal_to({"anonymous_id": "a1"}))
    assert_that(attributes("drop: [anonymousId]", {**identify(a=1), "anonymousId": "a1"}), equal_to({"a": 1}))


@pytest.mark.parametrize(
    ("places", "properties", "left"),
    [
        ("[properties.a]", {"a": 1, "b": 2}, {"a": 1}),
        ("[properties.a.b]", {"a": {"b": 1, "c": 2}, "b": 3}, {"a": {"b": 1}}),
        ("[properties.items.sku]", {"items": [{"sku": 1, "price": 2}, 3]}, {"items": [{"sku": 1}]}),
        ("['properties.order_*']", {"order_id": 1, "other": 2}, {"order_id": 1}),
        ("[traits.a]", {"a": 1}, {}),
        ("[]", {"a": 1}, {}),
        ("[properties.a.b]", {"a": 1}, {}),
    ],
)
def test_allow(places: str, properties: dict[str, Any], left: dict[str, Any]) -> None:
    assert_that(attributes(f"allow: {{Order Completed: {places}}}", track(**properties)), equal_to(left))


def test_a_list_is_for_its_events_alone_and_several_lists_add_up() -> None:
    rules = "allow: {'Order *': [properties.a], Order Completed: [properties.b], Other: [properties.c]}"
    assert_that(attributes(rules, track(a=1, b=2, c=3)), equal_to({"a": 1, "b": 2}))
    assert_that(attributes(rules, {**track(a=1, d=4), "event": "Viewed"}), equal_to({"a": 1, "d": 4}))


def test_a_list_of_an_identify_call_keeps_the_opt_out() -> None:
    event = identify(email="ada@example.com", plan="free", unsubscribed=True)
    left = {"email": "ada@example.com", "unsubscribed": True}
    assert_that(attributes("allow: {identify: [traits.email]}", event), equal_to(left))


@pytest.mark.parametrize(
    ("pair", "traits", "left"),
    [
        ("traits.a: traits.b", {"x": 0, "a": 1, "z": 2}, {"x": 0, "b": 1, "z": 2}),
        ("traits.a: traits.b", {"b": 1}, {"b": 1}),
        ("traits.a: traits.b", {"a": 1, "b": 2}, {"b": 1}),
        ("traits.a.b: traits.a.c", {"a": {"b": 1}}, {"a": {"c": 1}}),
        ("traits.a.b: traits.b", {"a": {"b": 1, "c": 2}}, {"a": {"c": 2}, "b": 1}),
        ("traits.a: traits.b.c", {"a": 1, "b": {"d": 2}}, {"b": {"d": 2, "c": 1}}),
        ("traits.a: traits.b.c", {"a": 1}, {"b": {"c": 1}}),
        # What is in the way and no object is not overwritten.
        ("traits.a: traits.b.c", {"a": 1, "b": "text"}, {"a": 1, "b": "text"}),
        ("traits.jobs.a: traits.jobs.b", {"jobs": [{"a": 1}, {"c": 2}]}, {"jobs": [{"b": 1}, {"c": 2}]}),
        ("traits.a: traits.b", {"a": None}, {"b": None}),
    ],
)
def test_rename(pair: str, traits: dict[str, Any], left: dict[str, Any]) -> None:
    assert_that(attributes(f"rename: {{{pair}}}", identify(**traits)), equal_to(left))


def test_a_rename_holds_in_the_context_too() -> None:
    event = {**track(), "userId": None, "context": {"traits": {"mail": "ada@example.com"}}}
    made = operation("fields: {rename: {traits.mail: traits.email}}", event)
    assert_that(made["identifiers"], equal_to({"email": "ada@example.com"}))


@pytest.mark.parametrize(
    ("source", "context", "value"),
    [
        ("context.timezone", {"timezone": "Europe/Zurich"}, "Europe/Zurich"),
        ("context.page.referrer", {"page": {"referrer": "r", "url": "u"}}, "r"),
        ("context.page", {"page": {"referrer": "r"}}, {"referrer": "r"}),
        ("context.locale", {"locale": "de"}, "de"),
        ("context.campaigns.name", {"campaigns": [{"id": 1}, {"name": "first"}, {"name": "second"}]}, "first"),
        ("userId", {}, "u1"),
        ("messageId", {}, "m1"),
        ("traits.plan", {}, "free"),
        ("channel", {}, "web"),
    ],
)
def test_copy(source: str, context: dict[str, Any], value: Any) -> None:
    event = {**identify(plan="free"), "context": context, "channel": "web"}
    found = attributes(f"copy: {{{source}: traits.copied}}", event)
    assert_that(found, equal_to({"plan": "free", "copied": value}))


@pytest.mark.parametrize("context", [{}, {"timezone": None}, None, []])
def test_nothing_is_copied_where_nothing_is(context: Any) -> None:
    event = {**identify(timezone="UTC"), "context": context}
    assert_that(attributes("copy: {context.timezone: traits.timezone}", event), equal_to({"timezone": "UTC"}))


def test_a_copy_goes_over_what_was_there_but_not_over_what_is_in_the_way() -> None:
    event = {**identify(timezone="UTC", place="here"), "context": {"timezone": "Europe/Zurich"}}
    assert_that(attributes("copy: {context.timezone: traits.timezone}", event), has_entries(timezone="Europe/Zurich"))
    assert_that(attributes("copy: {context.timezone: traits.place.zone}", event), has_entries(place="here"))


def test_what_is_dropped_is_not_copied() -> None:
    event = {**identify(), "context": {"ip": "1.2.3.4", "page": {"url": "u", "path": "p"}}}
    assert_that(attributes("drop: [context.ip], copy: {context.ip: traits.ip}", event), equal_to({}))
    rules = "drop: [context.page.url], copy: {context.page: traits.page}"
    assert_that(attributes(rules, event), equal_to({"page": {"path": "p"}}))
    rules = "drop: [traits.a.b], copy: {traits.a: traits.c}"
    assert_that(attributes(rules, identify(a={"b": 1, "d": 2})), equal_to({"a": {"d": 2}, "c": {"d": 2}}))


def test_an_envelopes_context_is_copied_where_the_event_has_none() -> None:
    member = {"type": "identify", "userId": "u1", "timestamp": "2026-11-24T10:00:00Z", "messageId": "m"}
    own = {**member, "context": {"timezone": "UTC"}}
    payload = {"batch": [member, own], "context": {"timezone": "Europe/Zurich"}}
    rules = compiled("fields: {copy: {context.timezone: traits.timezone}}")
    found = []
    for outcome in read_events(json.dumps(payload).encode()):
        assert_that(outcome, instance_of(Event))
        passed = rules.apply(outcome).event
        assert_that(passed, not_none())
        found.append(passed.traits)
    assert_that(found, equal_to([{"timezone": "Europe/Zurich"}, {"timezone": "UTC"}]))


def test_hash() -> None:
    event = identify(phone="+41 44 668 18 00", plan="Free", tags=["A", "b"])
    rules = "hash: {traits.phone: sha256, traits.tags: sha256}"
    left = {"phone": sha256("+41446681800"), "plan": "Free", "tags": [sha256("a"), sha256("b")]}
    assert_that(attributes(rules, event), equal_to(left))


def test_a_hash_in_properties_and_by_an_asterisk() -> None:
    rules = "hash: {'properties.*_phone': sha256, properties.items.sku: sha256}"
    found = attributes(rules, track(my_phone="A", items=[{"sku": "B"}]))
    assert_that(found, equal_to({"my_phone": sha256("a"), "items": [{"sku": sha256("b")}]}))


def test_a_salted_hash() -> None:
    rules = "hash: {traits.phone: sha256}, salt_secret: SALT"
    assert_that(attributes(rules, identify(phone="A")), equal_to({"phone": sha256("peppera")}))


def test_a_copy_is_hashed_under_its_own_name() -> None:
    rules = "copy: {traits.email: traits.email_sha256}, hash: {traits.email_sha256: sha256}"
    found = attributes(rules, identify(email="Ada@Example.com"))
    assert_that(found, equal_to({"email": "Ada@Example.com", "email_sha256": sha256("ada@example.com")}))


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (
            "rename: {traits.phone: traits.tel}, hash: {traits.phone: sha256}",
            {"tel": sha256("a"), "home": {"zip": "Z"}},
        ),
        (
            "rename: {traits.home: traits.flat}, hash: {traits.home.zip: sha256}",
            {"phone": "A", "flat": {"zip": sha256("z")}},
        ),
        (
            "rename: {traits.home.zip: traits.zip}, hash: {traits.home: sha256}",
            {"phone": "A", "home": {}, "zip": sha256("z")},
        ),
    ],
)
def test_a_hash_follows_its_field_through_a_rename(rules: str, left: dict[str, Any]) -> None:
    assert_that(attributes(rules, identify(phone="A", home={"zip": "Z"})), equal_to(left))


HASHED_IDS = "fields: {hash: {userId: sha256, traits.email: sha256}, hash_identifiers: true}"


def test_a_hashed_user_is_the_same_person_everywhere() -> None:
    hashed = sha256("ada@example.com")
    assert_that(
        operation(HASHED_IDS, {**track(), "userId": "Ada@Example.com"})["identifiers"], equal_to({"id": hashed})
    )
    alias = operation(HASHED_IDS, {"type": "alias", "userId": "ada@example.com", "previousId": "Old"})
    assert_that(alias["primary"], equal_to({"id": hashed}))
    assert_that(alias["secondary"], equal_to({"id": sha256("old")}))
    deleted = operation(HASHED_IDS, {"type": "track", "event": "User Deleted", "userId": "ada@example.com"})
    assert_that(deleted["identifiers"], equal_to({"id": hashed}))


def test_a_hashed_email_that_identifies_is_an_id_and_no_email() -> None:
    event = {"type": "identify", "traits": {"email": "Ada@Example.com", "plan": "free"}}
    made = operation(HASHED_IDS, event)
    assert_that(made["identifiers"], equal_to({"id": sha256("ada@example.com")}))
    assert_that(made["attributes"], equal_to({"plan": "free"}))
    tracked = {**track(), "userId": None, "context": {"traits": {"email": "ada@example.com"}}}
    assert_that(operation(HASHED_IDS, tracked)["identifiers"], equal_to({"id": sha256("ada@example.com")}))


def test_a_hashed_phone_that_identifies_is_an_id() -> None:
    rules = "fields: {hash: {traits.phone: sha256}, hash_identifiers: true}"
    made = operation(rules, {"type": "identify", "traits": {"phone": "+41446681800"}}, identify_by="phone")
    assert_that(made["identifiers"], equal_to({"id": sha256("+41446681800")}))


def test_hashed_groups_and_visitors() -> None:
    rules = "fields: {hash: {groupId: sha256, anonymousId: sha256}, hash_identifiers: true}"
    made = operation(rules, {"type": "group", "groupId": "Acme", "anonymousId": "A1"})
    assert_that(made["identifiers"], has_entries(object_id=sha256("acme")))
    assert_that(made["cio_relationships"][0]["identifiers"], equal_to({"anonymous_id": sha256("a1")}))


@pytest.mark.parametrize(
    "rules",
    [
        "drop: ['properties.*', userId]",
        "rename: {properties.a: properties.b}",
        "copy: {userId: properties.id}",
        "hash: {properties.a: sha256, userId: sha256}, hash_identifiers: true",
        "allow: {'*': []}",
    ],
)
@pytest.mark.parametrize("message_id", ["m1", None])
def test_no_rule_changes_the_id_of_a_message(rules: str, message_id: str | None) -> None:
    event = {**track(a="x"), "messageId": message_id, "anonymousId": "a1"}
    [plain] = map_event(read(event), MappingSettings()).operations
    assert_that(operation(f"fields: {{{rules}}}", event)["id"], equal_to(json.loads(plain)["id"]))


def test_the_event_itself_is_not_changed() -> None:
    event = read({**identify(a={"b": [1]}, phone="A"), "context": {"traits": {"a": 1}, "device": {"token": "t"}}})
    before = repr(event)
    compiled(
        "fields: {drop: [traits.a.b, context.device.token], rename: {traits.phone: traits.tel}, "
        "copy: {userId: traits.id}, hash: {traits.tel: sha256}}"
    ).apply(event)
    assert_that(repr(event), equal_to(before))


def test_an_event_that_no_rule_concerns_is_handed_on_as_it_is() -> None:
    event = read(track(total=1))
    passed = compiled("fields: {drop: [properties.card], hash: {traits.phone: sha256}}").apply(event).event
    assert_that(passed, same_instance(event))


def test_rules_for_some_events_add_to_those_for_all() -> None:
    rules = (
        "fields: {drop: [properties.a]}\n"
        "when: [{match: {properties.plan: free}, fields: {drop: [properties.b], "
        "allow: {'*': [properties.a, properties.b, properties.c]}}}]"
    )
    assert_that(operation(rules, track(a=1, b=2, c=3, plan="free"))["attributes"], equal_to({"c": 3}))
    assert_that(operation(rules, track(a=1, b=2, c=3))["attributes"], equal_to({"b": 2, "c": 3}))


def test_a_field_that_is_no_json_is_no_value() -> None:
    text = rb'{"type":"track","event":"E","userId":"u","timestamp":1795514400,"context":{"timezone":1e999}}'
    [event] = read_events(text)
    assert_that(event, instance_of(Event))
    with pytest.raises(InvalidEvent) as raised:
        compiled("fields: {copy: {context.timezone: properties.zone}}").apply(event)
    assert_that(raised.value.reason, equal_to("invalid_json"))


def test_a_byte_order_mark_hides_no_field() -> None:
    text = b'\xef\xbb\xbf{"type":"track","event":"E","userId":"u","timestamp":1795514400,"context":{"gpc":true}}'
    [event] = read_events(text)
    assert_that(event, instance_of(Event))
    assert_that(compiled("consent: {also_deny: [context.gpc]}").apply(event).event, is_(None))


def test_verdicts_of_passing_events_name_no_rule() -> None:
    assert_that(verdict("fields: {drop: [traits.a]}", identify(a=1)).rule, is_(None))
