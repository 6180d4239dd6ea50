"""What holds for any input at all."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hamcrest import any_of, assert_that, empty, equal_to, has_length, has_properties, instance_of, none, not_
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from customerio_beam.mapping import json_text
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event, Filtered, Outcome, Rejected
from customerio_beam.mapping.mapped import Mapped
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.person import KEY_BYTES, person_key
from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.operation_shapes import shape_faults
from tests.helpers.operations_checker import limit_faults
from tests.helpers.payloads import read_payload
from tests.mapping.strategies import EVENTS, JSON, SETTINGS, as_payload

generated = hypothesis_settings(
    max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _events(outcomes: list[Outcome]) -> Iterator[Event]:
    for outcome in outcomes:
        if isinstance(outcome, Event):
            yield outcome


def _map(event: Event, settings: MappingSettings) -> Mapped | None:
    """Map an event; None where it is refused. Any other exception fails the test."""
    try:
        return map_event(event, settings)
    except InvalidEvent:
        return None


@generated
@given(JSON | st.lists(EVENTS, max_size=3), SETTINGS)
def test_any_json_has_outcomes_and_no_exception(value: Any, settings: MappingSettings) -> None:
    for event in _events(read_payload(as_payload(value))):
        _map(event, settings)


@generated
@given(st.binary(), SETTINGS)
def test_any_bytes_have_outcomes_and_no_exception(payload: bytes, settings: MappingSettings) -> None:
    for event in _events(read_payload(payload)):
        _map(event, settings)


@generated
@given(EVENTS, SETTINGS)
def test_an_event_has_exactly_one_outcome(event: dict[str, Any], settings: MappingSettings) -> None:
    [outcome] = read_payload(as_payload(event))

    if isinstance(outcome, Event):
        mapped = _map(outcome, settings)
        assert_that(mapped, any_of(none(), has_properties(operations=not_(empty()))))
    else:
        assert_that(outcome, any_of(instance_of(Filtered), instance_of(Rejected)))


@generated
@given(st.lists(EVENTS | JSON, max_size=5), st.sampled_from(["array", "envelope"]))
def test_each_member_has_exactly_one_outcome(members: list[Any], form: str) -> None:
    payload = members if form == "array" else {"batch": members, "sentAt": "2026-11-24T10:00:00Z"}

    assert_that(len(read_payload(as_payload(payload))), equal_to(len(members)))


@generated
@given(EVENTS, SETTINGS)
def test_operations_are_within_the_limits(event: dict[str, Any], settings: MappingSettings) -> None:
    for read in _events(read_payload(as_payload(event))):
        for operation in (_map(read, settings) or Mapped([], [], 0)).operations:
            send = settings.oversize_attributes == "send"
            assert_that(
                list(limit_faults(operation, settings.max_attributes_per_identify, oversize_allowed=send)), empty()
            )


@generated
@given(EVENTS, SETTINGS)
def test_operations_have_the_shapes_of_the_track_api(event: dict[str, Any], settings: MappingSettings) -> None:
    for read in _events(read_payload(as_payload(event))):
        for operation in (_map(read, settings) or Mapped([], [], 0)).operations:
            assert_that(shape_faults(json.loads(operation)), equal_to([]))


@generated
@given(EVENTS, SETTINGS)
def test_mapping_twice_gives_identical_bytes(event: dict[str, Any], settings: MappingSettings) -> None:
    payload = as_payload(event)

    first, second = ([_map(read, settings) for read in _events(read_payload(payload))] for _ in range(2))

    assert_that(repr(first), equal_to(repr(second)))


@generated
@given(EVENTS, SETTINGS)
def test_the_event_is_not_changed(event: dict[str, Any], settings: MappingSettings) -> None:
    for read in _events(read_payload(as_payload(event))):
        before = copy.deepcopy(read)

        _map(read, settings)

        assert_that(repr(read), equal_to(repr(before)))


@generated
@given(EVENTS, st.sampled_from([1, 2, 30]))
def test_every_trait_is_sent_or_dead_lettered(event: dict[str, Any], count: int) -> None:
    steering = {"userId", "anonymousId", "createdAt", "created", "objectId", "objectTypeId", "object_type_id"}
    steering |= {"relationshipAttributes", "created_at"}
    settings = MappingSettings(convert_dates=False, max_attributes_per_identify=count)
    for read in _events(read_payload(as_payload({**event, "type": "identify"}))):
        mapped = _map(read, settings)
        if mapped is None:
            continue
        found = {
            name: value
            for operation in mapped.operations
            for name, value in json.loads(operation)["attributes"].items()
        }
        expected = {name: value for name, value in read.traits.items() if name not in steering}
        unsent = {part.attribute.name: part.attribute.value for part in mapped.unsent if part.attribute is not None}
        related = read.traits.get("relationshipAttributes") or {}
        found |= {name: value for name, value in unsent.items() if name in expected or name not in related}
        if read.anonymous_id is not None:
            expected["anonymous_id"] = read.anonymous_id
        found.pop("created_at", None)
        assert_that(repr(sorted(found.items())), equal_to(repr(sorted(expected.items()))))


@generated
@given(EVENTS, SETTINGS)
def test_every_event_has_a_key(event: dict[str, Any], settings: MappingSettings) -> None:
    for read in _events(read_payload(as_payload(event))):
        assert_that(person_key(read, settings.identify_by), has_length(KEY_BYTES))


@generated
@given(JSON)
def test_json_is_read_and_written_exactly(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False).encode("utf-8")

    assert_that(repr(json.loads(json_text.dumps(json_text.loads(text)))), equal_to(repr(json.loads(text))))


@generated
@given(JSON)
def test_equal_values_have_one_canonical_text(value: Any) -> None:
    def reordered(item: Any) -> Any:
        if isinstance(item, dict):
            return {name: reordered(item[name]) for name in reversed(item)}
        return [reordered(member) for member in item] if isinstance(item, list) else item

    assert_that(json_text.dumps_canonical(value), equal_to(json_text.dumps_canonical(reordered(value))))
