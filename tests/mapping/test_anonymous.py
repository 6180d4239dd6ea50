"""Anonymous visitors: which operations are theirs, who claims them, and their operations under a person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import assert_that, calling, equal_to, has_properties, instance_of, none, raises
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from customerio_beam.mapping.anonymous import under_person
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapped import Claim, Mapped
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.person import identifiers_key, person_key
from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.operation_shapes import shape_faults
from tests.helpers.operations_checker import limit_faults
from tests.helpers.payloads import read_payload
from tests.mapping.strategies import EVENTS, as_payload

SETTINGS = MappingSettings()
ADA = {"id": "ada"}


def _read(**fields: Any) -> Event:
    event = {"type": "track", "event": "Ordered", "messageId": "m-1", "timestamp": 1795514400, **fields}
    [read] = read_payload(json.dumps(event).encode())
    assert_that(read, instance_of(Event))
    return read


def _map(settings: MappingSettings = SETTINGS, **fields: Any) -> Mapped:
    return map_event(_read(**fields), settings)


def _under(person: dict[str, str], **fields: Any) -> Any:
    """Rewrite the one operation of an anonymous event."""
    [operation] = _map(**fields).operations
    [rewritten] = under_person(operation, person, SETTINGS)
    return json.loads(rewritten)


@pytest.mark.parametrize(
    "fields",
    [
        {"anonymousId": "a-1"},
        {"type": "page", "name": "Home", "anonymousId": "a-1"},
        {"type": "screen", "name": "Home", "anonymousId": "a-1"},
        {"type": "group", "groupId": "acme", "anonymousId": " a-1 "},
        {"event": "Application Opened", "anonymousId": "a-1", "context": {"device": {"token": "t", "type": "ios"}}},
    ],
    ids=["track", "page", "screen", "group", "a special event"],
)
def test_an_anonymous_event_names_its_visitor(fields: dict[str, Any]) -> None:
    assert_that(_map(**fields), has_properties(anonymous_id="a-1", claim=none()))


@pytest.mark.parametrize(
    "fields",
    [
        {"userId": "ada", "anonymousId": "a-1"},
        {"anonymousId": "a-1", "context": {"traits": {"email": "ada@example.com"}}},
        {"type": "identify", "userId": "ada", "anonymousId": "a-1"},
        {"type": "group", "groupId": "acme"},
        {"type": "group", "groupId": "acme", "userId": "ada", "anonymousId": "a-1"},
        {"event": "Object Deleted", "anonymousId": "a-1", "properties": {"objectId": "acme"}},
        {"event": "Report Delivery Event", "anonymousId": "a-1", "properties": {"deliveryId": "d", "metric": "opened"}},
    ],
    ids=["a userId", "an email", "identify", "an object of nobody", "a member of an object", "an object", "a delivery"],
)
def test_all_others_name_none(fields: dict[str, Any]) -> None:
    assert_that(_map(**fields).anonymous_id, none())


@pytest.mark.parametrize(
    ("fields", "claim"),
    [
        ({"type": "identify", "userId": "ada", "anonymousId": " a-1 "}, Claim("a-1", ADA, joins=True)),
        (
            {"type": "identify", "anonymousId": "a-1", "traits": {"email": "ada@example.com"}},
            Claim("a-1", {"email": "ada@example.com"}, joins=True),
        ),
        (
            {"type": "identify", "userId": "ada", "traits": {"anonymous_id": "a-2"}},
            Claim("a-2", ADA, joins=True),
        ),
        ({"type": "alias", "userId": "ada", "previousId": " a-1"}, Claim("a-1", ADA, joins=False)),
    ],
    ids=["by userId", "by email", "as a trait", "alias"],
)
def test_an_identify_or_alias_claims_a_visitor(fields: dict[str, Any], claim: Claim) -> None:
    assert_that(_map(**fields), has_properties(claim=claim, anonymous_id=none()))


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "identify", "userId": "ada"},
        {"type": "identify", "userId": "ada", "anonymousId": "undefined"},
        {"type": "identify", "userId": "ada", "traits": {"anonymous_id": 7}},
        {"type": "identify", "userId": "ada", "anonymousId": "x" * 1001},
        {"userId": "ada", "anonymousId": "a-1"},
        {"type": "group", "groupId": "acme", "traits": {"anonymous_id": "a-1"}},
    ],
    ids=["no anonymousId", "a placeholder", "no string", "an id too long to send", "track", "group"],
)
def test_all_others_claim_none(fields: dict[str, Any]) -> None:
    assert_that(_map(**fields).claim, none())


def test_a_claim_that_is_split_is_in_the_first_operation() -> None:
    settings = MappingSettings(max_attributes_per_identify=1)

    mapped = _map(settings, type="identify", userId="ada", anonymousId="a-1", traits={"a": 1, "b": 2})

    assert_that(
        ["anonymous_id" in json.loads(each)["attributes"] for each in mapped.operations], equal_to([True, False, False])
    )
    assert_that(mapped.claim, equal_to(Claim("a-1", ADA, joins=True)))


def test_an_event_under_a_person_is_the_event_that_the_person_would_have_sent() -> None:
    [expected] = _map(userId="ada", properties={"total": 39.9}).operations

    assert_that(_under(ADA, anonymousId="a-1", properties={"total": 39.9}), equal_to(json.loads(expected)))


def test_a_group_under_a_person_is_the_group_that_the_person_would_have_sent() -> None:
    group = {"type": "group", "groupId": "acme", "traits": {"plan": "pro", "relationshipAttributes": {"role": "owner"}}}
    [expected] = _map(userId="ada", **group).operations

    assert_that(_under(ADA, anonymousId="a-1", **group), equal_to(json.loads(expected)))


def test_a_later_part_of_a_split_group_is_the_objects_alone() -> None:
    settings = MappingSettings(max_attributes_per_identify=1)
    group = {"type": "group", "groupId": "acme", "traits": {"a": 1, "b": 2}}

    anonymous = _map(settings, anonymousId="a-1", **group).operations

    assert_that(
        [json.loads(each) for part in anonymous for each in under_person(part, ADA, settings)],
        equal_to([json.loads(each) for each in _map(settings, userId="ada", **group).operations]),
    )


@pytest.mark.parametrize(
    ("person", "fields", "reason"),
    [
        ({"phone": "+41446681800"}, {"properties": {"a": "x" * 40_000}}, "operation_too_large"),
        ({"id": ".."}, {"properties": {"a": "x" * 40_000}}, "operation_too_large"),
        ({"phone": "+41446681800"}, {"type": "group", "groupId": "acme"}, "unsupported_identifier"),
    ],
    ids=["a large event and a phone", "a large event and a path", "a group and a phone"],
)
def test_says_where_a_person_cant_have_the_operation(
    person: dict[str, str], fields: dict[str, Any], reason: str
) -> None:
    [operation] = _map(anonymousId="a-1", **fields).operations

    assert_that(
        calling(under_person).with_args(operation, person, SETTINGS),
        raises(InvalidEvent, matching=has_properties(reason=reason)),
    )


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS, st.sampled_from([ADA, {"email": "ada@example.com"}, {"phone": "+41446681800"}, {"cio_id": "0a1b"}]))
def test_any_anonymous_operation_under_a_person_is_valid(event: dict[str, Any], person: dict[str, str]) -> None:
    for read in read_payload(as_payload({**event, "userId": None, "anonymousId": "a-1"})):
        if not isinstance(read, Event):
            continue
        try:
            mapped = map_event(read, SETTINGS)
            rewritten = [
                each
                for operation in (mapped.operations if mapped.anonymous_id else [])
                for each in under_person(operation, person, SETTINGS)
            ]
        except InvalidEvent:
            continue
        for operation in rewritten:
            assert_that(b"anonymous_id" not in operation.split(b'"attributes"')[0])
            assert_that([*shape_faults(json.loads(operation)), *limit_faults(operation)], equal_to([]))


@pytest.mark.parametrize(
    ("fields", "person"),
    [
        ({"userId": "ada"}, ADA),
        ({"userId": "Ada@Example.com"}, {"email": "ada@example.com"}),
        ({"anonymousId": "a-1"}, {"anonymous_id": "a-1"}),
    ],
    ids=["a person", "an email in any case", "a visitor"],
)
def test_the_key_of_identifiers_is_the_one_of_their_events(fields: dict[str, Any], person: dict[str, str]) -> None:
    assert_that(identifiers_key(person), equal_to(person_key(_read(**fields), "auto")))
