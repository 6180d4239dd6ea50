"""The exact limit over all workers, with Envoy's own rate limit service."""

import json
import socket
import threading
import time
from collections import Counter

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hamcrest import assert_that, calling, contains_inanyorder, greater_than, greater_than_or_equal_to, raises

from customerio_beam.delivery.credentials import CredentialsSource, EnvironmentVariable, Literal
from customerio_beam.delivery.errors import RateLimitServiceError
from customerio_beam.delivery.rate_limit import WorkerRateLimit
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.transforms.rate_limit_service import ServiceRateLimit
from customerio_beam.transforms.write_to_customerio import WriteToCustomerIO
from tests.helpers.fake_customerio import OK, fake_customerio
from tests.integration.rate_limit_service import running_rate_limit_service

pytestmark = pytest.mark.integration

LIMIT = 20


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running_rate_limit_service(tmp_path_factory.mktemp("ratelimit"), LIMIT) as address:
        yield address


def test_two_workers_share_the_services_limit(service, tmp_path):
    """Each worker by itself may do far more; the service counts by the second of the clock."""
    attempts = 4 * LIMIT
    times, waited = [], []

    def worker(number):
        limit = ServiceRateLimit(WorkerRateLimit(10_000, f"worker {number}", folder=tmp_path / "private"), service)
        for _ in range(attempts // 4):
            waited.append(limit.take(time.sleep))
            times.append(time.monotonic())

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Four seconds' worth can't fit into fewer than four seconds of the clock: two whole ones lie in between.
    assert_that(max(times) - min(times), greater_than_or_equal_to(2))
    assert_that(sum(waited), greater_than(1))


def test_a_pipeline_keeps_to_the_services_limit_and_signals_its_waiting(service, monkeypatch):
    monkeypatch.setenv("TEST_KEY", "key")
    seconds = Counter()

    def respond(request):
        seconds[int(time.monotonic())] += 1
        return OK

    def keyed(n):
        operation = {"type": "person", "action": "event", "identifiers": {"id": str(n)}, "name": f"n{n}"}
        return b"%016d" % n, (0, json.dumps(operation).encode(), b"{}")

    with fake_customerio(respond) as fake:
        settings = DeliverySettings(
            track_endpoint=fake.url,
            max_requests_per_second=10_000,
            rate_limit_service=service,
            max_batch_operations=1,
            max_in_flight_requests=4,
        )
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            source = CredentialsSource(Literal("site"), EnvironmentVariable("TEST_KEY"))
            pipeline | beam.Create([keyed(n) for n in range(4 * LIMIT)]) | WriteToCustomerIO(source, settings)
    assert_that(fake.accepted_names, contains_inanyorder(*(f"n{n}" for n in range(4 * LIMIT))))
    counters = pipeline.result.metrics().query()["counters"]
    throttled = [c.committed for c in counters if c.key.metric.name == "cumulativeThrottlingSeconds"]
    assert_that(throttled[0], greater_than_or_equal_to(1))


def test_a_service_that_can_not_be_reached_is_one_sentence(tmp_path):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
        limit = ServiceRateLimit(WorkerRateLimit(10_000, "w", folder=tmp_path / "private"), address)
        sentence = rf"^The rate limit service at {address} can't be reached \(UNAVAILABLE\)\.$"
        assert_that(calling(limit.take).with_args(time.sleep), raises(RateLimitServiceError, sentence))


def test_the_service_is_called_without_the_environments_proxy(service, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("grpc_proxy", "http://127.0.0.1:9")
    limit = ServiceRateLimit(WorkerRateLimit(10_000, "w", folder=tmp_path / "private"), service)
    limit.take(time.sleep)
