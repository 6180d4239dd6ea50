"""10,000 valid events become operations as Customer.io's published specification has them."""

from __future__ import annotations

import json
from itertools import chain

import pytest

from benchmarks.generate import events as browser_events
from customerio_beam.mapping.settings import MappingSettings
from tests.event_outcomes import Outcome, outcomes
from tests.operations_checker import limit_faults, needs_specification, specification_faults
from tests.valid_events import valid_events

EVENTS = 10_000


@pytest.fixture(scope="module")
def mapped() -> list[Outcome]:
    payloads = chain(valid_events(EVENTS // 2, seed=1), browser_events(EVENTS // 2, seed=1))
    return [outcome for payload in payloads for event in outcomes(payload, MappingSettings()) for outcome in event]


def test_valid_events_are_all_delivered_whole(mapped: list[Outcome]) -> None:
    assert {outcome.kind for outcome in mapped} == {"operation"}


def test_their_operations_are_within_the_limits(mapped: list[Outcome]) -> None:
    assert [fault for operation in mapped for fault in limit_faults(operation.text)] == []


@needs_specification
def test_their_operations_are_as_the_specification_has_them(mapped: list[Outcome]) -> None:
    assert [fault for operation in mapped for fault in specification_faults(json.loads(operation.text))] == []
