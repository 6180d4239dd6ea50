"""Defects that other Customer.io destinations have or had, each as a test of its own."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hamcrest import assert_that, equal_to, has_length, instance_of

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.payloads import read_payload

ROOT = Path(__file__).parents[2]
U1 = {"userId": "u1", "messageId": "m-1", "timestamp": "2026-11-24T10:00:00Z"}


def _operations(event: dict[str, Any]) -> list[dict[str, Any]]:
    [read] = read_payload(json.dumps(event).encode())
    assert_that(read, instance_of(Event))
    return [json.loads(operation) for operation in map_event(read, MappingSettings()).operations]


def _attributes(event: dict[str, Any]) -> dict[str, Any]:
    [operation] = _operations(event)
    attributes = operation["attributes"]
    assert_that(attributes, instance_of(dict))
    return attributes


def test_standard_group_traits_are_not_dropped() -> None:
    traits = {
        "address": {"city": "Paris"},
        "avatar": "https://acme.example/logo.png",
        "description": "Anvils",
        "email": "office@acme.example",
        "employees": 329,
        "id": "acme",
        "industry": "Technology",
        "name": "Acme Inc",
        "phone": "+33 1 23 45 67 89",
        "website": "https://acme.example",
        "plan": "enterprise",
    }

    attributes = _attributes({**U1, "type": "group", "groupId": "acme", "traits": traits})

    assert_that(attributes, equal_to(traits))


@pytest.mark.parametrize("name", ["name", "id", "url", "email"])
def test_a_name_that_looks_like_a_date_stays_a_name(name: str) -> None:
    properties = {name: "2024-05-06", "items": [{name: "2024-05-06"}]}

    attributes = _attributes({**U1, "type": "track", "event": "Ordered", "properties": properties})

    assert_that(attributes, equal_to(properties))


def test_an_id_that_looks_like_a_date_stays_an_id() -> None:
    [operation] = _operations({**U1, "type": "track", "event": "2024-05-06", "userId": "2024-05-06"})

    assert_that((operation["identifiers"], operation["name"]), equal_to(({"id": "2024-05-06"}, "2024-05-06")))


def test_a_group_id_that_looks_like_a_date_stays_an_id() -> None:
    [operation] = _operations({**U1, "type": "group", "groupId": "2024-05-06"})

    assert_that(operation["identifiers"]["object_id"], equal_to("2024-05-06"))


def test_an_empty_created_at_does_not_hide_created_at_in_camel_case() -> None:
    traits = {"created_at": "", "createdAt": "2024-05-06T00:00:00Z"}

    assert_that(_attributes({**U1, "type": "identify", "traits": traits}), equal_to({"created_at": 1714953600}))


def test_an_identify_with_the_event_user_deleted_deletes_nobody() -> None:
    [operation] = _operations({**U1, "type": "identify", "event": "User Deleted", "traits": {"plan": "pro"}})

    assert_that(operation["action"], equal_to("identify"))


@pytest.mark.parametrize("user_id", ["", "  ", None])
@pytest.mark.parametrize("name", ["User Deleted", "User Suppressed", "User Unsuppressed"])
def test_an_empty_user_id_deletes_and_suppresses_nobody(name: str, user_id: str | None) -> None:
    with pytest.raises(InvalidEvent, match="missing_identity"):
        _operations({**U1, "type": "track", "event": name, "userId": user_id, "anonymousId": "a-1"})


def test_big_integers_stay_exact() -> None:
    properties = {"n": 2**53 + 1, "m": 2**64, "k": -(10**30), "list": [2**63]}

    assert_that(_attributes({**U1, "type": "track", "event": "E", "properties": properties}), equal_to(properties))


def test_a_big_integer_as_an_id_stays_exact() -> None:
    [operation] = _operations({**U1, "type": "track", "event": "E", "userId": 2**53 + 1})

    assert_that(operation["identifiers"], equal_to({"id": "9007199254740993"}))


def test_unicode_goes_out_as_it_came() -> None:
    text = "Zoë Ωμέγα 漢字 🚀 e\u0301 \u200f"
    payload = json.dumps({**U1, "type": "track", "event": text, "properties": {text: text}}, ensure_ascii=False)
    [event] = read_payload(payload.encode())

    [operation] = map_event(event, MappingSettings()).operations  # type: ignore[arg-type]

    assert_that(operation.decode().count(text), equal_to(3))


@pytest.mark.parametrize("name", ["__proto__", "constructor", "a.b.c", "a[0]", "$set", "", "toString", "\\."])
def test_any_trait_name_is_just_a_name(name: str) -> None:
    traits = {name: {"polluted": True}}

    assert_that(_attributes({**U1, "type": "identify", "traits": traits}), equal_to(traits))


def test_dates_in_lists_are_converted() -> None:
    properties = {"days": ["2024-05-06", "2024-05-07"]}

    attributes = _attributes({**U1, "type": "track", "event": "E", "properties": properties})

    assert_that(attributes, equal_to({"days": [1714953600, 1715040000]}))


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata"])
def test_a_zoneless_date_does_not_depend_on_the_machine(zone: str) -> None:
    program = """
import sys
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.payloads import read_payload
[event] = read_payload(sys.stdin.buffer.read())
sys.stdout.buffer.write(map_event(event, MappingSettings()).operations[0])
"""
    event = {**U1, "type": "identify", "timestamp": "2026-11-24T10:00:00", "traits": {"seen": "2024-05-06T07:08:09"}}

    operation = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(event).encode(),
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "TZ": zone},
    ).stdout

    assert_that(
        (json.loads(operation)["timestamp"], json.loads(operation)["attributes"]),
        equal_to(
            (
                1795514400,
                {"seen": 1714979289},
            )
        ),
    )


def test_the_input_is_not_changed() -> None:
    payload = {
        **U1,
        "type": "group",
        "groupId": "acme",
        "traits": {
            "createdAt": "2024-05-06",
            "objectTypeId": "2",
            "objectAttributes": {"seen": ["2024-05-06"], "long": "x" * 2000},
            "relationshipAttributes": {"since": "2024-05-06"},
        },
    }
    [event] = read_payload(json.dumps(payload).encode())
    assert_that(event, instance_of(Event))
    before = copy.deepcopy(event)

    map_event(event, MappingSettings())

    assert_that(event, equal_to(before))


@pytest.mark.parametrize("user_id", [0, 7, -1, 12.0])
def test_numeric_ids_work(user_id: float) -> None:
    [operation] = _operations({**U1, "type": "track", "event": "E", "userId": user_id})

    assert_that(operation["identifiers"], equal_to({"id": str(int(user_id))}))


def test_a_numeric_group_id_works() -> None:
    [operation] = _operations({**U1, "type": "group", "groupId": 0})

    assert_that(operation["identifiers"]["object_id"], equal_to("0"))


def test_a_screen_is_a_screen_under_its_own_name() -> None:
    [operation] = _operations({**U1, "type": "screen", "name": "Home"})

    assert_that((operation["action"], operation["name"]), equal_to(("screen", "Home")))


def test_a_message_id_that_is_a_uuid_still_makes_a_ulid() -> None:
    [operation] = _operations(
        {**U1, "type": "track", "event": "E", "messageId": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}
    )

    assert_that(operation["id"], has_length(26))
