"""ApplyRules and RedactDeadLetters as other pipelines use them."""

from __future__ import annotations

import json
from typing import Any

import apache_beam as beam
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.test_stream import TestStream
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue

import customerio_beam as cio
from customerio_beam.reading.events import read_events
from customerio_beam.rules.load import load_rules

RULES = load_rules("rules.yaml", b"version: 1\nevents: {deny: [Debug]}\nfields: {drop: [properties.card]}")


def payload(name: str, **properties: Any) -> bytes:
    event = {"type": "track", "event": name, "userId": "u1", "messageId": name, "timestamp": 1795514400}
    return json.dumps({**event, "properties": properties}).encode()


PAYLOADS = [payload("Order", card=1, total=2), payload("Debug"), payload("Other")]


def filtered(result: Any) -> int:
    counters = result.metrics().query(MetricsFilter().with_namespace("filtered").with_name("events.deny"))["counters"]
    [found] = counters
    return int(found.committed)


def test_events_pass_changed_or_are_counted() -> None:
    pipeline = TestPipeline(runner=FnApiRunner())
    parsed = pipeline | beam.Create(PAYLOADS) | cio.ParseEvents()
    ruled = parsed.events | cio.ApplyRules(RULES)
    shapes = ruled.events | beam.Map(lambda event: (event.fields.event, sorted(event.properties)))
    assert_that(shapes, equal_to([("Order", ["total"]), ("Other", [])]))
    result = pipeline.run()
    result.wait_until_finish()
    if filtered(result) != 1:
        raise AssertionError(f"{filtered(result)} events were counted as filtered")


def test_a_streams_events_keep_their_windows() -> None:
    stream = TestStream()
    for number, each in enumerate(PAYLOADS):
        stream.add_elements([TimestampedValue(event, 40 * number) for event in read_events(each)])
    with TestPipeline(runner=BundleBasedDirectRunner(), options=PipelineOptions(streaming=True)) as pipeline:
        events = pipeline | stream.advance_watermark_to_infinity() | beam.WindowInto(FixedWindows(60))
        ruled = events | cio.ApplyRules(RULES)
        starts = ruled.events | beam.Map(lambda _, window=beam.DoFn.WindowParam: int(window.start))
        whole = starts | "Join windows" >> beam.WindowInto(beam.window.GlobalWindows())
        assert_that(whole, equal_to([0, 60]))


def test_dead_letters_are_redacted() -> None:
    record = json.dumps({"stage": "map", "reason": "r", "payload": payload("Order", card=1).decode()}).encode()
    with TestPipeline(runner=FnApiRunner()) as pipeline:
        redacted = pipeline | beam.Create([record]) | cio.RedactDeadLetters(RULES)
        properties = redacted | beam.Map(lambda each: json.loads(json.loads(each)["payload"])["properties"])
        assert_that(properties, equal_to([{}]))
