"""The job on a Flink cluster of two TaskManagers, in which processes are killed without a warning.

Runners with checkpoints send some operations a second time, and write some dead letters of a stream a second time.
Customer.io ignores a repeated operation by its id, and a reader of dead letters can by the record's.
"""

from __future__ import annotations

import gzip
import itertools
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hamcrest import (
    assert_that,
    contains_string,
    equal_to,
    greater_than,
    has_entries,
    less_than_or_equal_to,
)

from customerio_beam.sandbox.server import RunningSandbox
from tests.integration.event_set import EventSet, make_events
from tests.integration.file_stream import StreamFiles
from tests.integration.flink_cluster import FlinkCluster
from tests.integration.job import Job
from tests.integration.kafka_broker import running_kafka
from tests.integration.processes import PATIENCE_SECS, running, wait_until
from tests.integration.tools import ROOT

pytestmark = pytest.mark.integration

_TASK_MANAGERS = ("tm1", "tm2")
# Without the second option a step's last outputs before a checkpoint wait for its next input: see docs/flink.md.
_STREAM = ("--checkpointing_interval=1000", "--finish_bundle_before_checkpointing", "--max_batch_delay_secs=0.5")
_BROKEN = 20
_RATE = 20


@pytest.fixture
def job(flink: FlinkCluster, sandbox: RunningSandbox, tmp_path: Path) -> Job:
    """The job without credentials in its environment: the workers have them in theirs."""
    return Job(sandbox, tmp_path, {})


def test_a_backfill_runs_on_both_task_managers_within_the_rate(flink: FlinkCluster, job: Job) -> None:
    events = make_events(3000, repeated=100, broken=_BROKEN)
    first, second = events.parts(2)
    (job.folder / "events-1.ndjson").write_bytes(first)
    (job.folder / "events-2.ndjson.gz").write_bytes(gzip.compress(second))
    options = ("--max_batch_operations=40", f"--max_requests_per_second={_RATE}")
    assert_that(job.run(f"--input={job.folder}/events-*", *options, *flink.options), equal_to(0), job.log)

    _check(events, job)
    assert_that(job.dead_letter_reasons(), equal_to(events.broken))
    assert_that(sorted(flink.task_managers_of_newest_job()), equal_to(list(_TASK_MANAGERS)))
    # The steps after plain and compressed files are joined are fused twice, into a stage for each.
    assert_that(
        " ".join(job.log.split()), contains_string("events read 3,120 filtered 0 opted out 0 unusable 20 mapped 3,100")
    )
    # Requests leave within the rate, and on a busy machine some arrive late. Two budgets would make it twice the rate.
    assert_that(job.stats()["peak_requests_per_second"], less_than_or_equal_to(_RATE * 1.4))


@pytest.mark.parametrize("victim", ["SDK workers", "a TaskManager"])
def test_a_backfill_outlives(flink: FlinkCluster, job: Job, victim: str) -> None:
    events = make_events(3000, broken=_BROKEN)
    (job.folder / "events.ndjson").write_bytes(events.lines())
    # So slow that there is much left when the first requests have been answered.
    options = ("--max_batch_operations=100", "--max_requests_per_second=4", f"--dead_letters={job.dead_letters_prefix}")
    with job.started(f"--input={job.folder}/events.ndjson", *options, *flink.options) as process:
        wait_until(lambda: job.stats()["operations"] > 300, "the first operations arrive")
        _kill(flink, victim)
        assert_that(process.wait(2 * PATIENCE_SECS), equal_to(0), job.log)

    _check(events, job)
    assert_that(job.dead_letter_reasons(), equal_to(events.broken))
    assert_that(" ".join(job.log.split()), contains_string("events read 3,020 filtered 0 opted out 0 unusable 20"))
    # Shows that it was killed in the middle.
    assert_that(job.stats()["duplicates_ignored"] + job.stats()["repeated_updates"], greater_than(0))


def test_a_stream_outlives_sdk_workers_and_a_task_manager(flink: FlinkCluster, job: Job, tmp_path: Path) -> None:
    events = _events_in_order(4000)
    folder = tmp_path / "in"
    folder.mkdir()

    def feed(payloads: Sequence[bytes]) -> None:
        for number in (0, 1):
            lines = [payload + b"\n" for person, payload in _keyed(payloads) if hash(person) % 2 == number]
            with (folder / f"{number}.ndjson").open("ab") as file:
                file.write(b"".join(lines))

    parts = _stream_parts(events)
    feed(next(parts))
    arguments = (
        *(sys.executable, "-m", StreamFiles.__module__, str(folder), "200"),
        *(f"--track_endpoint={job.sandbox.url}", f"--dead_letters={job.dead_letters_prefix}"),
        *(*_STREAM, *flink.options),
    )
    with running(arguments, job.folder / "job.log", directory=ROOT) as process:
        _feed_and_kill(flink, job, process, parts, feed)
        _wait_for_all(events, job, process)
    _check(events, job)
    _check_dead_letters_of_stream(events, job)


def test_a_stream_from_kafka_outlives_sdk_workers_and_a_task_manager(
    flink: FlinkCluster, job: Job, tmp_path: Path
) -> None:
    events = _events_in_order(4000)
    parts = _stream_parts(events)
    with running_kafka(tmp_path) as kafka:

        def feed(payloads: Sequence[bytes]) -> None:
            kafka.publish("events", _keyed(payloads))

        feed(next(parts))
        options = ("--max_batch_operations=50", "--max_requests_per_second=5", "--num_shards=4")
        dead_letters = f"--dead_letters={job.dead_letters_prefix}"
        with job.started(*kafka.options("events"), dead_letters, *options, *_STREAM, *flink.options) as process:
            _feed_and_kill(flink, job, process, parts, feed)
            _wait_for_all(events, job, process)
            # Ctrl-C ends the job on the cluster, too.
            process.send_signal(signal.SIGINT)
            assert_that(process.wait(PATIENCE_SECS), equal_to(130), job.log)
            wait_until(lambda: flink.running_job() is None, "the job is cancelled on Flink")
    _check(events, job)
    _check_dead_letters_of_stream(events, job)


