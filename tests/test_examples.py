"""The example files: what they show, and that everything in them has an outcome."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hamcrest import assert_that, empty, equal_to, greater_than, has_item, has_items, not_

from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.event_outcomes import Outcome, outcomes
from tests.helpers.operation_shapes import shape_faults
from tests.helpers.operations_checker import limit_faults

EXAMPLES = Path(__file__).parents[1] / "examples"

#: Events, operations, and dead letters by reason.
CONTENTS: dict[str, tuple[int, int, dict[str, int]]] = {
    "accounts.ndjson": (8, 9, {"attribute_too_long": 1}),
    "browser.ndjson": (14, 14, {}),
    "mobile.ndjson": (11, 13, {"unsupported_platform": 1}),
    "server.ndjson.gz": (16, 16, {}),
    "unhappy.ndjson": (
        34,
        7,
        {
            "filtered": 2,
            "identifier_too_long": 1,
            "invalid_field": 2,
            "invalid_json": 3,
            "invalid_metric": 1,
            "invalid_timestamp": 1,
            "missing_delivery_id": 1,
            "missing_device_token": 1,
            "missing_event_name": 2,
            "missing_group_id": 1,
            "missing_identity": 3,
            "missing_object_id": 1,
            "missing_page_name": 1,
            "missing_previous_id": 1,
            "missing_screen_name": 1,
            "missing_timestamp": 1,
            "not_an_object": 2,
            "self_merge": 1,
            "unknown_type": 1,
        },
    ),
}


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")


def _events(path: Path) -> list[list[Outcome]]:
    return [event for line in _lines(path) for event in outcomes(line, MappingSettings())]


def _operations(path: Path) -> list[dict[str, Any]]:
    return [json.loads(outcome.text) for event in _events(path) for outcome in event if outcome.kind == "operation"]


def test_every_file_is_described_here() -> None:
    assert_that({path.name for path in EXAMPLES.glob("*.ndjson*")}, equal_to(set(CONTENTS)))


@pytest.mark.parametrize("name", CONTENTS)
def test_every_event_has_the_outcome_it_is_there_to_show(name: str) -> None:
    events = _events(EXAMPLES / name)
    kinds = Counter(outcome.kind for event in events for outcome in event)

    assert_that((len(events), kinds.pop("operation"), dict(kinds)), equal_to(CONTENTS[name]))


def test_all_kinds_of_operations_are_shown() -> None:
    shown = set()
    for path in EXAMPLES.glob("*.ndjson*"):
        for operation in _operations(path):
            shown.add((operation["type"], operation["action"]))

    assert_that(
        shown,
        has_items(
            ("person", "identify"),
            ("person", "event"),
            ("person", "page"),
            ("person", "screen"),
            ("person", "merge"),
            ("person", "add_device"),
            ("person", "delete_device"),
            ("person", "delete"),
            ("person", "suppress"),
            ("person", "unsuppress"),
            ("object", "identify"),
            ("object", "identify_anonymous"),
            ("object", "delete"),
            ("object", "delete_relationships"),
            ("delivery", "event"),
        ),
    )


def test_john_is_anonymous_before_he_is_identified() -> None:
    operations = _operations(EXAMPLES / "browser.ndjson")
    [position, *_] = [number for number, each in enumerate(operations) if each["action"] == "identify"]
    anonymous_id = operations[position]["attributes"]["anonymous_id"]

    assert_that(operations[position]["attributes"]["email"], equal_to("john.doe@example.com"))
    assert_that(position, greater_than(0))
    assert_that(
        [each for each in operations[:position] if each["identifiers"] != {"anonymous_id": anonymous_id}], empty()
    )


def test_a_profile_of_more_than_thirty_traits_is_shown() -> None:
    sizes = [
        len(each["attributes"]) for each in _operations(EXAMPLES / "accounts.ndjson") if each["action"] == "identify"
    ]

    assert_that(sizes, has_item(30))


@pytest.mark.parametrize("name", CONTENTS)
def test_operations_are_within_the_limits(name: str) -> None:
    events = _events(EXAMPLES / name)

    assert_that(
        [
            fault
            for event in events
            for outcome in event
            if outcome.kind == "operation"
            for fault in limit_faults(outcome.text)
        ],
        equal_to([]),
    )


@pytest.mark.parametrize("name", CONTENTS)
def test_operations_have_the_shapes_of_the_track_api(name: str) -> None:
    operations = _operations(EXAMPLES / name)

    assert_that(operations, not_(empty()))
    assert_that([fault for operation in operations for fault in shape_faults(operation)], equal_to([]))
