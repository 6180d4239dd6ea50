"""The record of a dead letter: where its event came from, and what is kept of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hamcrest import assert_that, equal_to, has_entries, has_key, has_length, less_than, not_

from customerio_beam.mapping.origin import Origin
from customerio_beam.reading.payload import HEAD_BYTES
from customerio_beam.transforms.dead_letter import dead_letter, shortened


def record(payload: bytes | Origin, **fields: Any) -> dict[str, Any]:
    made = dead_letter(stage="parse", reason="invalid_json", detail="", payload=payload, failed_at=0, **fields)
    found: dict[str, Any] = json.loads(made)
    return found


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (Origin(b"{}", b"", "events/a.ndjson", 0), {"file": "events/a.ndjson", "offset": 0}),
        (Origin(b"{}", b"", "message-7"), {"message_id": "message-7"}),
        (Origin(b"{}"), None),
        (b"{}", None),
    ],
)
def test_it_says_where_the_event_came_from(origin: Origin, expected: dict[str, Any] | None) -> None:
    assert_that(record(origin), has_entries(source=expected))


def test_a_member_is_kept_as_an_envelope_of_one_and_its_message_id_is_its_own() -> None:
    origin = Origin(b'{"messageId":"m-1"}', b'"sentAt":"2026-11-20T08:30:15Z"', "f", 7)
    assert_that(
        record(origin),
        has_entries(message_id="m-1", payload='{"batch":[{"messageId":"m-1"}],"sentAt":"2026-11-20T08:30:15Z"}'),
    )


@pytest.mark.parametrize(("text", "payload"), [(b"{" + "é".encode(), "{é"), (b"{" + "é".encode()[:1], "{")])
def test_a_payload_that_was_cut_says_so(text: bytes, payload: str) -> None:
    found = record(Origin(text, b"", "f", 7, truncated_bytes=20_000_000))
    assert_that(found, has_entries(payload=payload, payload_truncated=True, payload_bytes=20_000_000))


def test_a_whole_payload_does_not_say_that_it_was_cut() -> None:
    assert_that(record(b"{}"), not_(has_key("payload_truncated")))


def test_what_is_no_unicode_is_kept_in_base_64() -> None:
    assert_that(record(b"\xff{}"), has_entries(payload_base64=base64.b64encode(b"\xff{}").decode()))


def _shortened(made: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shortened(made))
    return found


@pytest.mark.parametrize("start", [b"x", b"\xff"])
def test_a_record_can_be_shortened(start: bytes) -> None:
    payload = start + "é".encode() * 100_000
    made = dead_letter(
        stage="parse", reason="invalid_json", detail="", payload=Origin(payload, b"", "m-7"), failed_at=0
    )
    found = _shortened(made)
    assert_that(found, has_entries(payload_truncated=True, payload_bytes=200_001, source={"message_id": "m-7"}))
    kept = found["payload"].encode() if "payload" in found else base64.b64decode(found["payload_base64"])
    assert_that(len(kept) in (HEAD_BYTES, HEAD_BYTES - 1) and payload.startswith(kept), equal_to(True))
    assert_that(_shortened(json.dumps(found).encode()), has_entries(payload_bytes=200_001))


def test_an_attribute_is_shortened_too() -> None:
    made = dead_letter(
        stage="map",
        reason="attribute_too_long",
        detail="",
        payload=b"{}",
        failed_at=0,
        attribute={"name": "long", "size": 200_000, "value": ["é" * 100_000]},
    )
    attribute = _shortened(made)["attribute"]
    assert_that(attribute, has_entries(name="long", size=200_000, truncated=True))
    assert_that(len(attribute["value"].encode()), less_than(HEAD_BYTES + 1))
    assert_that(attribute["value"][:3], equal_to('["é'))
    assert_that(attribute["value"], has_length((HEAD_BYTES - 2) // 2 + 2))
