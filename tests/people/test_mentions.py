"""Whom a dead letter is about: each place of an event and of an operation that names a person."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hamcrest import assert_that, calling, equal_to, raises

from customerio_beam.mapping.origin import Origin
from customerio_beam.people.listing import read_people
from customerio_beam.people.mentions import Lookup, UnreadableRecord
from customerio_beam.transforms.dead_letter import dead_letter

PEOPLE = Lookup(read_people(io.BytesIO(b"u1\nAda@Example.com\ncio_77\n"), "list", "auto").people)


def record(payload: bytes | Origin | dict[str, Any], operation: dict[str, Any] | None = None) -> bytes:
    return dead_letter(
        stage="map",
        reason="missing_timestamp",
        detail="A sentence.",
        payload=json.dumps(payload).encode() if isinstance(payload, dict) else payload,
        failed_at=0.0,
        operation=None if operation is None else json.dumps(operation).encode(),
    )


def track(**fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order", "timestamp": "2024-01-01T00:00:00Z", **fields}


@pytest.mark.parametrize(
    "event",
    [
        track(userId="u1"),
        track(anonymousId="u1"),
        track(userId=" u1 "),
        track(userId="ADA@example.COM"),
        track(userId="cio_77"),
        track(context={"traits": {"email": "ada@example.com"}}, userId="u9"),
        {"type": "identify", "userId": "u9", "traits": {"email": "ada@example.com"}},
        {"type": "alias", "userId": "u9", "previousId": "u1"},
        {"type": "track", "userId": "u1"},
        {"type": "unheard-of", "userId": "u1"},
        {"userId": "u1", "type": "track", "timestamp": "yesterday"},
        {"userId": "u1", "type": "track", "properties": 5},
        track(userId="u1", integrations={"All": False}),
        {"batch": [track(userId="u2"), track(userId="u1")]},
        {"batch": [track(userId="u2")], "context": {"traits": {"email": "ada@example.com"}}},
    ],
)
def test_an_event_names_its_person_wherever_the_mapping_looks(event: dict[str, Any]) -> None:
    assert_that(PEOPLE.finds(record(event)), equal_to(True))


@pytest.mark.parametrize(
    "event",
    [
        track(userId="u2"),
        track(userId="U1"),
        track(userId="77"),
        track(userId="u2", properties={"note": "u1", "email": "ada@example.com"}),
        track(userId=True),
        {"type": "group", "userId": "u2", "groupId": "u1"},
    ],
)
def test_an_event_of_somebody_else_is_not_found(event: dict[str, Any]) -> None:
    assert_that(PEOPLE.finds(record(event)), equal_to(False))


def test_a_number_is_an_id() -> None:
    lookup = Lookup(read_people(io.BytesIO(b"42"), "list", "auto").people)
    assert_that(lookup.finds(record(track(userId=42))), equal_to(True))


@pytest.mark.parametrize(
    "operation",
    [
        {"type": "person", "action": "event", "identifiers": {"id": "u1"}},
        {"type": "person", "action": "event", "identifiers": {"email": "ADA@example.com"}},
        {"type": "person", "action": "delete", "identifiers": {"cio_id": "77"}},
        {"type": "person", "action": "merge", "primary": {"id": "u2"}, "secondary": {"id": "u1"}},
        {
            "type": "person",
            "action": "identify",
            "identifiers": {"id": "u2"},
            "attributes": {"email": "ada@example.com"},
        },
        {
            "type": "object",
            "action": "identify",
            "identifiers": {"object_type_id": "1", "object_id": "o"},
            "cio_relationships": [{"identifiers": {"id": "u1"}}],
        },
    ],
)
def test_an_operation_names_its_people(operation: dict[str, Any]) -> None:
    assert_that(PEOPLE.finds(record(track(userId="u2"), operation)), equal_to(True))


def test_an_object_is_no_person() -> None:
    operation = {"type": "object", "action": "identify", "identifiers": {"object_type_id": "1", "object_id": "u1"}}
    assert_that(PEOPLE.finds(record(track(userId="u2"), operation)), equal_to(False))


def test_a_member_of_an_envelope_is_found_by_the_envelopes_own_fields() -> None:
    member = Origin(json.dumps(track(userId="u2")).encode(), b'"context":{"traits":{"email":"ada@example.com"}}')
    assert_that(PEOPLE.finds(record(member)), equal_to(True))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{", "it is not JSON"),
        (b"[]", "it is no dead letter"),
        (b"{}", "it has no payload"),
        (b'{"payload_base64":"%"}', "its payload_base64 is no base64"),
        (record(b'{"type":"track","userId":"u1'), "its event is not JSON"),
        (record(b"\xff"), "its event is not JSON"),
        (record(Origin(b'{"type":"track","userId":"u1"', truncated_bytes=9_000_000)), "only the beginning"),
    ],
)
def test_what_cant_be_read_is_said_and_not_guessed(text: bytes, why: str) -> None:
    assert_that(calling(PEOPLE.finds).with_args(text), raises(UnreadableRecord, why))


def test_an_operation_is_enough_where_the_event_cant_be_read() -> None:
    operation = {"type": "person", "action": "event", "identifiers": {"id": "u1"}}
    assert_that(PEOPLE.finds(record(b"{", operation)), equal_to(True))
