"""10,000 valid events become operations as Customer.io's published specification has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from benchmarks.generate import events as browser_events
from mapping.settings import MappingSettings
from tests.event_outcomes import outcomes
from tests.operations_checker import limit_faults, needs_specification, specification_faults
from tests.valid_events import valid_events

EVENTS = 10_000


def _payloads() -> Iterator[bytes]:
    return chain(valid_events(EVENTS // 2, seed=1), browser_events(EVENTS // 2, seed=1))


def _operations() -> Iterator[bytes]:
    for payload in _payloads():
        for event in outcomes(payload, MappingSettings()):
            yield from (outcome.text for outcome in event if outcome.kind == "operation")


def test_valid_events_are_all_delivered_whole() -> None:
    kinds = {
        outcome.kind for payload in _payloads() for event in outcomes(payload, MappingSettings()) for outcome in event
    }

    assert kinds == {"operation"}


def test_their_operations_are_within_the_limits() -> None:
    assert [fault for operation in _operations() for fault in limit_faults(operation)] == []


@needs_specification
def test_their_operations_are_as_the_specification_has_them() -> None:
    faults = [fault for operation in _operations() for fault in specification_faults(json.loads(operation))]

    assert faults == []
