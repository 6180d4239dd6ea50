"""The transforms as other pipelines use them."""

from __future__ import annotations

import json
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.metrics import MetricsFilter
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that as assert_collection
from apache_beam.testing.util import equal_to as same_elements
from apache_beam.transforms.window import TimestampedValue
from hamcrest import assert_that, equal_to

from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.transforms import HoldRecentEvents, KeyByPerson, MapToCustomerIO, ParseEvents
from customerio_beam.transforms.hold_recent_events import CAMPAIGN_WINDOW_SECS

NOW = 1_795_500_000.0
TRACK = {"type": "track", "event": "Ordered", "userId": "u1", "messageId": "m1"}


def payload(**fields: Any) -> bytes:
    return json.dumps({**TRACK, **fields}).encode()


def parsed_payloads(pipeline: beam.Pipeline, *payloads: bytes, **arguments: Any) -> Any:
    stamped = [TimestampedValue(each, 1_700_000_000.5) for each in payloads]
    return pipeline | beam.Create(stamped) | ParseEvents(clock=lambda: NOW, **arguments)


def mapped_payloads(pipeline: beam.Pipeline, *payloads: bytes, settings: MappingSettings | None = None) -> Any:
    events = parsed_payloads(pipeline, *payloads).events
    return events | KeyByPerson() | MapToCustomerIO(settings, clock=lambda: NOW)


def reasons(records: Any) -> Any:
    return records | beam.Map(lambda record: (json.loads(record)["stage"], json.loads(record)["reason"]))


@pytest.fixture
def pipeline() -> Any:
    return beam.Pipeline(runner=FnApiRunner())


def test_an_element_time_stands_in_where_the_source_gives_it(pipeline: Any) -> None:
    with pipeline:
        times = parsed_payloads(pipeline, payload(), source_timestamps=True).events | beam.Map(
            lambda event: event.time_ms
        )
        assert_collection(times, same_elements([1_700_000_000_500]))


def test_an_element_time_is_not_the_events_where_files_are_read(pipeline: Any) -> None:
    with pipeline:
        assert_collection(
            reasons(parsed_payloads(pipeline, payload()).dead_letters), same_elements([("parse", "missing_timestamp")])
        )


def test_the_mapping_keeps_the_key_the_time_and_the_payload(pipeline: Any) -> None:
    line = payload(timestamp=1_700_000_000)
    with pipeline:
        operations = mapped_payloads(pipeline, line).operations
        shapes = operations | beam.Map(
            lambda each: (len(each[0]), each[1][0], json.loads(each[1][1])["name"], each[1][2].text)
        )
        assert_collection(shapes, same_elements([(16, 1_700_000_000_000, "Ordered", line)]))


def test_the_mappings_settings_are_used(pipeline: Any) -> None:
    line = json.dumps(
        {"type": "identify", "userId": "u1", "timestamp": 1795514400, "traits": {"a": 1, "b": 2}}
    ).encode()
    with pipeline:
        result = mapped_payloads(pipeline, line, settings=MappingSettings(max_attributes_per_identify=1))
        assert_collection(result.operations | beam.combiners.Count.Globally(), same_elements([2]))


def test_what_cant_be_mapped_is_a_dead_letter_of_that_stage(pipeline: Any) -> None:
    with pipeline:
        records = mapped_payloads(pipeline, payload(event=None, timestamp=NOW)).dead_letters
        assert_collection(reasons(records), same_elements([("map", "missing_event_name")]))


def test_integrations_can_be_ignored(pipeline: Any) -> None:
    settings = MappingSettings(integrations="ignore")
    with pipeline:
        events = parsed_payloads(
            pipeline, payload(timestamp=NOW, integrations={"All": False}), settings=settings
        ).events
        assert_collection(events | beam.combiners.Count.Globally(), same_elements([1]))


def test_ids_that_are_a_word_for_nothing_are_counted(pipeline: Any) -> None:
    lines = [payload(userId="undefined", timestamp=NOW), payload(userId="null", anonymousId="a-1", timestamp=NOW)]
    _ = mapped_payloads(pipeline, payload(timestamp=NOW), *lines)
    result = pipeline.run()
    result.wait_until_finish()

    [counter] = result.metrics().query(MetricsFilter().with_name("placeholder_ids"))["counters"]
    assert_that(counter.committed, equal_to(2))


@pytest.mark.parametrize(("age_secs", "held"), [(0, 1), (CAMPAIGN_WINDOW_SECS, 1), (CAMPAIGN_WINDOW_SECS + 1, 0)])
def test_an_event_is_held_while_it_can_trigger_campaigns(pipeline: Any, age_secs: int, held: int) -> None:
    with pipeline:
        operations = mapped_payloads(pipeline, payload(timestamp=NOW - age_secs)).operations
        result = operations | HoldRecentEvents(launched_at=NOW, clock=lambda: NOW)
        assert_collection(reasons(result.dead_letters), same_elements([("deliver", "recent_event")] * held))


def test_an_identify_is_never_held(pipeline: Any) -> None:
    line = json.dumps({"type": "identify", "userId": "u1", "timestamp": NOW}).encode()
    with pipeline:
        result = mapped_payloads(pipeline, line).operations | HoldRecentEvents(launched_at=NOW)
        assert_collection(result.operations | beam.combiners.Count.Globally(), same_elements([1]))


def test_what_became_of_a_delivery_is_never_held(pipeline: Any) -> None:
    opened = payload(
        event="Report Delivery Event",
        timestamp=NOW,
        properties={"deliveryId": "d1", "metric": "opened", "token": "a-token"},
    )
    with pipeline:
        result = mapped_payloads(pipeline, opened).operations | HoldRecentEvents(launched_at=NOW)
        assert_collection(result.operations | beam.combiners.Count.Globally(), same_elements([1]))


@pytest.mark.parametrize(("age_days", "timestamps", "counted"), [(8, "event", 1), (6, "event", 0), (8, "none", 0)])
def test_old_identifies_that_carry_their_time_are_counted(
    pipeline: Any, age_days: int, timestamps: Any, counted: int
) -> None:
    line = json.dumps({"type": "identify", "userId": "u1", "timestamp": NOW - age_days * 86_400}).encode()
    _ = mapped_payloads(pipeline, line, settings=MappingSettings(identify_timestamp=timestamps))
    result = pipeline.run()
    result.wait_until_finish()

    [counter] = result.metrics().query(MetricsFilter().with_name("old_identifies"))["counters"]
    assert_that(counter.committed, equal_to(counted))


def test_a_held_letter_of_a_stream_is_held_while_it_is_young_now(pipeline: Any) -> None:
    with pipeline:
        operations = mapped_payloads(pipeline, payload(timestamp=NOW)).operations
        clock = lambda: NOW + CAMPAIGN_WINDOW_SECS + 1  # noqa: E731
        result = operations | HoldRecentEvents(launched_at=None, clock=clock)
        assert_collection(result.operations | beam.combiners.Count.Globally(), same_elements([1]))


def test_blank_messages_are_counted(pipeline: Any) -> None:
    _ = parsed_payloads(pipeline, b"  ", b"", payload(timestamp=NOW))
    result = pipeline.run()
    result.wait_until_finish()

    [counter] = result.metrics().query(MetricsFilter().with_name("blank"))["counters"]
    assert_that(counter.committed, equal_to(2))
