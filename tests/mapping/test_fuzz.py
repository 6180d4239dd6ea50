"""Hostile input has an outcome, and only that. ``tests/integration/test_fuzz.py`` sends more of it through Beam."""

from __future__ import annotations

import pytest
from hamcrest import assert_that, equal_to, has_items

from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.event_outcomes import outcomes
from tests.helpers.fuzz import fuzzed_payloads, ten_megabytes
from tests.helpers.operations_checker import limit_faults

PAYLOADS = 5_000


@pytest.mark.parametrize("convert_dates", [True, False])
def test_every_fuzzed_event_is_delivered_filtered_or_dead_lettered(convert_dates: bool) -> None:
    settings = MappingSettings(convert_dates=convert_dates)

    without_outcome = [payload for payload in fuzzed_payloads(PAYLOADS, seed=1) if not all(outcomes(payload, settings))]

    assert_that(without_outcome, equal_to([]))


def test_no_fuzzed_operation_is_over_a_limit() -> None:
    faults = [
        fault
        for payload in fuzzed_payloads(PAYLOADS, seed=2)
        for event in outcomes(payload, MappingSettings())
        for outcome in event
        if outcome.kind == "operation"
        for fault in limit_faults(outcome.text)
    ]

    assert_that(faults, equal_to([]))


def test_the_fuzz_reaches_the_mapping_and_its_reasons() -> None:
    kinds = {
        outcome.kind
        for payload in fuzzed_payloads(PAYLOADS, seed=3)
        for event in outcomes(payload, MappingSettings())
        for outcome in event
    }

    assert_that(
        kinds, has_items("operation", "filtered", "invalid_json", "not_an_object", "unknown_type", "invalid_field")
    )
    assert_that(kinds, has_items("invalid_timestamp", "missing_identity", "attribute_too_long", "identifier_too_long"))


def test_a_string_of_ten_megabytes_is_dead_lettered() -> None:
    kinds = [
        [outcome.kind for outcome in event]
        for payload in ten_megabytes()
        for event in outcomes(payload, MappingSettings())
    ]

    assert_that(
        kinds,
        equal_to(
            [
                ["operation", "attribute_too_long"],
                ["operation_too_large"],
                ["identifier_too_long"],
                ["invalid_json"],
            ]
        ),
    )
