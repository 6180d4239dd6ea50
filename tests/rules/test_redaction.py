"""Dead letters without the fields that may not be kept."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hamcrest import all_of, assert_that, equal_to, has_entries, has_key, instance_of, not_, not_none

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.origin import Origin
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import read_events
from customerio_beam.rules.redaction import Redactor
from customerio_beam.transforms.dead_letter import dead_letter
from tests.rules.rules_at_work import TIME, compiled

RULES = """
fields:
  drop: [properties.card, context.ip, traits.secret]
  hash: {traits.phone: sha256, userId: sha256}
  hash_identifiers: true
  salt_secret: SALT
when:
  - match: {properties.plan: internal}
    fields: {drop: [properties.note]}
"""


def marked(text: str) -> str:
    return "sha256:" + hashlib.sha256(f"pepper{text}".encode()).hexdigest()


def redactor(rules: str = RULES) -> Redactor:
    return Redactor(compiled(rules), MappingSettings())


def redacted(event: Any, rules: str = RULES) -> Any:
    found = redactor(rules).payload(json.dumps(event).encode())
    assert_that(found, not_none())
    return json.loads(found)


def track(**fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": "E", "userId": "u1", "messageId": "m1", "timestamp": TIME, **fields}


def test_what_is_dropped_is_gone_and_what_is_hashed_is_hashed() -> None:
    event = track(
        properties={"card": 1, "total": 2},
        context={"ip": "1.2.3.4", "traits": {"secret": 1, "phone": "A", "plan": "free"}},
    )
    assert_that(
        redacted(event),
        equal_to(
            track(
                userId=marked("u1"),
                properties={"total": 2},
                context={"traits": {"phone": marked("a"), "plan": "free"}},
            )
        ),
    )


def test_rules_for_some_events_redact_these_alone() -> None:
    assert_that(
        redacted(track(properties={"plan": "internal", "note": 1}))["properties"], equal_to({"plan": "internal"})
    )
    assert_that(redacted(track(properties={"plan": "x", "note": 1}))["properties"], equal_to({"plan": "x", "note": 1}))


def test_a_list_of_allowed_fields_holds_in_dead_letters_too() -> None:
    rules = "fields: {allow: {E: [properties.a]}}"
    assert_that(redacted(track(properties={"a": 1, "b": 2}), rules)["properties"], equal_to({"a": 1}))


@pytest.mark.parametrize("event", [{"type": "nonsense"}, {"type": "track", "traits": 1}, {"event": "E"}])
def test_all_rules_of_the_file_redact_an_event_that_can_not_be_read(event: Any) -> None:
    found = redacted({**event, "properties": {"card": 1, "note": 2, "x": 3}, "userId": "u1"})
    assert_that(found, has_entries(properties={"x": 3}, userId=marked("u1")))


def test_an_envelope_is_redacted_with_its_defaults() -> None:
    envelope = {"batch": [track(properties={"card": 1})], "context": {"ip": "1.2.3.4", "app": {"name": "A"}}}
    found = redacted(envelope)
    assert_that(found["context"], equal_to({"app": {"name": "A"}}))
    assert_that(found["batch"][0]["properties"], equal_to({}))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda event: {"detail": event},
        lambda event: {"_airbyte_data": json.dumps(event)},
        json.dumps,
        lambda event: [event],
    ],
)
def test_wrapped_events_are_redacted(wrap: Any) -> None:
    text = redactor().payload(json.dumps(wrap(track(properties={"card": 4242}))).encode())
    assert_that(text, not_none())
    assert_that(b"4242" in text, equal_to(False))


@pytest.mark.parametrize("message_id", ["m1", None])
def test_a_replay_of_a_redacted_event_is_the_same_message_and_person(message_id: str | None) -> None:
    rules = compiled(RULES)
    event = track(messageId=message_id, properties={"card": 1})
    operations = []
    for payload in (json.dumps(event).encode(), json.dumps(redacted(event)).encode()):
        [outcome] = read_events(payload)
        assert_that(outcome, instance_of(Event))
        passed = rules.apply(outcome).event
        assert_that(passed, not_none())
        operations.append(map_event(passed, MappingSettings()).operations)
    assert_that(operations[0], equal_to(operations[1]))


def test_redacting_twice_changes_nothing() -> None:
    once = redacted(track(messageId=None, properties={"card": 1}, context={"traits": {"phone": "A"}}))
    assert_that(redacted(once), equal_to(once))


def record(payload: bytes, **fields: Any) -> dict[str, Any]:
    made = dead_letter(
        stage="parse", reason="invalid_json", detail="D", payload=Origin(payload, **fields), failed_at=0.0
    )
    found: dict[str, Any] = json.loads(redactor().record(made))
    return found


def test_a_record_keeps_all_but_its_payload() -> None:
    found = record(json.dumps(track(properties={"card": 1})).encode(), source="f", offset=3)
    assert_that(json.loads(found["payload"])["properties"], equal_to({}))
    assert_that(found, has_entries(reason="invalid_json", source={"file": "f", "offset": 3}, message_id="m1"))


@pytest.mark.parametrize(
    "payload",
    [
        b'{"card": 4242',
        b"4242",
        b'"card 4242"',
        b'[{"type": "track"}, 4242]',
        b"\xff4242",
        b'{"a": NaN, "card": 4242}',
        b"[" * 990 + b"]" * 990,
    ],
)
def test_a_payload_that_can_not_be_redacted_is_taken_out(payload: bytes) -> None:
    found = record(payload)
    assert_that(found, has_entries(payload="", payload_truncated=True, payload_bytes=len(payload)))
    assert_that(found, all_of(not_none(), not_(has_key("payload_base64"))))


def test_a_cut_payload_is_taken_out_and_keeps_its_size() -> None:
    found = record(b'{"card": 4242}', truncated_bytes=10_000)
    assert_that(found, has_entries(payload="", payload_truncated=True, payload_bytes=10_000))


def test_a_payload_in_base64_that_is_json_but_for_its_encoding_is_taken_out() -> None:
    made = json.loads(dead_letter(stage="parse", reason="invalid_json", detail="D", payload=b"\xff", failed_at=0.0))
    assert_that(base64.b64decode(made["payload_base64"]), equal_to(b"\xff"))
    assert_that(record(b"\xff"), not_(has_key("payload_base64")))


def test_a_records_id_tells_nothing_of_what_is_dropped() -> None:
    one, same, other = (
        record(json.dumps(track(properties={"card": card, "total": total})).encode(), source="f", offset=3)["id"]
        for card, total in ((1, 5), (2, 5), (1, 6))
    )
    assert_that(one, equal_to(same))
    assert_that(one, not_(equal_to(other)))
