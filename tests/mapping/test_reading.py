"""Reading an event alone, without making what the mapping doesn't look at, finds the same as reading it in a batch."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from customerio_beam.mapping.reading import MAX_LEVELS, read_payload
from customerio_beam.mapping.settings import MappingSettings
from tests.event_outcomes import outcomes
from tests.mapping.strategies import EVENTS, as_payload


def _kinds_and_operations(payload: bytes) -> list[list[tuple[str, bytes]]]:
    """Return outcomes without the payloads of dead letters: those of a batch's members are written anew."""
    return [
        [(outcome.kind, outcome.text if outcome.kind == "operation" else b"") for outcome in event]
        for event in outcomes(payload, MappingSettings())
    ]


@hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS)
def test_an_event_alone_and_in_an_array_become_the_same(event: dict[str, Any]) -> None:
    payload = as_payload(event)

    assert _kinds_and_operations(payload) == _kinds_and_operations(b"[" + payload + b"]")


@pytest.mark.parametrize(
    "value",
    [
        rb'"\ud83d"',
        rb'"\udc00\ud83d"',
        rb'{"\ud83d":1}',
        b'"\xed\xa0\xbd"',
        b'"\xff"',
        rb'"\q"',
        b'"\x01"',
        b"01",
        b"1.",
        b"NaN",
        b"Infinity",
        b"[1,]",
        b'{"a" 1}',
        b"{1:2}",
        b"nul",
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda value: value[:20].decode("ascii", "backslashreplace"),
)
def test_a_field_that_nobody_reads_must_be_json_too(value: bytes) -> None:
    payload = b'{"type":"track","event":"E","userId":"u1","messageId":"m","timestamp":1,"extra":%b}' % value

    assert _kinds_and_operations(payload) == [[("invalid_json", b"")]]


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_an_event_that_is_read_can_be_pickled_within_a_runner(opening: bytes, closing: bytes) -> None:
    levels = (MAX_LEVELS - 2) // (len(closing))
    nested = opening * levels + b"1" + closing * levels
    payload = b'{"type":"track","event":"E","userId":"u1","messageId":"m","timestamp":1,"context":{"a":%b}}' % nested
    [event] = read_payload(payload)

    assert _from_deep_within(100, lambda: pickle.dumps(event))


def _from_deep_within(calls: int, action: Callable[[], bytes]) -> bytes:
    return action() if calls == 0 else _from_deep_within(calls - 1, action)
