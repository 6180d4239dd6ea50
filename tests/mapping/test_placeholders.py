"""Counting the ids that are a word for nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import assert_that, equal_to, instance_of

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.placeholders import placeholder_ids
from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.payloads import read_payload


def _count(event: dict[str, Any], **settings: Any) -> int:
    [read] = read_payload(json.dumps({"type": "track", "event": "E", "timestamp": 1795514400, **event}).encode())
    assert_that(read, instance_of(Event))
    return placeholder_ids(read, MappingSettings(**settings))


@pytest.mark.parametrize(
    ("event", "count"),
    [
        ({"userId": "undefined"}, 1),
        ({"userId": " NULL ", "anonymousId": "[object Object]"}, 2),
        ({"userId": "u1", "groupId": "none", "previousId": "nil", "messageId": "NaN"}, 3),
        ({"context": {"traits": {"email": "null"}}, "anonymousId": "a-1"}, 1),
        ({"type": "identify", "traits": {"email": "undefined"}, "context": {"traits": {"email": "null"}}}, 2),
        ({"type": "identify", "userId": "u1", "traits": {"objectId": "undefined"}}, 1),
        ({"event": "Object Deleted", "properties": {"objectId": "null", "object_id": "acme"}}, 1),
        ({"event": "Relationship Deleted", "userId": "u1", "properties": {"object_id": "undefined"}}, 1),
    ],
    ids=lambda value: str(value)[:70],
)
def test_counts_each_id(event: dict[str, Any], count: int) -> None:
    assert_that(_count(event), equal_to(count))


@pytest.mark.parametrize(
    "event",
    [
        {"userId": "u1", "anonymousId": None, "groupId": "", "messageId": 7},
        {"userId": "nullable"},
        {"userId": "u1", "context": {"traits": {"email": "null"}}},
        {"userId": "u1", "properties": {"objectId": "undefined", "name": "null"}},
        {"event": ["Object Deleted"], "userId": "u1"},
        {"type": "identify", "userId": "u1", "traits": {"nickname": "none"}},
    ],
    ids=lambda event: str(event)[:70],
)
def test_counts_nothing_else(event: dict[str, Any]) -> None:
    assert_that(_count(event), equal_to(0))


def test_an_email_that_goes_before_the_user_id_counts() -> None:
    event = {"userId": "u1", "context": {"traits": {"email": "null"}}}

    assert_that(_count(event, identify_by="email"), equal_to(1))
