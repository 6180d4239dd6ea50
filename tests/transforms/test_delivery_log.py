"""The sink's log: at most one line a bundle, of counts and codes alone."""

from __future__ import annotations

import json
import logging
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hamcrest import assert_that, contains_exactly, empty, equal_to, has_entries, has_length

from customerio_beam.delivery.answers import Refusal
from customerio_beam.delivery.report import Attempt, Failure, Report
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.mapping.origin import Origin
from customerio_beam.transforms.delivery_log import LOGGER, DeliveryLog
from customerio_beam.transforms.write_to_customerio import WriteToCustomerIO
from tests.delivery.clocks import ManualClock
from tests.helpers.fake_customerio import Received, Respond, errors, fake_customerio

PERSONAL = "ada@example.com"


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER.name)


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(record.getMessage()) for record in caplog.records if record.name == LOGGER.name]


def report(*, delivered: int = 2, retried: int = 0, refused: int = 0) -> Report:
    value = (0, PERSONAL.encode(), Origin(PERSONAL.encode()))
    failure = Failure(value, PERSONAL, "rejected", PERSONAL, Refusal(207, PERSONAL, PERSONAL, PERSONAL))
    return Report([PERSONAL] * delivered, [failure] * refused, [Attempt(40, 100, 2)] * (1 + retried), retried, 1.25)


def test_a_line_has_what_was_done_since_the_last_one(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    log = DeliveryLog(25.0, clock)
    clock.now += 10
    log.count(report(refused=1))
    log.count(report(retried=1))
    log.finish_bundle()
    line = {"bundles": 1, "seconds": 10.0, "delivered": 4, "requests": 3, "retried": 1, "requests_per_second": 0.3}
    more = {"max_requests_per_second": 25.0, "throttled_seconds": 2.5, "mean_latency_ms": 40, "event": "delivery"}
    assert_that(lines(caplog), contains_exactly({**line, **more, "dead_letters": {"rejected": 1}}))


def test_bundles_without_trouble_share_a_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    log = DeliveryLog(25.0, clock)
    for _ in range(100):
        log.count(report())
        log.finish_bundle()
        clock.now += 1
    assert_that([line["bundles"] for line in lines(caplog)], contains_exactly(1, 60))
    log.close()
    assert_that([line["bundles"] for line in lines(caplog)], contains_exactly(1, 60, 39))


def test_a_bundle_with_trouble_has_its_line_at_once(caplog: pytest.LogCaptureFixture) -> None:
    log = DeliveryLog(25.0, ManualClock())
    for refused in (0, 0, 1, 1):
        log.count(report(refused=refused))
        log.finish_bundle()
    assert_that([line["bundles"] for line in lines(caplog)], contains_exactly(1, 2, 1))


def test_bundles_without_requests_have_no_line(caplog: pytest.LogCaptureFixture) -> None:
    log = DeliveryLog(25.0, ManualClock())
    log.finish_bundle()
    log.close()
    assert_that(lines(caplog), has_length(0))


def test_a_pipelines_log_has_no_personal_data(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUSTOMERIO_SITE_ID", "site")
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "the-key")

    def respond(received: Received) -> Respond:
        return errors(207, {"batch_index": 0, "reason": PERSONAL, "field": PERSONAL, "message": PERSONAL})

    operation = {"type": "person", "action": "event", "identifiers": {"email": PERSONAL}, "name": PERSONAL}
    keyed = [(bytes([n]), (n, json.dumps(operation).encode(), Origin(PERSONAL.encode()))) for n in range(5)]
    with fake_customerio(respond) as customerio, beam.Pipeline(FnApiRunner()) as pipeline:
        settings = DeliverySettings(track_endpoint=customerio.url)
        _ = pipeline | beam.Create(keyed) | WriteToCustomerIO(settings=settings)
    written = lines(caplog)
    assert_that(sum(line["delivered"] + line["dead_letters"].get("rejected", 0) for line in written), equal_to(5))
    assert_that(written[0], has_entries(event="delivery"))
    assert_that([record.getMessage() for record in caplog.records if "ada" in record.getMessage()], empty())
