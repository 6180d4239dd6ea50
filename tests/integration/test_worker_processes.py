"""Worker processes of a local run: its user alone reaches them, they end with it, and it says how they failed."""

from __future__ import annotations

import os
import pathlib
import re
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Iterator

import pytest
from hamcrest import assert_that, contains_string, empty, equal_to, has_length, is_, less_than, matches_regexp

from tests.delivery.raw_server import raw_server
from tests.integration.event_set import EventSet, make_events
from tests.integration.job import Job
from tests.integration.processes import PATIENCE_SECS, sdk_workers, wait_until

pytestmark = pytest.mark.integration

_EVENTS = 6_000
#: So slow that the run is still at it when a test looks.
_SLOWLY = "--max_requests_per_second=0.5"
#: Of /proc/net/tcp: a socket that listens.
_LISTENING = "0A"


@pytest.fixture
def events(job: Job) -> EventSet:
    made = make_events(_EVENTS)
    for number, part in enumerate(made.parts(4)):
        (job.folder / f"events-{number}.ndjson").write_bytes(part)
    return made


@pytest.fixture
def options(job: Job, events: EventSet) -> tuple[str, ...]:
    return f"--input={job.folder}/events-*.ndjson", f"--dead_letters={job.dead_letters_prefix}", "--processes=2"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """The job's folder for temporary files. Its path is short enough for that of a socket, as pytest's is not."""
    with tempfile.TemporaryDirectory() as name:
        monkeypatch.setenv("TMPDIR", name)
        yield pathlib.Path(name)


def _has_begun(job: Job) -> bool:
    return int(job.stats()["operations"]) > 0


def _listening_inodes() -> set[str]:
    tables = [pathlib.Path(f"/proc/net/{kind}").read_text() for kind in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()]
    return {row[9] for row in rows if row[3] == _LISTENING}


def _socket_inodes(pid: int) -> set[str]:
    links = [str(link.readlink()) for link in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    return {found[1] for link in links if (found := re.fullmatch(r"socket:\[(\d+)\]", link))}


def test_no_process_of_a_run_can_be_reached_over_the_network(job: Job, options: tuple[str, ...]) -> None:
    with job.started(*options, _SLOWLY) as process:
        wait_until(lambda: _has_begun(job), "the first operations arrive")
        of_run = [process.pid, *sdk_workers(process)]
        listening = _listening_inodes()
        assert_that([pid for pid in of_run if _socket_inodes(pid) & listening], empty())


def test_only_its_user_can_reach_the_socket(job: Job, options: tuple[str, ...], place: pathlib.Path) -> None:
    with job.started(*options, _SLOWLY):
        wait_until(lambda: _has_begun(job), "the first operations arrive")
        [path] = place.glob("customerio-beam-*/beam.sock")
        assert_that(stat.S_IMODE(path.parent.stat().st_mode), equal_to(0o700))


def test_a_long_path_for_temporary_files_is_no_obstacle(
    job: Job, events: EventSet, options: tuple[str, ...], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    assert_that(job.run(*options), equal_to(0), job.log)
    events.check(job.sandbox.url)


def test_nothing_is_left_of_a_run(job: Job, options: tuple[str, ...], place: pathlib.Path) -> None:
    assert_that(job.run(*options), equal_to(0), job.log)
    left = [path.name for path in place.rglob("*") if not path.name.startswith(("rate-", "customerio-beam-0"))]
    assert_that(left, empty())


def test_workers_that_wait_for_minutes_keep_their_connection(job: Job) -> None:
    events = make_events(1_000)
    for number, part in enumerate(events.parts(2)):
        (job.folder / f"events-{number}.ndjson").write_bytes(part)
    # A request each: the second one has to wait for 80 seconds.
    status = job.run(f"--input={job.folder}/events-*.ndjson", "--processes=2", "--max_requests_per_second=0.0125")
    assert_that(status, equal_to(0), job.log)
    events.check(job.sandbox.url)


def test_a_killed_worker_fails_the_run_by_name(job: Job, options: tuple[str, ...]) -> None:
    with job.started(*options, _SLOWLY) as process:
        wait_until(lambda: _has_begun(job), "the first operations arrive")
        os.kill(sdk_workers(process)[0], 9)
        assert_that(process.wait(PATIENCE_SECS), equal_to(1))
    assert_that(job.log, matches_regexp("The job failed: a worker process was ended by SIGKILL"))
    assert_that(job.log.count("Traceback"), equal_to(0), job.log)


def test_the_workers_of_a_killed_run_end(job: Job, options: tuple[str, ...]) -> None:
    with job.started(*options, _SLOWLY) as process:
        wait_until(lambda: _has_begun(job), "the first operations arrive")
        assert_that(sdk_workers(process), has_length(2))
        process.kill()
        process.wait(PATIENCE_SECS)
        wait_until(lambda: not sdk_workers(process), "the workers have ended", secs=10)


def test_what_fails_in_one_worker_ends_the_others_and_is_told_in_one_sentence(
    job: Job, options: tuple[str, ...]
) -> None:
    first = threading.Lock()

    def behave(connection: socket.socket) -> None:
        if first.acquire(blocking=False):
            connection.sendall(b"HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\n\r\n")
        else:
            connection.recv(1)  # until the other side gives up

    with raw_server(behave) as server:
        began = time.monotonic()
        assert_that(job.run(*options, f"--track_endpoint={server.url}"), equal_to(1), job.log)
    # Without that, the other worker would try for ten minutes.
    assert_that(time.monotonic() - began, less_than(60))
    assert_that(job.log, contains_string("The job failed: The response to POST /api/v2/batch"))
    assert_that("Traceback" in job.log, is_(False), job.log)
