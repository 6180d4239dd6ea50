"""Every row and rule of the mapping, in the contract's order: an input and exactly what it becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import assert_that, equal_to, instance_of

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Filtered, Rejected
from customerio_beam.mapping.mapper import map_event
from tests.cases.case import Case, FilteredOut, Operations, Outcome, Refused
from tests.cases.tables import TABLES
from tests.helpers.payloads import read_payload


def _all_cases() -> list[Any]:
    return [pytest.param(case, id=f"{name}: {case.rule}") for name, cases in TABLES.items() for case in cases]


@pytest.mark.parametrize("case", _all_cases())
def test_maps_exactly(case: Case) -> None:
    assert_that(_outcomes(case), equal_to([_exact(outcome) for outcome in case.outcomes]))


def _outcomes(case: Case) -> list[Any]:
    payload = case.payload if isinstance(case.payload, bytes) else case.payload.encode("utf-8")
    outcomes: list[Any] = []
    for outcome in read_payload(payload, case.source_time_ms, case.settings):
        if isinstance(outcome, Filtered):
            outcomes.append("filtered")
        elif isinstance(outcome, Rejected):
            outcomes.append(outcome.reason)
        else:
            try:
                mapped = map_event(outcome, case.settings)  # type: ignore[arg-type]
            except InvalidEvent as error:
                outcomes.append(error.reason)
            else:
                outcomes.append((mapped.operations, [part.reason for part in mapped.unsent]))
    return outcomes


def _exact(outcome: Outcome) -> Any:
    """Write an expected outcome as bytes with the standard library, which shares no code with the mapping's JSON."""
    if isinstance(outcome, FilteredOut):
        return "filtered"
    if isinstance(outcome, Refused):
        return outcome.reason
    assert_that(outcome, instance_of(Operations))
    texts = [json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() for item in outcome.operations]
    return texts, list(outcome.unsent)