def test_a_stream_goes_on_from_its_savepoint(flink: FlinkCluster, job: Job, tmp_path: Path) -> None:
    events = _events_in_order(3000)
    with running_kafka(tmp_path) as kafka:
        options = (*kafka.options("events"), f"--dead_letters={job.dead_letters_prefix}", *_STREAM, *flink.options)
        kafka.publish("events", _keyed(events.payloads[:2000]))
        with job.started(*options, "--max_batch_operations=50", "--max_requests_per_second=5") as process:
            wait_until(lambda: job.stats()["operations"] > 500, "the first operations arrive")
            savepoint = flink.stop_with_savepoint()
            process.wait(PATIENCE_SECS)
        delivered = job.stats()["operations"]
        kafka.publish("events", _keyed(events.payloads[2000:]))
        with job.started(*options, f"--savepoint_path={savepoint}") as process:
            _wait_for_all(events, job, process)
            process.send_signal(signal.SIGTERM)
            assert_that(process.wait(PATIENCE_SECS), equal_to(143), job.log)
    _check(events, job)
    # It did not begin anew: what had been delivered was not read again, but for what was in flight.
    assert_that(job.stats()["operations"], less_than_or_equal_to(len(events.payloads) + delivered // 2))


def test_an_option_that_neither_knows_is_refused_before_anything_runs(flink: FlinkCluster, job: Job) -> None:
    (job.folder / "events.ndjson").write_bytes(b"")
    assert_that(
        job.run(f"--input={job.folder}/events.ndjson", *flink.options, "--checkpoint_interval=1000"), equal_to(2)
    )
    assert_that(job.log, contains_string("has an option --checkpoint_interval. Did you mean --checkpointing_interval?"))


def _kill(flink: FlinkCluster, victim: str) -> None:
    if victim == "a TaskManager":
        busiest, _ = flink.running_tasks().most_common(1)[0]
        flink.kill_task_manager(busiest)
    else:
        flink.kill_sdk_workers()


def _stream_parts(events: EventSet) -> Iterator[Sequence[bytes]]:
    """What comes before the kills, in the middle of which each of the two comes, and what comes after them."""
    for start, end in itertools.pairwise((0, 520, 2000, 3500, len(events.payloads))):
        yield events.payloads[start:end]


def _feed_and_kill(
    flink: FlinkCluster,
    job: Job,
    process: subprocess.Popen[bytes],
    parts: Iterator[Sequence[bytes]],
    feed: Callable[[Sequence[bytes]], None],
) -> None:
    """Kill SDK workers and then a TaskManager, each while a part of the events arrives, and after a checkpoint."""

    def wait_for_operations(count: int) -> None:
        def have_arrived() -> bool:
            assert_that(process.poll(), equal_to(None), job.log)
            return bool(job.stats()["operations"] >= count)

        wait_until(have_arrived, f"{count} operations arrive")

    wait_for_operations(400)
    for victim in ("SDK workers", "a TaskManager"):
        checkpoints = flink.completed_checkpoints()
        wait_until(lambda seen=checkpoints: flink.completed_checkpoints() > seen + 1, "there are checkpoints")
        before, last_restart = job.stats()["operations"], flink.last_restart()
        feed(next(parts))
        wait_for_operations(before + 200)
        _kill(flink, victim)
        wait_until(lambda last=last_restart: flink.last_restart() > last, "the job is restarted")
    feed(next(parts))


def _wait_for_all(events: EventSet, job: Job, process: subprocess.Popen[bytes]) -> None:
    def all_have_arrived() -> bool:
        assert_that(process.poll(), equal_to(None), job.log)
        arrived = job.stats()["operations"] + _BROKEN >= len(events.payloads)
        return arrived and len(_dead_letters_by_id(job)) == _BROKEN and events.is_complete(job.sandbox.url)

    wait_until(all_have_arrived, "all events are delivered or dead letters", secs=2 * PATIENCE_SECS)


def _check(events: EventSet, job: Job) -> None:
    events.check(job.sandbox.url)
    assert_that(job.stats(), has_entries(violations=0, order_violations=0))


def _check_dead_letters_of_stream(events: EventSet, job: Job) -> None:
    """Each is there at least once, and exactly once where repeats are dropped by their id."""
    assert_that(Counter(_dead_letters_by_id(job).values()), equal_to(events.broken))


def _dead_letters_by_id(job: Job) -> dict[str, str]:
    return {record["id"]: record["reason"] for record in job.dead_letters()}


def _events_in_order(count: int) -> EventSet:
    """Make events that arrive in the order of their times, after some broken ones that differ from each other."""
    events = make_events(count)
    events.payloads.sort(key=lambda payload: str(json.loads(payload)["timestamp"]))
    broken = [
        {"type": "track", "userId": f"person-{number}", "messageId": f"broken-{number}"} for number in range(_BROKEN)
    ]
    events.payloads[:0] = [json.dumps(event).encode() for event in broken]
    events.broken["missing_event_name"] = _BROKEN
    return events


def _keyed(payloads: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Name each event's person, within whom the order is to be kept."""
    for payload in payloads:
        yield json.loads(payload)["userId"], payload
