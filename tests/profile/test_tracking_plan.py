"""Tracking plans: JSON Schemas by event, and events that break them."""

from __future__ import annotations

import builtins
import json
import pickle
from typing import Any

import pytest
from hamcrest import assert_that, calling, contains_exactly, contains_inanyorder, contains_string, empty, equal_to, none
from hamcrest import raises as raises_

from customerio_beam.profile.tracking_plan import (
    JsonSchemaMissing,
    PlanError,
    TrackingPlan,
    ViolationsProfile,
    read_plan,
)
from tests.profile.elements import SETTINGS, event

ORDERED = {
    "type": "object",
    "required": ["total"],
    "properties": {"total": {"type": "number"}, "products": {"items": {"properties": {"sku": {"type": "string"}}}}},
}


def plan(**entries: Any) -> TrackingPlan:
    return read_plan(json.dumps(entries).encode())


def found(given: TrackingPlan, **fields: Any) -> Any:
    violations = given.violations(event(**fields), SETTINGS)
    return None if violations is None else [tuple(each) for each in violations]


def test_an_event_that_keeps_to_its_schema_has_no_violation() -> None:
    assert_that(found(plan(Ordered=ORDERED), properties={"total": 1}), empty())


def test_violations_name_the_field_and_the_rule_and_no_value() -> None:
    assert_that(
        found(plan(Ordered=ORDERED), properties={"total": "ada", "products": [{"sku": "a"}, {"sku": 1}]}),
        contains_inanyorder(("properties.total", 'type: "number"'), ("properties.products[].sku", 'type: "string"')),
    )


def test_a_missing_property_is_named() -> None:
    assert_that(found(plan(Ordered=ORDERED)), contains_exactly(("properties", "required: total")))


def test_an_event_that_the_plan_does_not_name_is_not_checked() -> None:
    assert_that(found(plan(Ordered=ORDERED), event="Other"), none())


@pytest.mark.parametrize("key", ["Home", "page:Home", "page"])
def test_a_key_is_a_name_or_a_call_with_a_name_or_a_call(key: str) -> None:
    given = plan(**{key: {"required": ["path"]}})
    assert_that(found(given, type="page", name="Home"), contains_exactly(("properties", "required: path")))


def test_identify_and_group_are_checked_by_their_traits() -> None:
    given = plan(identify={"properties": {"email": {"format": "email"}}})
    assert_that(
        found(given, type="identify", traits={"email": "nobody"}),
        contains_exactly(("traits.email", 'format: "email"')),
    )


def test_the_form_that_segment_exports_is_about_whole_events() -> None:
    schema = {"properties": {"properties": ORDERED, "context": {"required": ["ip"]}}}
    given = plan(rules=[{"type": "TRACK", "key": "Ordered", "jsonSchema": schema}])
    assert_that(
        found(given, properties={}, context={}),
        contains_inanyorder(("properties", "required: total"), ("context", "required: ip")),
    )


def test_references_within_a_schema_are_followed() -> None:
    given = plan(Ordered={"properties": {"total": {"$ref": "#/$defs/money"}}, "$defs": {"money": {"type": "number"}}})
    assert_that(found(given, properties={"total": "x"}), contains_exactly(("properties.total", 'type: "number"')))


def test_a_plan_is_pickled_with_its_validators_made_anew() -> None:
    given = plan(Ordered=ORDERED)
    found(given)
    assert_that(found(pickle.loads(pickle.dumps(given))), contains_exactly(("properties", "required: total")))


def test_an_event_too_deep_to_check_is_a_violation() -> None:
    nested: dict[str, Any] = {}
    for _ in range(200):
        nested = {"a": nested}
    again: dict[str, Any] = {"$ref": "#/$defs/n"}
    for _ in range(5):
        again = {"allOf": [again]}
    given = plan(Ordered={"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"a": again}}}})
    assert_that(found(given, properties=nested), contains_exactly(("(event)", "nests too deeply to be checked")))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"{", "it is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b"{}", "it names no event"),
        (b'{"Ordered": 5}', "the schema of 'Ordered' is neither an object nor true or false"),
        (b'{"Ordered": {"type": "money"}}', "the schema of 'Ordered' is no JSON Schema: .*type"),
        (b'{"Ordered": {"pattern": "("}}', "the schema of 'Ordered' is no JSON Schema"),
        (b'{"Ordered": {"$ref": "https://example.com/s"}}', "refers to 'https://example.com/s'; only"),
        (b'{"Ordered": {"$ref": "#/$defs/none"}}', "refers to '#/.defs/none', which it doesn't have"),
        (b'{"rules": [{"type": "track"}]}', r"rules\[0\] has no jsonSchema"),
        (b'{"rules": [{"type": "x", "jsonSchema": {}}]}', r"rules\[0\].type is 'x', which is no call"),
    ],
)
def test_a_plan_that_cant_be_right_is_refused(text: bytes, sentence: str) -> None:
    assert_that(calling(read_plan).with_args(text), raises_(PlanError, sentence))


def test_without_the_library_a_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == "jsonschema":
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(JsonSchemaMissing) as raised:
        read_plan(b'{"Ordered": {}}')
    assert_that(str(raised.value), contains_string("pip install 'customerio-beam[validate]'"))


def test_an_event_counts_once_for_each_rule_that_it_breaks() -> None:
    profile = ViolationsProfile()
    given = plan(Ordered=ORDERED)
    broken = event(properties={"total": 1, "products": [{"sku": 1}, {"sku": 2}]})
    for each in (broken, event(properties={"total": 1}), event(event="Other")):
        profile.add((f"track:{each.fields.event}", given.violations(each, SETTINGS)))
    assert_that((profile.checked, profile.broken), equal_to((2, 1)))
    assert_that(profile.kinds.names, equal_to({'track:Ordered\tproperties.products[].sku\ttype: "string"': 1}))
    assert_that(profile.unplanned.names, equal_to({"track:Other": 1}))
