"""Counts of dead letters, in bounded memory and without values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import assert_that, contains_exactly, equal_to, has_entries, has_properties, less_than

from customerio_beam.report.tally import MESSAGES, OTHERS, UNKNOWN, Tally


def tally(*records: dict[str, Any], shows_values: bool = False) -> Tally:
    made = Tally(shows_values=shows_values)
    for record in records:
        made.add(json.dumps({"reason": "rejected", "detail": "No.", **record}).encode())
    return made


@pytest.mark.parametrize(
    ("detail", "message"),
    [
        ("type is 'ada@example.com'; it must be one of track.", "type is '…'; it must be one of track."),
        ("It can't be 'O'Hara' or 'x', and won't.", "It can't be '…', and won't."),
        ('type is "it\'s".', "type is '…'."),
        ("12,345 bytes are more than --max_payload_bytes=100.", "N bytes are more than --max_payload_bytes=N."),
        ("two\nlines", r"two\nlines"),
    ],
)
def test_a_message_has_no_values(detail: str, message: str) -> None:
    assert_that(list(tally({"detail": detail}).reasons["rejected"].messages), contains_exactly(message))


def test_values_are_kept_where_they_are_asked_for() -> None:
    found = tally({"detail": "type is 'ada'."}, shows_values=True)
    assert_that(list(found.reasons["rejected"].messages), contains_exactly("type is 'ada'."))


def test_customerios_own_sentence_is_left_out() -> None:
    response = {"status": 207, "reason": "invalid", "field": "identifiers", "message": "no ada@example.com here"}
    found = tally({"detail": response["message"], "response": response})
    assert_that(
        list(found.reasons["rejected"].messages),
        contains_exactly("status 207, reason invalid, field identifiers"),
    )


def test_records_are_counted_by_source_and_by_hour() -> None:
    found = tally(
        {"source": {"file": "a.ndjson", "offset": 3}, "failed_at": "2024-01-31T09:59:59+00:00"},
        {"source": {"file": "a.ndjson", "offset": 9}, "failed_at": "2024-01-31T09:00:00+00:00"},
        {"source": {"message_id": "77"}, "failed_at": "2024-02-01T00:00:00+00:00"},
        {"source": None, "failed_at": 5},
    )
    assert_that(found.sources, equal_to({"a.ndjson": 2, MESSAGES: 1, UNKNOWN: 1}))
    assert_that(found.hours, equal_to({"2024-01-31T09": 2, "2024-02-01T00": 1, UNKNOWN: 1}))
    assert_that(found.reasons["rejected"], has_properties(count=4, first="2024-01-31T09", last="2024-02-01T00"))


@pytest.mark.parametrize("line", [b"x", b"[]", b"{}", b'{"reason":5}'])
def test_what_is_no_record_is_counted_apart(line: bytes) -> None:
    made = tally()
    made.add(line)
    assert_that((made.total, made.unreadable), equal_to((0, 1)))


def test_memory_doesnt_grow_with_what_records_hold() -> None:
    found = tally(*({"reason": f"r{number}", "detail": "x"} for number in range(11_000)))
    assert_that(len(found.reasons), less_than(10_002))
    assert_that(found.reasons[OTHERS].count, equal_to(1_000))
    assert_that(found, has_properties(total=11_000))


def test_messages_beyond_those_told_apart_are_counted_together() -> None:
    found = tally(*({"detail": f"type is {'x' * (number % 200)}{chr(0x4E00 + number)}"} for number in range(11_000)))
    assert_that(found.reasons["rejected"].messages, has_entries({OTHERS: 1_000}))
