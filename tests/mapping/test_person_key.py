"""The key under which a person's operations keep their order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import assert_that, equal_to, instance_of, is_in, not_

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.person import person_key
from tests.helpers.payloads import read_payload


def _key(**fields: Any) -> bytes:
    event = {"type": "track", "event": "E", "timestamp": 1795514400, "messageId": "m", **fields}
    [read] = read_payload(json.dumps(event).encode())
    assert_that(read, instance_of(Event))
    return person_key(read, "auto")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"userId": "u1"}, {"userId": "u1", "anonymousId": "a", "type": "identify"}),
        ({"userId": 7}, {"userId": "7"}),
        ({"userId": "Ada@example.com"}, {"type": "identify", "traits": {"email": "ada@example.com"}}),
        ({"anonymousId": "a"}, {"type": "page", "anonymousId": "a"}),
        ({"type": "group", "groupId": "g"}, {"type": "group", "groupId": "g", "messageId": "other"}),
    ],
    ids=["a userId", "a number and its digits", "an email in any case", "an anonymousId", "an object of nobody"],
)
def test_the_same_for_the_same_person(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert_that(_key(**one), equal_to(_key(**other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"userId": "u1"}, {"userId": "u2"}),
        ({"userId": "a"}, {"anonymousId": "a"}),
        ({"userId": "cio_a"}, {"userId": "a"}),
        ({}, {"messageId": "other"}),
    ],
    ids=["another userId", "another kind of id", "Customer.io's own id", "nobody"],
)
def test_differs_for_others(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert_that(_key(**one), not_(equal_to(_key(**other))))


def test_says_nothing_about_the_person() -> None:
    assert_that(b"ada", not_(is_in(_key(userId="ada@example.com"))))
