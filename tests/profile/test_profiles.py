"""Profiles of events, operations, attributes and people."""

from __future__ import annotations

from typing import Any

import pytest
from hamcrest import assert_that, contains_exactly, equal_to, has_entries, has_properties, less_than
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.profile.attributes import Attributes
from customerio_beam.profile.dead_letters import DeadLettersProfile
from customerio_beam.profile.encoding import decode, encode
from customerio_beam.profile.events import EventsProfile
from customerio_beam.profile.operations import OperationsProfile
from customerio_beam.profile.people import PeopleCounts, PeopleSet, count_people
from customerio_beam.profile.profile import Profile
from customerio_beam.transforms.dead_letter import dead_letter
from tests.profile.elements import claims, event, operations

EVENTS = [
    event(),
    event(event="Cart Viewed", properties={"total": 3, "items": ["a"]}, timestamp="2026-11-22T01:00:00Z"),
    event(type="identify", traits={"email": "ada@example.com", "plan": "pro"}),
    event(type="page", name="Home", userId=None, anonymousId="v1"),
    event(type="group", groupId="g1", traits={"name": "Acme"}),
]
RECORDS = [
    dead_letter(stage="map", reason=reason, detail="No.", payload=found.origin, failed_at=0)
    for reason, found in zip(["missing_identity", "self_merge"] * 3, EVENTS, strict=False)
]


def of(start: Profile, elements: list[Any]) -> Any:
    for element in elements:
        start.add(element)
    return start


@pytest.mark.parametrize(
    ("start", "elements"),
    [
        (EventsProfile, EVENTS),
        (OperationsProfile, [operation for found in EVENTS for operation in operations(found)]),
        (DeadLettersProfile, RECORDS),
    ],
)
@given(data=st.data())
def test_profiles_of_parts_are_merged_to_the_profile_of_the_whole(
    start: type[Profile], elements: list[Any], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(elements)))
    merged = of(start(), elements[:cut])
    merged.merge(decode(encode(of(start(), elements[cut:]))))
    assert_that(merged, equal_to(of(start(), elements)))


def test_events_are_counted_by_type_and_name_and_by_day() -> None:
    found = of(EventsProfile(), EVENTS)
    assert_that(
        found.names.names,
        equal_to({"track:Ordered": 1, "track:Cart Viewed": 1, "identify:": 1, "page:Home": 1, "group:": 1}),
    )
    assert_that(found.days.names, equal_to({"20781": 4, "20779": 1}))
    assert_that(found.last_ms - found.first_ms, equal_to((2 * 24 + 9) * 3_600_000))


def test_the_queries_of_urls_are_kept_only_with_values() -> None:
    page = event(type="page", properties={"url": "https://shop.example/a?email=ada@example.com"})
    assert_that(of(EventsProfile(), [page]).names.names, equal_to({"page:https://shop.example/a?…": 1}))
    kept = of(EventsProfile(shows_values=True), [page])
    assert_that(kept.names.names, equal_to({"page:https://shop.example/a?email=ada@example.com": 1}))


def test_requests_are_counted_by_bytes_and_by_number() -> None:
    small = DeliverySettings(max_batch_operations=2)
    found = of(OperationsProfile(), [operation for _ in range(5) for operation in operations(event())])
    assert_that(found.requests(small), equal_to(3))
    assert_that(found.requests(DeliverySettings()), equal_to(1))
    assert_that(found.requests(small, share=0.5), equal_to(5))


def test_bytes_fill_a_request_too() -> None:
    found = of(OperationsProfile(), operations(event(properties={"note": "x" * 30_000})) * 17)
    assert_that(found.requests(DeliverySettings()), equal_to(2))


def test_an_operation_for_v1_is_a_request_of_its_own() -> None:
    found = of(OperationsProfile(), operations(event(properties={"note": "x" * 40_000})) * 2)
    assert_that(found, has_properties(single=2, batched=0, total=2))
    assert_that(found.requests(DeliverySettings()), equal_to(2))


def test_events_that_could_trigger_campaigns_are_those_from_a_time_on() -> None:
    young = event()
    found = OperationsProfile(recent_from_ms=young.time_ms)
    elements = [young, event(timestamp="2026-11-22T01:00:00Z"), event(type="identify", traits={"a": 1})]
    of(found, [operation for each in elements for operation in operations(each)])
    assert_that(found.recent.names, equal_to({"Ordered": 1}))


