"""The id of a message: the same wherever and whenever it is made, no two alike, in the order of time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hamcrest import assert_that, equal_to, has_length, instance_of, is_
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.mapping.ulid import is_ulid, make_ulid
from tests.cases import case
from tests.helpers.payloads import read_payload

ROOT = Path(__file__).parents[2]
EVENT = {
    "type": "track",
    "userId": "u1",
    "event": "Ordered",
    "properties": {"total": 39.9, "items": [{"sku": "é"}], "n": 2**70},
    "messageId": "m-1",
    "timestamp": "2026-11-24T10:00:00.123Z",
}
WITHOUT_MESSAGE_ID = {name: value for name, value in EVENT.items() if name != "messageId"}
TIMES_MS = st.integers(0, 2**48 - 1)


def _oracle(time_ms: int, message: bytes) -> str:
    digest = hashlib.blake2b(message, digest_size=10).digest()
    return str(ULID.from_bytes(time_ms.to_bytes(6, "big") + digest))


def _id(event: dict[str, Any], source_time_ms: int | None = None) -> str:
    [read] = read_payload(json.dumps(event).encode(), source_time_ms)
    assert_that(read, instance_of(Event))
    [operation] = map_event(read, MappingSettings()).operations
    ulid = json.loads(operation)["id"]
    assert_that(ulid, instance_of(str))
    return ulid


@given(TIMES_MS, st.binary())
def test_agrees_with_another_implementation(time_ms: int, message: bytes) -> None:
    assert_that(make_ulid(time_ms, message), equal_to(_oracle(time_ms, message)))


@given(st.integers(), st.binary())
def test_is_a_ulid_whatever_the_time(time_ms: int, message: bytes) -> None:
    assert_that(is_ulid(make_ulid(time_ms, message)), is_(True))


@given(TIMES_MS, TIMES_MS, st.binary(), st.binary())
def test_sorts_by_time(first_ms: int, second_ms: int, first: bytes, second: bytes) -> None:
    if first_ms != second_ms:
        assert_that(make_ulid(first_ms, first) < make_ulid(second_ms, second), equal_to(first_ms < second_ms))


@given(st.text())
def test_knows_a_ulid_as_the_other_implementation_does(text: str) -> None:
    assert_that(is_ulid(text), equal_to(_parses(text)))


@given(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZabcxyzILOU-", min_size=25, max_size=27))
def test_knows_nearly_ulids(text: str) -> None:
    assert_that(is_ulid(text), equal_to(_parses(text)))


def _parses(text: str) -> bool:
    """Whether ``text`` has 26 of Crockford's digits and is no more than 128 bits, by arithmetic."""
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    upper = text.upper() if text.isascii() else ""
    if len(upper) != 26 or not set(upper) <= set(digits):
        return False
    value = 0
    for digit in upper:
        value = value * 32 + digits.index(digit)
    return value < 2**128


def test_the_tables_id_is_the_one_of_the_other_implementation() -> None:
    assert_that(_oracle(case.NOW * 1000, b"m-1"), equal_to(case.ID))


def test_is_made_of_the_time_and_the_message_id() -> None:
    assert_that(_id(EVENT), equal_to(_oracle(1795514400123, b"m-1")))


