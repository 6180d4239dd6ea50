"""The same job, the same events, the same outcome on every runner; also when an SDK worker is killed in the middle."""

from __future__ import annotations

import pytest
from hamcrest import assert_that, equal_to, greater_than, has_length, less_than, not_

from tests.integration.engines import ENGINES, kill_an_sdk_worker, sdk_workers
from tests.integration.event_set import make_events
from tests.integration.job import Job
from tests.integration.processes import PATIENCE_SECS, wait_until

pytestmark = pytest.mark.integration

#: Several requests for each SDK worker, so that the one that is killed has some left, whatever the others do.
_EVENTS = 12_000
_WITH_PROCESSES = {"FnApiRunner, 4 worker processes": 4, "Prism, SDK workers from a pool": 1}


@pytest.mark.parametrize("name", ENGINES)
def test_every_event_is_delivered_once_or_a_dead_letter(job: Job, name: str) -> None:
    events = make_events(3000, repeated=100, broken=20)
    source = job.folder / "events.ndjson"
    source.write_bytes(events.lines())
    with ENGINES[name](job.folder, job.environment) as engine:
        assert_that(job.run(f"--input={source}", *engine.options), equal_to(0), job.log)
    events.check(job.sandbox.url)
    assert_that(job.dead_letter_reasons(), equal_to(events.broken))


@pytest.mark.parametrize(("name", "workers"), _WITH_PROCESSES.items())
def test_a_killed_sdk_worker_fails_the_job_and_running_it_again_loses_and_doubles_nothing(
    job: Job, name: str, workers: int
) -> None:
    events = make_events(_EVENTS)
    source = job.folder / "events.ndjson"
    source.write_bytes(events.lines())
    with ENGINES[name](job.folder, job.environment) as engine:
        options = (f"--input={source}", f"--dead_letters={job.dead_letters_prefix}", *engine.options)
        # So slow that it is still at it when the first request has been answered.
        with job.started(*options, "--max_requests_per_second=0.5") as process:
            wait_until(lambda: job.stats()["operations"] > 0, "the first operations arrive")
            parent = engine.workers or process
            assert_that(sdk_workers(parent), has_length(workers))
            kill_an_sdk_worker(parent)
            assert_that(process.wait(PATIENCE_SECS), not_(equal_to(0)), job.log)
        assert_that(job.stats()["operations"], less_than(_EVENTS))

        assert_that(job.run(f"--input={source}", *engine.options), equal_to(0), job.log)
    events.check(job.sandbox.url)
    assert_that(job.stats()["duplicates_ignored"], greater_than(0))
    assert_that(job.dead_letters(), has_length(0))
