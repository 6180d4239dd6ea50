"""10,000 valid events become operations that the Track API takes."""

from __future__ import annotations

import json
from itertools import chain

import pytest
from hamcrest import assert_that, empty, equal_to, not_

from benchmarks.generate import events as browser_events
from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.event_outcomes import Outcome, outcomes
from tests.helpers.operation_shapes import shape_faults
from tests.helpers.operations_checker import limit_faults
from tests.helpers.valid_events import valid_events

EVENTS = 10_000

_EVENT = {
    "type": "person",
    "action": "event",
    "identifiers": {"id": "u1"},
    "id": "01M86FYZ80GN1ZQCHKBEY8FWP7",
    "name": "Ordered",
    "timestamp": 1795514400,
    "attributes": {},
}


@pytest.fixture(scope="module")
def mapped() -> list[Outcome]:
    payloads = chain(valid_events(EVENTS // 2, seed=1), browser_events(EVENTS // 2, seed=1))
    return [outcome for payload in payloads for event in outcomes(payload, MappingSettings()) for outcome in event]


def test_valid_events_are_all_delivered_whole(mapped: list[Outcome]) -> None:
    assert_that({outcome.kind for outcome in mapped}, equal_to({"operation"}))


def test_their_operations_are_within_the_limits(mapped: list[Outcome]) -> None:
    assert_that([fault for operation in mapped for fault in limit_faults(operation.text)], empty())


def test_their_operations_have_the_shapes_of_the_track_api(mapped: list[Outcome]) -> None:
    assert_that([fault for operation in mapped for fault in shape_faults(json.loads(operation.text))], empty())


def test_the_shapes_take_a_valid_operation() -> None:
    assert_that(shape_faults(_EVENT), empty())


@pytest.mark.parametrize(
    "change",
    [
        {"action": "purchase"},
        {"identifiers": {}},
        {"identifiers": {"id": "u1", "email": "ada@example.com"}},
        {"identifiers": {"id": ""}},
        {"identifiers": {"name": "Ada"}},
        {"id": "7c9e6679-7425-40de-944b-e07fc1f90ae7"},
        {"name": " Ordered"},
        {"name": None},
        {"timestamp": 1795514400.5},
        {"timestamp": 0},
        {"timestamp": 1795514400123},
        {"attributes": []},
        {"attributes": {"recipient": 7}},
        {"extra": 1},
        {"action": "merge"},
        {"action": "add_device"},
        {"type": "object"},
        {"type": "delivery"},
    ],
    ids=str,
)
def test_the_shapes_refuse_anything_else(change: dict[str, object]) -> None:
    assert_that(shape_faults({**_EVENT, **change}), not_(empty()))