def test_attributes_have_types_and_sizes() -> None:
    found = Attributes()
    found.add_all({"plan": "pro", "n": 1}, limited=True)
    found.add_all({"plan": {"a": "é"}}, limited=True)
    assert_that(
        found.names["plan"],
        has_properties(count=2, types=has_entries(text=1, object=1), total_bytes=13, largest_bytes=10, over_limit=0),
    )


@pytest.mark.parametrize(
    ("attributes", "limited", "over"),
    [
        ({"a": "x" * 1_000}, True, 0),
        ({"a": "x" * 1_001}, True, 1),
        ({"a": "x" * 1_001}, False, 0),
        ({"é" * 76: 1}, True, 1),
    ],
)
def test_values_over_a_limit_are_counted(attributes: dict[str, Any], limited: bool, over: int) -> None:
    found = Attributes()
    found.add_all(attributes, limited=limited)
    assert_that([each.over_limit for each in found.names.values()], contains_exactly(over))


def test_new_attributes_without_end_take_bounded_memory() -> None:
    found = Attributes(limit=5)
    for number in range(1_000):
        found.add_all({f"name {number}": 1}, limited=True)
    assert_that(len(found.names), less_than(11))
    assert_that(sum(each.count for each in found.names.values()) + found.others.count, equal_to(1_000))


def counts(*events: Any) -> PeopleCounts:
    people: dict[int, list[bytes]] = {}
    for found in events:
        part = PeopleSet()
        for operation in operations(found):
            part.add(operation)
        for claim in claims(found):
            part.add_claim(claim)
        for shard, block in part.blocks():
            people.setdefault(shard, []).append(block)
    total = PeopleCounts()
    for blocks in people.values():
        total.merge(count_people(blocks))
    return total


def test_people_and_visitors_are_counted_once() -> None:
    visitor = event(type="page", name="Home", userId=None, anonymousId="v1")
    found = counts(event(), event(), event(userId="u2"), visitor, visitor)
    assert_that(found, equal_to(PeopleCounts(identified=2, visitors=1, joinable=0)))


def test_a_visitor_whom_an_identify_claims_is_joinable_in_any_order() -> None:
    visitor = event(type="page", name="Home", userId=None, anonymousId="v1")
    stranger = event(type="page", name="Home", userId=None, anonymousId="v2")
    claim = event(type="identify", anonymousId="v1", traits={})
    other_claim = event(type="identify", anonymousId="v3", traits={})
    expected = PeopleCounts(identified=1, visitors=2, joinable=1)
    assert_that(counts(visitor, stranger, claim, other_claim), equal_to(expected))
    assert_that(counts(other_claim, claim, stranger, visitor), equal_to(expected))


def test_the_person_of_a_group_is_counted_and_the_object_is_not() -> None:
    found = counts(
        event(type="group", groupId="g1", traits={}), event(event="Object Deleted", properties={"objectId": 1})
    )
    assert_that(found, equal_to(PeopleCounts(identified=1)))


def test_a_reason_keeps_its_first_three_examples() -> None:
    found = DeadLettersProfile()
    payload = event().origin
    for offset in (50, 40, 30, 20, 10):
        place = type(payload)(payload.text, source="a.ndjson", offset=offset)
        found.add(dead_letter(stage="map", reason="self_merge", detail="No.", payload=place, failed_at=0))
    reason = found.reasons["self_merge"]
    assert_that(reason.count, equal_to(5))
    assert_that([example.offset for example in reason.examples], contains_exactly(10, 20, 30))


def test_long_attributes_are_counted_by_name() -> None:
    found = DeadLettersProfile()
    record = dead_letter(
        stage="map",
        reason="attribute_too_long",
        detail="Attribute 'notes' is 2000 bytes.",
        payload=event().origin,
        failed_at=0,
        attribute={"name": "notes", "size": 2_000, "value": "x" * 2_000},
    )
    found.add(record)
    assert_that(found.long_attributes.names["notes"], has_properties(count=1, largest_bytes=2_000, over_limit=1))
    assert_that(found.reasons["attribute_too_long"].examples[0].detail, equal_to("Attribute '…' is N bytes."))


def test_a_message_without_a_place_is_an_example_too() -> None:
    found = of(
        DeadLettersProfile(),
        [dead_letter(stage="parse", reason="invalid_json", detail="No.", payload=b"\xff", failed_at=0)],
    )
    [example] = found.reasons["invalid_json"].examples
    assert_that((example.file, example.offset, example.payload), equal_to(("", -1, "(no JSON: 1 bytes)")))
