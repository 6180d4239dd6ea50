"""Beam's error handlers take the dead letters of each transform that has some."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.io.textio import WriteToText
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.error_handling import CollectingErrorHandler, ErrorHandler
from hamcrest import assert_that as check
from hamcrest import contains_exactly
from hamcrest import equal_to as equals

from customerio_beam import (
    DeliverySettings,
    HoldRecentEvents,
    KeyByPerson,
    MapToCustomerIO,
    ParseEvents,
    WriteToCustomerIO,
)
from customerio_beam.transforms.error_handling import DeadLetterError

NOW = 1_795_500_000.0
EVENT = {"type": "track", "event": "Ordered", "userId": "u1", "messageId": "m1", "timestamp": NOW}
UNUSABLE = b"{"
UNMAPPED = json.dumps({**EVENT, "event": ""}).encode()
RECENT = json.dumps(EVENT).encode()
NO_OPERATION = (b"key", (0, b"{}", b"{}"))


def events(pipeline: beam.Pipeline, payload: bytes) -> Any:
    return (pipeline | beam.Create([payload]) | "Parse before" >> ParseEvents()).events


def mapped(pipeline: beam.Pipeline, payload: bytes) -> Any:
    return (events(pipeline, payload) | KeyByPerson() | "Map before" >> MapToCustomerIO()).operations


#: Each transform with dead letters, an input of it that has one, and the reason.
TRANSFORMS: dict[str, Any] = {
    "ParseEvents": (ParseEvents, lambda p: p | beam.Create([UNUSABLE]), "invalid_json"),
    "MapToCustomerIO": (MapToCustomerIO, lambda p: events(p, UNMAPPED) | KeyByPerson(), "missing_event_name"),
    "HoldRecentEvents": (lambda: HoldRecentEvents(launched_at=NOW), lambda p: mapped(p, RECENT), "recent_event"),
    "WriteToCustomerIO": (
        lambda: WriteToCustomerIO(settings=DeliverySettings(ordering="none", anonymous="as_is")),
        lambda p: p | beam.Create([NO_OPERATION]),
        "invalid_operation",
    ),
}
transforms = pytest.mark.parametrize("name", TRANSFORMS)


def reason(record: bytes) -> str:
    return str(json.loads(record)["reason"])


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMERIO_SITE_ID", "site")
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "key")


@transforms
def test_the_dead_letters_are_in_the_result(name: str) -> None:
    transform, inputs, expected = TRANSFORMS[name]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        result = inputs(pipeline) | transform()
        assert_that(result.dead_letters | beam.Map(reason), equal_to([expected]))


@transforms
def test_an_error_handler_takes_the_dead_letters(name: str) -> None:
    transform, inputs, expected = TRANSFORMS[name]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        with CollectingErrorHandler() as handler:
            _ = inputs(pipeline) | transform().with_error_handler(handler)
        assert_that(handler.output() | beam.Map(reason), equal_to([expected]))


@transforms
def test_without_a_handler_a_dead_letter_fails_the_pipeline(name: str) -> None:
    transform, inputs, expected = TRANSFORMS[name]
    with pytest.raises(DeadLetterError, match=f"Dead letter {expected} "), beam.Pipeline(runner=FnApiRunner()) as p:
        _ = inputs(p) | transform().with_error_handler(None)


def test_a_failure_says_where_it_was_and_no_payload() -> None:
    with pytest.raises(DeadLetterError) as raised, beam.Pipeline(runner=FnApiRunner()) as p:
        payload = json.dumps({**EVENT, "messageId": "m-7", "event": "", "email": "ines@example.com"}).encode()
        _ = events(p, payload) | KeyByPerson() | MapToCustomerIO().with_error_handler(None)
    check("message_id='m-7'" in str(raised.value), equals(True))
    check("ines@example.com" in str(raised.value), equals(False))


def test_one_handler_takes_the_dead_letters_of_several_transforms(tmp_path: Path) -> None:
    sink = WriteToText(str(tmp_path / "dead"), shard_name_template="", coder=beam.coders.BytesCoder())
    with beam.Pipeline(runner=FnApiRunner()) as pipeline, ErrorHandler(sink) as handler:
        payloads = pipeline | beam.Create([UNUSABLE, UNMAPPED])
        parsed = payloads | ParseEvents().with_error_handler(handler)
        _ = parsed.events | KeyByPerson() | MapToCustomerIO().with_error_handler(handler)
    reasons = sorted(map(reason, (tmp_path / "dead").read_bytes().splitlines()))
    check(reasons, contains_exactly("invalid_json", "missing_event_name"))


def test_a_handler_that_is_never_closed_does_not_build() -> None:
    with pytest.raises(RuntimeError, match="Unclosed error handler"), beam.Pipeline(runner=FnApiRunner()) as pipeline:
        handler = ErrorHandler(beam.Map(print)).__enter__()
        _ = pipeline | beam.Create([UNUSABLE]) | ParseEvents().with_error_handler(handler)
