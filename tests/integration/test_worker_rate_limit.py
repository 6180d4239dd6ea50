"""One rate for all threads of all SDK processes of a worker, measured; one of the processes is killed meanwhile.

``RATE_TEST_SECS`` sets how long it is measured for: 60 for the figures in docs/delivery.md, 10 by default.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hamcrest import (
    assert_that,
    contains_inanyorder,
    equal_to,
    greater_than_or_equal_to,
    has_length,
    less_than_or_equal_to,
)

from customerio_beam.delivery.credentials import CredentialsSource, EnvironmentVariable, Literal
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.transforms.write_to_customerio import WriteToCustomerIO
from tests.helpers.fake_customerio import OK, fake_customerio

pytestmark = pytest.mark.integration

SECONDS = float(os.environ.get("RATE_TEST_SECS", "10"))
RATE = 100
PROCESSES = THREADS = 4


@pytest.fixture(scope="module")
def attempts(tmp_path_factory):
    """When the attempts of 4 processes with 4 threads each were made; one process is killed in the middle."""
    environment = {**os.environ, "TMPDIR": str(tmp_path_factory.mktemp("tmp"))}
    command = [sys.executable, "-m", "tests.integration.rate_limit_worker", uuid.uuid4().hex, RATE, THREADS, SECONDS]
    processes = [
        subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        for _ in range(PROCESSES)
    ]
    try:
        assert_that([process.stdout.readline() for process in processes], equal_to(["ready\n"] * PROCESSES))
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            processes[0].wait(SECONDS / 2)
    finally:
        processes[0].kill()
        printed = [process.communicate("")[0].split() for process in processes]
    by_process = [[float(line) for line in lines] for lines in printed]
    times = sorted(moment for moments in by_process for moment in moments)
    figures = f"{len(times)} attempts in {SECONDS:g} s, by process {[len(each) for each in by_process]}"
    print(f"{figures}, most in any second: {max(per_second(times))}")
    return times


def per_second(times):
    """Return how many attempts there are in the second that begins with each of them."""
    counts, end = [], 0
    for start, begin in enumerate(times):
        while end < len(times) and times[end] < begin + 1.0:
            end += 1
        counts.append(end - start)
    return counts


def test_no_second_has_more_attempts_than_the_rate(attempts):
    assert_that(max(per_second(attempts)), less_than_or_equal_to(RATE))


def test_at_least_95_percent_of_the_rate_are_used(attempts):
    assert_that(attempts, has_length(greater_than_or_equal_to(0.95 * RATE * SECONDS)))


def deliver(times, monkeypatch, directory, *, sinks, options):
    """Deliver 80 operations, one a request, at 20 a second; note when each request came."""
    monkeypatch.setenv("TEST_KEY", "key")
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setattr(tempfile, "tempdir", str(directory))

    def respond(request):
        times.append(time.monotonic())
        return OK

    with fake_customerio(respond) as fake, beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline:
        settings = DeliverySettings(
            track_endpoint=fake.url, max_requests_per_second=20, max_batch_operations=1, max_in_flight_requests=2
        )
        source = CredentialsSource(Literal("site"), EnvironmentVariable("TEST_KEY"))
        for sink in range(sinks):
            operations = [keyed(n) for n in range(sink, 80, sinks)]
            (
                pipeline
                | f"Create{sink}" >> beam.Create(operations)
                | f"Write{sink}" >> WriteToCustomerIO(source, settings)
            )
    assert_that(fake.accepted_names, contains_inanyorder(*(f"n{n}" for n in range(80))))


def keyed(n):
    operation = {"type": "person", "action": "event", "identifiers": {"id": str(n)}, "name": f"n{n}"}
    return b"%016d" % n, (0, json.dumps(operation).encode(), b"{}")


# Requests are counted where they arrive: one may have been held up on its way.
IN_A_SECOND = 20 + 1


def test_a_pipelines_sdk_processes_share_the_rate(monkeypatch, tmp_path):
    times = []
    options = PipelineOptions([], direct_num_workers=2, direct_running_mode="multi_processing")
    deliver(times, monkeypatch, tmp_path, sinks=1, options=options)
    assert_that(max(per_second(sorted(times))), less_than_or_equal_to(IN_A_SECOND))


def test_a_pipelines_sinks_share_the_rate(monkeypatch, tmp_path):
    times = []
    options = PipelineOptions([], direct_num_workers=2, direct_running_mode="multi_threading")
    deliver(times, monkeypatch, tmp_path, sinks=2, options=options)
    assert_that(max(per_second(sorted(times))), less_than_or_equal_to(IN_A_SECOND))
    (file,) = (tmp_path / f"customerio-beam-{os.geteuid()}").iterdir()
    assert_that(file.stat().st_size, less_than_or_equal_to(166))
