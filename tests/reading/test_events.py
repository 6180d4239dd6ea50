"""The events of a payload: every form, every fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import (
    any_of,
    assert_that,
    contains_exactly,
    contains_string,
    equal_to,
    has_properties,
    instance_of,
    same_instance,
)

from customerio_beam.mapping.event import Event, Filtered, Rejected
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import BLANK, Outcome, read_events
from customerio_beam.reading.payload import HEAD_BYTES, Payload

EVENT = b'{"type":"track","event":"E","userId":"u","timestamp":1700000000}'


def kinds(payload: Payload | bytes, **arguments: Any) -> list[str]:
    return [
        outcome.reason if isinstance(outcome, Rejected) else type(outcome).__name__
        for outcome in read_events(payload, **arguments)
    ]


def rejected(payload: Payload | bytes, **arguments: Any) -> Rejected:
    [outcome] = read_events(payload, **arguments)
    assert_that(outcome, instance_of(Rejected))
    return outcome


def string_of(text: bytes) -> bytes:
    return json.dumps(text.decode()).encode()


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (EVENT, ["Event"]),
        (EVENT + EVENT, ["Event"] * 2),
        (EVENT + b" \x1e" + EVENT + b"\r\n", ["Event"] * 2),
        (b"\xef\xbb\xbf" + EVENT, ["Event"]),
        (b"\xef\xbb\xbf" * 2 + EVENT, ["invalid_json"]),
        (b"[%b,%b]" % (EVENT, EVENT), ["Event"] * 2),
        (b"[]", []),
        (b'{"batch":[%b,%b]}' % (EVENT, EVENT), ["Event"] * 2),
        (b'{"batch":[]}', []),
        (b'{"type":"batch","batch":[%b]}' % EVENT, ["Event"]),
        (b'{"type":"Batch","batch":[%b]}' % EVENT, ["Event"]),
        (b'{"type":null,"batch":[%b]}' % EVENT, ["Event"]),
        (b'{"batch":[%b],"messageId":"m","writeKey":"k","n":[{}]}' % EVENT, ["Event"]),
        (EVENT[:-1] + b',"batch":[{}]}', ["Event"]),
        (b'{"type":"batch","batch":{}}', ["invalid_field"]),
        (b'{"type":"batch"}', ["invalid_field"]),
        (b'{"batch":5}', ["invalid_field"]),
        (b'{"batch":[%b],"context":"x"}' % EVENT, ["invalid_field"]),
        (b'{"batch":[5,"x",null,[%b],%b]}' % (EVENT, EVENT), ["not_an_object"] * 4 + ["Event"]),
        (b"5", ["not_an_object"]),
        (b'"text"', ["not_an_object"]),
        (b"5 true null", ["not_an_object"] * 3),
        (b"NaN", ["invalid_json"]),
        (b"", ["Blank"]),
        (b" \r\n\t\x1e", ["Blank"]),
    ],
)
def test_the_form_of_a_payload_is_told_by_its_values(payload: bytes, expected: list[str]) -> None:
    assert_that(kinds(payload), equal_to(expected))


def test_of_duplicate_keys_the_last_counts() -> None:
    assert_that(kinds(b'{"batch":[%b],"batch":[]}' % EVENT), equal_to([]))
    assert_that(kinds(b'{"batch":7,"batch":[%b]}' % EVENT), equal_to(["Event"]))
    assert_that(kinds(b'{"type":"batch","batch":[%b],"type":"sneeze"}' % EVENT), equal_to(["unknown_type"]))
    assert_that(kinds(b'{"batch":[%b],"context":7,"context":{}}' % EVENT), equal_to(["Event"]))


def test_an_opted_out_event_is_filtered_in_every_form() -> None:
    out = EVENT[:-1] + b',"integrations":{"All":false}}'
    for payload in (out, b"[%b]" % out, string_of(out), b'{"detail":%b}' % out):
        assert_that(list(read_events(payload)), contains_exactly(instance_of(Filtered)))
    shared = b'{"batch":[%b],"integrations":{"All":false}}' % EVENT
    assert_that(list(read_events(shared)), contains_exactly(instance_of(Filtered)))
    assert_that(kinds(shared, settings=MappingSettings(integrations="ignore")), equal_to(["Event"]))


@pytest.mark.parametrize(
    ("wrapped", "expected"),
    [
        (string_of(EVENT), "Event"),
        (string_of(b" \n" + EVENT + b" "), "Event"),
        (b'{"version":"0","id":"1","detail-type":"t","detail":%b}' % EVENT, "Event"),
        (b'{"_airbyte_ab_id":"1","_airbyte_data":%b}' % EVENT, "Event"),
        (b'{"_airbyte_data":%b}' % string_of(EVENT), "Event"),
        (b'{"detail":{"_airbyte_data":{"detail":%b}}}' % EVENT, "Event"),
        (b'{"detail":{"detail":{"detail":{"detail":%b}}}}' % EVENT, "unknown_type"),
        (string_of(string_of(string_of(EVENT))), "Event"),
        (string_of(string_of(string_of(string_of(EVENT)))), "not_an_object"),
        (string_of(b'{"detail":%b}' % string_of(EVENT)), "Event"),
        (b'{"type":"track","detail":%b}' % EVENT, "missing_timestamp"),
        (b'{"detail":"text"}', "unknown_type"),
        (b'{"detail":[%b]}' % EVENT, "unknown_type"),
        (b'{"detail":"[1]"}', "unknown_type"),
        (b'{"detail":7,"_airbyte_data":%b}' % EVENT, "Event"),
        (b'{"note":NaN,"detail":%b}' % EVENT, "Event"),
    ],
)
def test_events_are_unwrapped_up_to_three_times(wrapped: bytes, expected: str) -> None:
    assert_that(kinds(wrapped), equal_to([expected]))
    assert_that(kinds(b'{"batch":[%b,%b],"context":{}}' % (wrapped, EVENT)), equal_to([expected, "Event"]))


def test_a_wrapped_envelope_is_an_envelope() -> None:
    envelope = b'{"batch":[%b,%b]}' % (EVENT, EVENT)
    assert_that(kinds(b'{"detail":%b}' % envelope), equal_to(["Event"] * 2))
    assert_that(kinds(string_of(envelope)), equal_to(["Event"] * 2))


def test_an_envelope_within_an_envelope_is_no_event() -> None:
    assert_that(kinds(b'{"batch":[{"batch":[%b]}]}' % EVENT), equal_to(["unknown_type"]))


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (b"NaN", "NaN"),
        (b"-Infinity", "Infinity"),
        (b"[1,Infinity]", "Infinity"),
        (rb'"\ud83d"', "surrogate"),
        (rb'"\udc00"', "surrogate"),
        (rb'{"\ud83d\ud83d":1}', "surrogate"),
        (b"[" * 1000 + b"]" * 1000, "deep"),
    ],
)
def test_a_member_with_a_fault_of_its_own_spoils_no_other(fault: bytes, named: str) -> None:
    faulty = EVENT[:-1] + b',"properties":{"a":%b}}' % fault
    for payload in (
        b"[%b,%b,%b]" % (EVENT, faulty, EVENT),
        b'{"batch":[%b,%b,%b],"sentAt":"2026-11-20T08:30:15Z"}' % (EVENT, faulty, EVENT),
        EVENT + faulty + EVENT,
    ):
        before, found, after = read_events(payload)
        assert_that(found, instance_of(Rejected))
        assert_that((type(before), type(after)), equal_to((Event, Event)))
        assert_that((found.reason, found.origin.text), equal_to(("invalid_json", faulty)))
        assert_that(found.detail, contains_string(named))


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"a":}',
        b'{"a" 1}',
        b'{"a":1,}',
        b'{"a":"\xff"}',
        b'{"a":"line\nend"}',
        b'{"a":01}',
        b"{a:1}",
        b"",
        b"x",
        b"%b %b" % (EVENT, EVENT),
    ],
)
def test_nothing_is_sent_of_a_value_that_cant_be_read_whole(damaged: bytes) -> None:
    for payload in (b"[%b,%b]" % (EVENT, damaged), b'{"batch":[%b,%b,%b]}' % (EVENT, damaged, EVENT)):
        found = rejected(payload)
        assert_that((found.reason, found.origin.text), equal_to(("invalid_json", payload)))


def test_what_is_damaged_in_the_ignored_fields_of_an_envelope_spoils_it() -> None:
    assert_that(kinds(b'{"batch":[%b],"n":{"a":}}' % EVENT), equal_to(["invalid_json"]))
    assert_that(kinds(b'{"batch":[%b],"n":NaN}' % EVENT), equal_to(["Event"]))


def test_defaults_that_are_no_json_spoil_the_envelope() -> None:
    assert_that(rejected(b'{"batch":[%b],"context":{"a":NaN}}' % EVENT).detail, contains_string("NaN"))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (EVENT + b'{"type":"tra', [("Event", EVENT), ("invalid_json", b'{"type":"tra')]),
        (EVENT + b"xyz" + EVENT, [("Event", EVENT), ("invalid_json", b"xyz" + EVENT)]),
        (b'{"a":}' + EVENT, [("invalid_json", b'{"a":}'), ("Event", EVENT)]),
        (EVENT + b"}", [("Event", EVENT), ("invalid_json", b"}")]),
        (b'\x1e{"cut":\x1e' + EVENT, [("invalid_json", b'{"cut":'), ("Event", EVENT)]),
        (b"hello", [("invalid_json", b"hello")]),
        (b"not JSON", [("invalid_json", b"not JSON")]),
        (b"2026-11-20 INFO " + EVENT, [("invalid_json", b"2026-11-20 INFO " + EVENT)]),
        (b"7 truefalse", [("not_an_object", b"7"), ("invalid_json", b"truefalse")]),
        (b"9" * 100_000, [("invalid_json", b"9" * 100_000)]),
        (b"\xff\xfe", [("invalid_json", b"\xff\xfe")]),
    ],
)
def test_what_is_whole_is_read_and_the_rest_is_kept(payload: bytes, expected: list[tuple[str, bytes]]) -> None:
    found = [
        (outcome.reason if isinstance(outcome, Rejected) else "Event", outcome.origin.text)
        for outcome in read_events(payload)
        if isinstance(outcome, (Event, Rejected))
    ]
    assert_that(found, equal_to(expected))


def test_a_message_keeps_its_id() -> None:
    payload = Payload(b"[%b,5]" % EVENT, "message-7")
    for outcome in read_events(payload):
        assert_that(outcome, any_of(instance_of(Event), instance_of(Rejected)))
        assert_that(outcome.origin, has_properties(source="message-7", offset=-1))


def test_events_of_a_file_say_where_they_are() -> None:
    lines = b"%b\r\n\n[%b, %b]\ncut\n" % (EVENT, EVENT, string_of(EVENT))
    size = len(EVENT)
    origins = [
        outcome.origin
        for outcome in read_events(Payload(lines, "f.ndjson", 1000, is_lines=True))
        if isinstance(outcome, (Event, Rejected))
    ]
    offsets = [1000, 1000 + size + 4, 1000 + 2 * size + 6, lines.index(b"cut") + 1000]
    assert_that([origin.offset for origin in origins], equal_to(offsets))
    assert_that([origin.text for origin in origins], equal_to([EVENT, EVENT, EVENT, b"cut"]))
    assert_that({origin.source for origin in origins}, equal_to({"f.ndjson"}))


def test_blank_lines_are_no_events() -> None:
    block = Payload(b"\n \n\r\n\xef\xbb\xbf\n\x1e\n", "f.ndjson", 0, is_lines=True)
    assert_that(kinds(block), equal_to([]))


def test_an_event_without_a_time_takes_its_messages() -> None:
    timeless = EVENT.replace(b',"timestamp":1700000000', b"")
    for payload in (timeless, b"[%b]" % timeless, string_of(timeless)):
        [outcome] = read_events(payload, source_time_ms=1_700_000_000_123)
        assert_that(outcome, has_properties(time_ms=1_700_000_000_123))
        assert_that(kinds(payload), equal_to(["missing_timestamp"]))


def _long(size: int) -> bytes:
    return EVENT[:-1] + b',"properties":{"text":"%b"}}' % (b"x" * size)


def test_a_message_over_the_limit_is_cut() -> None:
    payload = b"[%b,%b]" % (EVENT, _long(100_000))
    found = rejected(Payload(payload, "message-7"), max_payload_bytes=100_000)
    assert_that(found, has_properties(reason="payload_too_large", detail=contains_string("max_payload_bytes=100000")))
    assert_that(
        found.origin, has_properties(text=payload[:HEAD_BYTES], source="message-7", truncated_bytes=len(payload))
    )
    assert_that(kinds(payload, max_payload_bytes=len(payload)), equal_to(["Event"] * 2))


def test_in_a_file_each_event_may_be_as_long_as_the_limit() -> None:
    text = b'{"batch":[%b,%b,%b],"sentAt":"2026-11-20T08:30:15Z"}' % (EVENT, _long(2000), EVENT)
    assert_that(kinds(Payload(text, "f", 0), max_payload_bytes=1000), equal_to(["Event", "payload_too_large", "Event"]))
    lines = b"\n".join([EVENT, _long(2000), b"[%b,%b]" % (EVENT, EVENT), string_of(_long(2000)), b"x" * 2000])
    assert_that(
        kinds(Payload(lines, "f", 0, is_lines=True), max_payload_bytes=1000),
        equal_to(["Event", "payload_too_large", "Event", "Event", "payload_too_large", "payload_too_large"]),
    )


def test_a_member_counts_with_its_defaults() -> None:
    text = b'{"batch":[%b],"context":{"text":"%b"}}' % (EVENT, b"x" * 1000)
    assert_that(kinds(Payload(text, "f", 0), max_payload_bytes=1050), equal_to(["payload_too_large"]))
    assert_that(kinds(Payload(text, "f", 0), max_payload_bytes=1200), equal_to(["Event"]))


def test_a_part_of_a_batch_has_the_envelopes_defaults() -> None:
    part = Payload(b"[%b,%b]" % (EVENT, EVENT), "f", 99, defaults=b'"context":{"locale":"en"}')
    first, second = read_events(part)
    assert_that(first, instance_of(Event))
    assert_that(second, instance_of(Event))
    assert_that(first.context.locale, equal_to("en"))
    assert_that((first.origin.offset, second.origin.offset), equal_to((100, 101 + len(EVENT))))
    assert_that(first.origin.defaults, same_instance(second.origin.defaults))


def test_with_unreadable_defaults_each_member_of_a_part_is_refused() -> None:
    part = Payload(b"[%b,%b]" % (EVENT, EVENT), "f", 99, defaults=b'"context":7')
    outcomes: list[Outcome] = list(read_events(part))
    assert_that(outcomes, contains_exactly(*[has_properties(reason="invalid_field")] * 2))


def test_a_truncated_payload_is_too_large() -> None:
    found = rejected(Payload(b'{"type":', "f", 7, truncated_bytes=20_000_000))
    assert_that(found.reason, equal_to("payload_too_large"))
    assert_that(found.origin, has_properties(text=b'{"type":', source="f", offset=7, truncated_bytes=20_000_000))


def test_a_blank_message_is_said_to_be_blank() -> None:
    assert_that(list(read_events(Payload(b" \n", "message-7"))), contains_exactly(same_instance(BLANK)))
    assert_that(next(iter(read_events(EVENT))), instance_of(Event))
