"""Payloads in the shapes that official libraries send: every event of theirs has an outcome that a person agrees with.

The files in ``tests/captures/`` are short and hold example values alone. Each follows the request bodies of one library
in its field order, its nulls, its times and its oddities.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hamcrest import assert_that, empty, equal_to

from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.event_outcomes import Outcome, outcomes
from tests.helpers.operation_shapes import shape_faults
from tests.helpers.operations_checker import limit_faults

CAPTURES = Path(__file__).parent / "captures"

#: The outcomes of each event: the actions of its operations, or the reason of its dead letter.
OUTCOMES: dict[str, list[str]] = {
    "cio-browser": ["page", "identify", "filtered", "delivery event"],
    "cio-mobile": ["add_device", "delivery event", "delivery metric", "delete_device", "screen"],
    "hightouch-js": ["page", "event", "merge"],
    # It puts the current group on every event: a delete must not take that for its object.
    "jitsu-js": ["page", "object identify", "event", "missing_object_id", "identify"],
    "rudder-js": ["identify", "identify", "event", "filtered", "page", "object identify"],
    "rudder-mobile": ["identify", "screen", "event + add_device", "object identify", "merge"],
    # A page without a name, a URL, a path and a category.
    "rudder-node": ["identify", "event", "page", "missing_page_name", "object delete_relationships"],
    # An identify with an anonymousId and without an email.
    "rudder-python": ["identify", "identify", "missing_identity", "event"],
    "rudder-rust": ["event", "identify", "merge"],
    "segment-android": ["identify", "event + delete_device", "screen", "object identify"],
    "segment-browser": ["page", "event", "identify", "page", "object identify"],
    "segment-cpp": ["identify", "event", "event"],
    "segment-dotnet": ["identify", "event", "event", "page", "object identify", "merge"],
    "segment-elixir": ["event", "identify", "missing_previous_id"],
    "segment-flutter": ["add_device", "screen", "identify"],
    "segment-go": [
        *("identify", "identify", "event", "event", "filtered", "event", "missing_page_name", "object identify"),
        "event",
    ],
    "segment-ios": ["identify", "event + add_device", "screen", "object identify", "event"],
    "segment-java": [
        *("identify", "identify", "event", "event", "page", "object identify_anonymous", "event + add_device"),
        "delivery event",
    ],
    "segment-kotlin": ["event", "screen", "screen", "identify", "event + add_device", "merge"],
    "segment-node": ["identify", "event", "page", "missing_page_name", "object delete", "delete"],
    # Properties that are a list with something in it.
    "segment-php": [
        *("identify", "identify", "identify", "event", "invalid_field", "event", "event", "screen", "object identify"),
    ],
    "segment-python": [
        *("identify", "missing_identity", "event", "event", "event", "filtered", "event", "page", "missing_page_name"),
        *("screen", "object identify", "merge"),
    ],
    "segment-react-native": [
        *("event + add_device", "identify", "missing_identity", "screen", "object identify_anonymous", "merge"),
    ],
    "segment-ruby": ["identify", "event", "page", "screen", "object identify", "merge"],
    "segment-rust": ["identify", "event", "page"],
    "segment-swift": ["event", "identify", "event + add_device", "screen", "event + add_device"],
}


def _events(name: str) -> Iterator[list[Outcome]]:
    for line in (CAPTURES / f"{name}.ndjson").read_bytes().splitlines():
        yield from outcomes(line, MappingSettings())


def _shown(outcome: Outcome) -> str:
    if outcome.kind != "operation":
        return outcome.kind
    operation = json.loads(outcome.text)
    action: str = operation["action"]
    return action if operation["type"] == "person" else f"{operation['type']} {action}"


def _operations(name: str) -> list[bytes]:
    return [outcome.text for event in _events(name) for outcome in event if outcome.kind == "operation"]


def test_every_capture_is_described_here() -> None:
    assert_that({path.stem for path in CAPTURES.iterdir()}, equal_to(set(OUTCOMES)))


@pytest.mark.parametrize("name", OUTCOMES)
def test_each_event_has_the_outcome_that_a_person_agrees_with(name: str) -> None:
    assert_that([" + ".join(map(_shown, event)) for event in _events(name)], equal_to(OUTCOMES[name]))


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_operations_are_as_the_track_api_takes_them(name: str) -> None:
    faults = [
        fault
        for operation in _operations(name)
        for fault in (*shape_faults(json.loads(operation)), *limit_faults(operation))
    ]

    assert_that(faults, empty())


@pytest.mark.parametrize(
    ("name", "number", "path", "value"),
    [
        ("segment-python", 0, "attributes.birthday", "1955-11-05"),
        ("segment-python", 0, "attributes.huge", 2**70),
        ("segment-ruby", 0, "attributes.nested.when", 1795163415),
        ("segment-ruby", 0, "attributes.nested.local", 1795163415),
        ("segment-php", 0, "attributes.created_at", 1795163415),
        ("segment-php", 2, "identifiers.id", "4242"),
        ("segment-php", 4, "timestamp", 1795635586),
        ("segment-go", 0, "attributes.zero_time", "0001-01-01T00:00:00Z"),
        ("segment-go", 3, "timestamp", 1795635398),
        ("segment-dotnet", 2, "timestamp", 1795635720),
        ("segment-kotlin", 1, "attributes.category", "Onboarding"),
        ("segment-ios", 2, "device.platform", "ios"),
        ("segment-browser", 1, "identifiers.anonymous_id", "b06d3e9f"),
        ("rudder-js", 0, "identifiers.email", "ada@example.com"),
        ("rudder-node", 1, "timestamp", 1795163415),
        ("rudder-mobile", 1, "name", "MainActivity"),
        ("rudder-rust", 1, "timestamp", 1795163415),
        ("segment-rust", 1, "timestamp", 1795635462),
        ("cio-mobile", 0, "device.attributes.push_enabled", "true"),
        ("cio-mobile", 1, "attributes.device_token", "6f3c"),
    ],
)
def test_a_librarys_own_form_is_understood(name: str, number: int, path: str, value: object) -> None:
    found = json.loads(_operations(name)[number])
    for field in path.split("."):
        found = found[field]

    assert_that(found, equal_to(value))
