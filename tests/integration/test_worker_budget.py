"""One budget for all threads of all SDK processes of a worker, measured.

``RATE_TEST_SECS`` sets how long it is measured for: 60 for the figures in docs/delivery.md, 10 by default.
"""

import json
import os
import subprocess
import sys
import time
import uuid

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from customerio_beam.delivery.credentials import CredentialsSource, EnvironmentVariable, Literal
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.delivery.token_bucket import burst_of
from customerio_beam.transforms.worker_budget import SharedWorkerBudget
from customerio_beam.transforms.write_to_customerio import WriteToCustomerIO
from tests.fake_customerio import OK, fake_customerio

pytestmark = pytest.mark.integration

SECONDS = float(os.environ.get("RATE_TEST_SECS", "10"))
RATE = 50
PROCESSES = THREADS = 4


@pytest.fixture(scope="module")
def attempts():
    """When the attempts of 4 processes with 4 threads each were made, in seconds from the first."""
    command = [sys.executable, "-m", "tests.integration.rate_limit_worker", uuid.uuid4().hex, RATE, THREADS, SECONDS]
    processes = [
        subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * PROCESSES
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        by_process = [json.loads(process.stdout.readline()) for process in processes]
    finally:
        for process in processes:
            process.communicate("end\n")
    times = sorted(time for process_times in by_process for time in process_times)
    figures = f"{len(times)} attempts in {SECONDS:g} s, by process {[len(each) for each in by_process]}"
    print(f"{figures}, most in any second: {max(per_second(times))}")
    return [time - times[0] for time in times]


def per_second(times):
    """Return how many attempts there are in the second that begins with each of them."""
    counts, end = [], 0
    for start, begin in enumerate(times):
        while end < len(times) and times[end] < begin + 1.0:
            end += 1
        counts.append(end - start)
    return counts


def test_no_second_has_more_attempts_than_the_limit_and_the_burst(attempts):
    assert max(per_second(attempts)) <= RATE + burst_of(RATE)


def test_at_least_95_percent_of_the_limit_is_used(attempts):
    assert len(attempts) >= 0.95 * RATE * SECONDS


def test_never_more_than_the_limit_over_all(attempts):
    assert len(attempts) <= RATE * SECONDS + burst_of(RATE)


def test_a_new_bucket_takes_over_when_the_process_that_held_it_ends():
    tag = uuid.uuid4().hex
    command = [sys.executable, "-m", "tests.integration.rate_limit_worker", tag, "1000", "1", "0"]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "ready\n"
    bucket = SharedWorkerBudget(1000, tag)
    bucket.reserve()
    holder.kill()
    holder.communicate()
    assert bucket.reserve() < 1


def test_a_pipelines_sdk_processes_share_the_budget(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "key")
    rate, times = 20, []

    def respond(request):
        times.append(time.monotonic())
        return OK

    def keyed(n):
        operation = {"type": "person", "action": "event", "identifiers": {"id": str(n)}, "name": f"n{n}"}
        return b"%016d" % n, (0, json.dumps(operation).encode(), b"{}")

    options = PipelineOptions([], direct_num_workers=2, direct_running_mode="multi_processing")
    with fake_customerio(respond) as fake, beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline:
        settings = DeliverySettings(
            track_endpoint=fake.url, max_requests_per_second=rate, max_batch_operations=1, max_in_flight_requests=2
        )
        source = CredentialsSource(Literal("site"), EnvironmentVariable("TEST_KEY"))
        pipeline | beam.Create([keyed(n) for n in range(80)]) | WriteToCustomerIO(source, settings)
    assert sorted(fake.accepted_names) == sorted(f"n{n}" for n in range(80))
    assert max(per_second(sorted(times))) <= rate + burst_of(rate)
