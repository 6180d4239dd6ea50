"""Ctrl-C and SIGTERM end a run within five seconds, whatever the server does; a second signal ends it at once."""

import json
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from hamcrest import assert_that, equal_to, less_than

from tests.delivery.raw_server import raw_server
from tests.integration.processes import PATIENCE_SECS, running, wait_until

pytestmark = pytest.mark.integration

ROOT = pathlib.Path(__file__).resolve().parents[2]


def silent(connection):
    connection.recv(1)


def dripping(connection):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 100_000:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def flooding(connection):
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def overloaded(connection):
    connection.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def interrupted(tmp_path):
    """Start the job to a server, send it signals once it delivers; returns its status, the seconds it took, its log."""

    def run(behave, signals, *options):
        events = tmp_path / "events.ndjson"
        event = {"type": "track", "event": "e", "timestamp": "2024-01-01T00:00:00Z"}
        lines = [json.dumps({**event, "userId": f"u{n}", "messageId": f"m{n}"}) for n in range(3000)]
        events.write_text("\n".join(lines))
        command = [sys.executable, "-m", "pipeline", f"--input={events}", f"--dead_letters={tmp_path}/dead-letters"]
        environment = {"CUSTOMERIO_SITE_ID": "site", "CUSTOMERIO_API_KEY": "key", "TMPDIR": str(tmp_path)}
        log = tmp_path / "log"
        with raw_server(behave) as server:
            command += [f"--track_endpoint={server.url}", "--backfill_recent=send", *options]
            with running(command, log, environment=environment, directory=ROOT) as process:
                wait_until(lambda: bool(server.heads), "the job has sent a request")
                began = time.monotonic()
                for number in signals:
                    process.send_signal(number)
                status = process.wait(PATIENCE_SECS)
                return status, time.monotonic() - began, log.read_text()

    return run


@pytest.mark.parametrize("behave", [silent, dripping, flooding, overloaded])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_within_five_seconds(interrupted, behave, number, status):
    ended_with, seconds, log = interrupted(behave, [number])
    assert_that((ended_with, log.count("Traceback")), equal_to((status, 0)), log)
    assert_that(seconds, less_than(5))


def test_a_run_that_waits_for_its_rate_ends_too(interrupted):
    status, seconds, _ = interrupted(overloaded, [signal.SIGINT], "--max_requests_per_second=0.001")
    assert_that((status, seconds < 5), equal_to((130, True)))


def test_workers_in_processes_of_their_own_end_with_it(interrupted, tmp_path):
    status, seconds, log = interrupted(silent, [signal.SIGTERM], "--processes=2")
    assert_that((status, log.count("Traceback"), seconds < 5), equal_to((143, 0, True)), log)
    wait_until(lambda: str(tmp_path) not in environments_of("pipeline"), "the workers have ended", secs=10)


def environments_of(program):
    """The environments of all processes of that program: the test's own folder is in those that it started."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if program in (process / "cmdline").read_text():
                found.append((process / "environ").read_text())
        except (OSError, UnicodeDecodeError):
            continue
    return "\n".join(found)


STUBBORN = """
import sys, time
from customerio_beam.pipeline.interruption import interruptible

with interruptible():
    while True:
        try:
            print("ready", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            print("swallowed", flush=True)
"""


@pytest.mark.parametrize(("signals", "at_least", "at_most"), [(1, 3, 5), (2, 0, 2)])
def test_even_a_library_that_swallows_the_signal_does_not_hold_it_up(signals, at_least, at_most):
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert_that(process.stdout.readline(), equal_to("ready\n"))
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert_that(process.stdout.readline(), equal_to("swallowed\n"))
    for _ in range(signals - 1):
        process.send_signal(signal.SIGINT)
    status = process.wait(PATIENCE_SECS)
    process.stdout.close()
    assert_that((status, at_least <= time.monotonic() - began < at_most), equal_to((130, True)))


def test_a_signal_that_is_ignored_stays_ignored():
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    script = ignore + STUBBORN.replace("while True", "for _ in range(1)").replace("sleep(60)", "sleep(0.5)")
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert_that(process.stdout.readline(), equal_to("ready\n"))
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE_SECS)
    assert_that((process.returncode, output), equal_to((0, "")))
