"""Everything goes wrong at once, and in the end nothing is lost, doubled or out of order.

The job as a user runs it, with two worker processes, against the sandbox with all its faults. It is killed twice in
mid-bundle, fails once because its key is withdrawn, and then runs to its end. ``CHAOS_EVENTS`` and ``CHAOS_PEOPLE``
set the size: 50000 and 5000 for the figures in docs/delivery.md.
"""

import json
import os
import subprocess
import sys
import time

import pytest
from hamcrest import (
    assert_that,
    contains_inanyorder,
    contains_string,
    empty,
    equal_to,
    greater_than_or_equal_to,
    has_entries,
    has_length,
    less_than_or_equal_to,
    not_,
)
from msgspec.structs import replace

from customerio_beam.sandbox import views
from customerio_beam.sandbox.faults import FAULTS, Faults
from customerio_beam.sandbox.server import running_sandbox
from tests.integration.chaos_events import POISONED, REFUSED, write_events

pytestmark = pytest.mark.integration

EVENTS = int(os.environ.get("CHAOS_EVENTS", "4000"))
PEOPLE = int(os.environ.get("CHAOS_PEOPLE", "400"))
RATE = 100

REFUSALS = Faults(refuse_operations=({"name": REFUSED},), poisoned_operations=({"name": POISONED},))
CHAOS = replace(
    REFUSALS,
    seed=11,
    # A quarter of those that get so far: requests with too large a body or without a key are answered before.
    rates=dict.fromkeys(FAULTS, 0.25 / len(FAULTS)),
    latency={"distribution": "lognormal", "median_ms": 20, "p99_ms": 300},
    max_body_bytes=120_000,
    rate_limit_per_second=RATE + RATE // 10,
)


class Job:
    """Runs of the job over the same events, to one sandbox."""

    def __init__(self, sandbox, events, directory, *options):
        self.sandbox = sandbox
        self._dead_letters = directory / "dead-letters"
        self._log = directory / "log"
        self._command = [
            *(sys.executable, "-m", "pipeline", "--input", str(events), "--dead_letters", str(self._dead_letters)),
            *("--track_endpoint", sandbox.url, "--max_requests_per_second", str(RATE), "--backfill_recent", "send"),
            *options,
        ]
        self._environment = {**os.environ, "CUSTOMERIO_SITE_ID": "site", "CUSTOMERIO_API_KEY": "key"}

    def start(self):
        with self._log.open("w") as log:
            return subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=subprocess.STDOUT)

    def run(self):
        return self.start().wait(timeout=1800)

    def kill_after(self, operations):
        """Start the job; kill it once that many more operations have arrived."""
        target = self.sandbox.state.workspace.stats()["operations"] + operations
        process = self.start()
        try:
            while self.sandbox.state.workspace.stats()["operations"] < target:
                assert_that(process.poll(), equal_to(None), self.log())
                time.sleep(0.01)
        finally:
            process.kill()
            process.wait()

    def log(self):
        return self._log.read_text()

    def dead_letters(self):
        """Return the dead letters of the last run that got to its end, as pairs of reason and message id."""
        files = self._dead_letters.parent.glob(f"{self._dead_letters.name}*")
        records = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return sorted((record["reason"], record["message_id"]) for record in records)


def workspace_of(sandbox):
    """Return people and activity without what Customer.io itself makes up or when it heard of it."""
    workspace = sandbox.state.workspace
    people = {
        person["id"]: (person["email"], person["subscribed"], person["attributes"])
        for person in views.people(workspace)["people"]
    }
    activity = sorted(
        (
            entry["id"],
            entry["type"],
            entry["name"],
            entry["person"]["id"],
            entry["timestamp"],
            json.dumps(entry["attributes"]),
        )
        for entry in views.activity(workspace)["activity"]
    )
    return people, activity


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The events, those that can't be delivered, and the workspace after a run without trouble."""
    directory = tmp_path_factory.mktemp("undisturbed")
    events = directory / "events.ndjson"
    guilty = write_events(events, events=EVENTS, people=PEOPLE)
    with running_sandbox(faults=REFUSALS) as sandbox:
        job = Job(sandbox, events, directory)
        assert_that(job.run(), equal_to(0), job.log())
        return events, guilty, workspace_of(sandbox)


@pytest.fixture(scope="module")
def disturbed(undisturbed, tmp_path_factory):
    """The job and the sandbox after killed, failed and faulty runs, and the log of the one without a key."""
    events, _, _ = undisturbed
    with running_sandbox(faults=CHAOS) as sandbox:
        job = Job(sandbox, events, tmp_path_factory.mktemp("disturbed"), "--processes=2")
        job.kill_after(EVENTS // 5)
        job.kill_after(EVENTS // 2)
        requests = sandbox.state.meter.stats()["requests"]
        sandbox.state.faults = replace(CHAOS, unauthorized_after_requests=requests + 10)
        status = job.run()
        without_key = status, job.log(), job.dead_letters()
        sandbox.state.faults = CHAOS
        assert_that(job.run(), equal_to(0), job.log())
        stats = {**sandbox.state.workspace.stats(), **sandbox.state.meter.stats()}
        print({name: value for name, value in stats.items() if name != "requests_per_second"})
        yield job, stats, workspace_of(sandbox), without_key


def test_nothing_is_lost_nothing_is_doubled(undisturbed, disturbed):
    _, guilty, (_, expected) = undisturbed
    _, _, (_, activity), _ = disturbed
    assert_that({entry[0] for entry in activity}, has_length(len(activity)))
    assert_that(activity, has_length(EVENTS - 2 * PEOPLE - sum(map(len, guilty.values()))))
    assert_that(activity, equal_to(expected))


def test_people_are_as_after_an_undisturbed_run(undisturbed, disturbed):
    _, _, (expected, _) = undisturbed
    _, _, (people, _), _ = disturbed
    assert_that(people, has_length(PEOPLE))
    assert_that(people, equal_to(expected))


def test_nobodys_operations_are_out_of_order(disturbed):
    _, stats, _, _ = disturbed
    assert_that(stats, has_entries(order_violations=0))


def test_what_customerio_refuses_is_in_the_dead_letters_and_nothing_else(undisturbed, disturbed):
    _, guilty, _ = undisturbed
    job, _, _, _ = disturbed
    refused = [("rejected", each) for ids in guilty.values() for each in ids]
    assert_that(job.dead_letters(), contains_inanyorder(*refused))


def test_a_withdrawn_key_fails_the_run_and_nothing_is_dead_lettered(disturbed):
    _, _, _, (status, log, dead_letters) = disturbed
    assert_that(status, not_(equal_to(0)))
    assert_that(log, contains_string("refused the credentials (status 401)"))
    assert_that(dead_letters, empty())


def test_the_limit_was_never_passed(disturbed):
    _, stats, _, _ = disturbed
    most = less_than_or_equal_to(RATE + RATE // 20)
    assert_that(stats, has_entries(violations=0, peak_requests_per_second=most))


def test_the_run_was_as_bad_as_it_says(disturbed):
    _, stats, _, _ = disturbed
    injected = {name: count for name, count in stats["faults_injected"].items() if name in FAULTS}
    # The short run makes some 140 requests. Each kind of fault hits 3 % of them, so one or two kinds may hit none.
    assert_that(injected, has_length(greater_than_or_equal_to(len(FAULTS) // 2)))
    assert_that(sum(injected.values()), greater_than_or_equal_to(0.12 * stats["requests"]))