def test_without_a_message_id_is_made_of_the_canonical_event() -> None:
    canonical = json.dumps(WITHOUT_MESSAGE_ID, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert_that(_id(WITHOUT_MESSAGE_ID), equal_to(_oracle(1795514400123, canonical.encode())))


@pytest.mark.parametrize("event", [EVENT, WITHOUT_MESSAGE_ID], ids=["messageId", "no messageId"])
@pytest.mark.parametrize(
    "resend",
    [
        lambda event: {**event, "sentAt": "2026-11-25T00:00:00Z"},
        lambda event: {**event, "receivedAt": "2026-11-25T00:00:00Z"},
        lambda event: dict(reversed(event.items())),
    ],
    ids=["another sentAt", "another receivedAt", "another order of fields"],
)
def test_a_resend_keeps_its_id(event: dict[str, Any], resend: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    assert_that(_id(resend(event)), equal_to(_id(event)))


@pytest.mark.parametrize("event", [EVENT, WITHOUT_MESSAGE_ID], ids=["messageId", "no messageId"])
def test_does_not_depend_on_the_time_of_publication(event: dict[str, Any]) -> None:
    timeless = {name: value for name, value in event.items() if name != "timestamp"}

    assert_that(_id(timeless, source_time_ms=1), equal_to(_id(timeless, source_time_ms=2)))


def test_an_envelope_sent_again_keeps_the_ids() -> None:
    def ids(sent_at: str) -> list[Any]:
        envelope = {"batch": [EVENT, WITHOUT_MESSAGE_ID], "sentAt": sent_at}
        outcomes = read_payload(json.dumps(envelope).encode())
        return [json.loads(map_event(event, MappingSettings()).operations[0])["id"] for event in outcomes]  # type: ignore[arg-type]

    assert_that(ids("2026-11-24T10:00:01Z"), equal_to(ids("2026-11-24T18:00:00Z")))


@pytest.mark.parametrize("event", [EVENT, WITHOUT_MESSAGE_ID], ids=["messageId", "no messageId"])
@pytest.mark.parametrize(
    "defaults",
    [
        {"context": {"locale": "en-GB"}},
        {"integrations": {"Braze": False}},
        {"timestamp": 1795514400, "originalTimestamp": 1795514401, "sentAt": 1795514402, "receivedAt": 1795514403},
        {"writeKey": "k", "messageId": "batch-1"},
    ],
    ids=["context", "integrations", "times", "all else"],
)
def test_an_envelopes_fields_dont_count(event: dict[str, Any], defaults: dict[str, Any]) -> None:
    [read] = read_payload(json.dumps({**defaults, "batch": [event]}).encode())
    assert_that(read, instance_of(Event))

    assert_that(json.loads(map_event(read, MappingSettings()).operations[0])["id"], equal_to(_id(event)))


def test_an_envelopes_time_is_no_time_of_the_client() -> None:
    timeless = {name: value for name, value in WITHOUT_MESSAGE_ID.items() if name != "timestamp"}
    canonical = json.dumps(timeless, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    [read] = read_payload(json.dumps({"batch": [timeless], "timestamp": 1795514400}).encode())
    assert_that(read, instance_of(Event))

    assert_that(
        json.loads(map_event(read, MappingSettings()).operations[0])["id"], equal_to(_oracle(0, canonical.encode()))
    )


@pytest.mark.parametrize("zero", [0, "0001-01-01T00:00:00Z", "1970-01-01T00:33:46+00:00"])
def test_a_zero_value_is_no_time_of_the_client(zero: Any) -> None:
    assert_that(_id({**EVENT, "originalTimestamp": zero}), equal_to(_id(EVENT)))
    assert_that(_id({**EVENT, "timestamp": zero, "sentAt": 1795514400}), equal_to(_oracle(0, b"m-1")))


def test_two_messages_of_one_millisecond_differ() -> None:
    """A sample of the claim that no two of ten million share one, whose arithmetic is in ``mapping.ulid``."""
    assert_that({make_ulid(0, b"%d" % number) for number in range(100_000)}, has_length(100_000))


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_is_the_same_in_another_process_with_another_hash_seed(hash_seed: str) -> None:
    program = """
import json, sys
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.payloads import read_payload
for event in read_payload(sys.stdin.buffer.read()):
    print(json.loads(map_event(event, MappingSettings()).operations[0])["id"])
"""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Kolkata"}
    ids = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([EVENT, WITHOUT_MESSAGE_ID]),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=environment,
    ).stdout.split()

    assert_that(ids, equal_to([_id(EVENT), _id(WITHOUT_MESSAGE_ID)]))
