"""Reading an event alone, without making what the mapping doesn't look at, finds the same as reading it in a batch."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest
from hamcrest import (
    assert_that,
    calling,
    empty,
    equal_to,
    has_properties,
    instance_of,
    none,
    not_,
    raises,
)
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from customerio_beam.mapping.defaults import MAX_LEVELS, read_defaults
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event, Filtered, Rejected
from customerio_beam.mapping.origin import Origin
from customerio_beam.mapping.reading import read_event, try_event
from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.event_outcomes import outcomes, outcomes_of
from tests.helpers.payloads import read_payload
from tests.mapping.strategies import EVENTS, as_payload


def _kinds_and_operations(payload: bytes) -> list[list[tuple[str, bytes]]]:
    """Return outcomes without the payloads of dead letters: those of a batch's members are written anew."""
    return [
        [(outcome.kind, outcome.text if outcome.kind == "operation" else b"") for outcome in event]
        for event in outcomes(payload, MappingSettings())
    ]


@hypothesis_settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS)
def test_an_event_alone_and_in_an_array_become_the_same(event: dict[str, Any]) -> None:
    payload = as_payload(event)

    assert_that(_kinds_and_operations(payload), equal_to(_kinds_and_operations(b"[" + payload + b"]")))


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
    payload = b'{"type":"track","event":"E","userId":"u1","messageId":"m","timestamp":1795514400,"extra":%b}' % value

    assert_that(_kinds_and_operations(payload), equal_to([[("invalid_json", b"")]]))


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_an_event_that_is_read_can_be_pickled_within_a_runner(opening: bytes, closing: bytes) -> None:
    levels = (MAX_LEVELS - 2) // (len(closing))
    nested = opening * levels + b"1" + closing * levels
    payload = (
        b'{"type":"track","event":"E","userId":"u1","messageId":"m","timestamp":1795514400,"context":{"a":%b}}' % nested
    )
    [event] = read_payload(payload)

    assert_that(_from_deep_within(100, lambda: pickle.dumps(event)), not_(empty()))


def _from_deep_within(calls: int, action: Callable[[], bytes]) -> bytes:
    return action() if calls == 0 else _from_deep_within(calls - 1, action)


_DEFAULTS: dict[str, Any] = {
    "context": {"locale": "en-GB", "traits": {"email": "ada@example.com"}, "device": {"token": "tok-1"}},
    "integrations": {"Braze": False},
    "timestamp": "2026-11-24T10:00:00Z",
    "originalTimestamp": "2026-11-24T10:00:01Z",
    "sentAt": "2026-11-24T10:00:02Z",
    "receivedAt": "2026-11-24T10:00:03Z",
}
_MEMBER: dict[str, Any] = {"type": "track", "event": "Ordered", "context": {"locale": "de-CH"}}


def _inside(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()[1:-1]


def _member(**defaults: Any) -> Event:
    text = _inside(defaults)
    event = read_event(Origin(json.dumps(_MEMBER).encode(), text), read_defaults(text))
    assert_that(event, instance_of(Event))
    return event


def test_a_member_falls_back_on_the_fields_of_its_envelope() -> None:
    event = _member(**_DEFAULTS)

    assert_that(
        event.context,
        has_properties(
            locale="de-CH", traits={"email": "ada@example.com"}, device=has_properties(token="tok-1"), page=None
        ),
    )
    assert_that(event, has_properties(time_ms=1795514400000, client_time_ms=0))


def test_a_member_is_filtered_by_its_envelope() -> None:
    text = b'"integrations":{"All":false},"sentAt":1795514400'

    assert_that(read_event(Origin(json.dumps(_MEMBER).encode(), text), read_defaults(text)), instance_of(Filtered))


@pytest.mark.parametrize("name", ["timestamp", "originalTimestamp", "sentAt", "receivedAt"])
def test_each_time_of_an_envelope_counts(name: str) -> None:
    assert_that(_member(**{name: 1795514400}), has_properties(time_ms=1795514400000, client_time_ms=0))


@hypothesis_settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS, st.sets(st.sampled_from(sorted(_DEFAULTS))))
def test_the_payload_of_a_member_reads_as_the_member(event: dict[str, Any], names: set[str]) -> None:
    """What a dead letter keeps of a member becomes the same operations, with the same ids."""
    text = _inside({name: _DEFAULTS[name] for name in names})
    origin = Origin(as_payload(event), text)

    member = list(outcomes_of([read_event(origin, read_defaults(text))], MappingSettings()))

    assert_that(
        [[(each.kind, each.text) for each in event if each.kind == "operation"] for event in member],
        equal_to(
            [
                [(each.kind, each.text) for each in event if each.kind == "operation"]
                for event in outcomes(origin.payload(), MappingSettings())
            ]
        ),
    )


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        (b'"context":"web"', "invalid_field", "In the envelope: context must be an object."),
        (b'"integrations":["Braze"]', "invalid_field", "In the envelope: integrations must be an object."),
        (b'"context":', "invalid_json", "The envelope is not JSON: "),
        (b'"sentAt":"\xff"', "invalid_json", "The envelope is not JSON: "),
        (b'"context":' + b"[" * 500 + b"]" * 500, "invalid_field", "In the envelope: "),
        (b'"context":{"a":' + b"[" * 500 + b"]" * 500 + b"}", "invalid_json", "nests deeper than 400 levels"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_says_what_is_wrong_with_an_envelope(text: bytes, reason: str, detail: str) -> None:
    assert_that(calling(read_defaults).with_args(text), raises(InvalidEvent, matching=has_properties(reason=reason)))
    assert_that(calling(read_defaults).with_args(text), raises(InvalidEvent, re.escape(detail)))


def test_an_envelope_without_fields_has_no_defaults() -> None:
    assert_that(read_defaults(b""), none())


@pytest.mark.parametrize(
    "text",
    [b"[]", b'"track"', b"{}", b'{"batch":[]}', b'{"type":"batch","batch":[]}', b'{"type":"Batch"}', b"{", b""],
    ids=repr,
)
def test_a_text_that_may_be_another_form_is_left_to_the_caller(text: bytes) -> None:
    assert_that(try_event(Origin(text)), none())


def test_every_outcome_says_where_it_came_from() -> None:
    origins = [Origin(text, source="events.ndjson", offset=7) for text in (b'{"type":"x"}', b"[]", b"{", b'{"type":1}')]

    found = [read_event(origin) for origin in origins]

    assert_that([each.origin for each in found if isinstance(each, Rejected)], equal_to(origins))


def test_integrations_can_be_ignored() -> None:
    event = {**_MEMBER, "userId": "u1", "timestamp": 1795514400, "integrations": {"All": False}}

    outcome = read_event(Origin(json.dumps(event).encode()), settings=MappingSettings(integrations="ignore"))

    assert_that(outcome, instance_of(Event))
