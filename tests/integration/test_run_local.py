"""The one command of the README, as a newcomer runs it."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest
import requests
from hamcrest import assert_that, contains_string, equal_to, is_, not_none

from tests.delivery.raw_server import raw_server, sending

pytestmark = pytest.mark.integration

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_SECS = 120


def test_it_shows_people_and_activity_and_succeeds() -> None:
    command = [ROOT / "run_local.sh"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECS, check=False)
    assert_that(run.returncode, equal_to(0), run.stderr)
    for row in ("john.doe@example.com", "Page View", "event", "delivered"):
        assert_that(run.stdout, contains_string(row))


def test_a_proxy_in_the_environment_gets_none_of_it() -> None:
    with raw_server(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")) as proxy:
        names = ("http_proxy", "https_proxy", "all_proxy")
        proxies = {name: proxy.url for each in names for name in (each, each.upper())}
        environment = {**os.environ, **proxies}
        command = [ROOT / "run_local.sh"]
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_SECS, check=False, env=environment
        )
    assert_that(run.returncode, equal_to(0), run.stderr)
    assert_that(run.stdout, contains_string("john.doe@example.com"))
    assert_that(proxy.connections, equal_to(0))


def test_a_file_that_does_not_exist_is_named() -> None:
    command = [ROOT / "run_local.sh", "nothing.ndjson"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECS, check=False)
    assert_that(run.returncode, equal_to(2))
    assert_that(run.stderr, equal_to("The file nothing.ndjson does not exist or can't be read.\n"))


def test_serve_leaves_the_sandbox_up_and_ctrl_c_leaves_nothing_behind() -> None:
    run = subprocess.Popen(
        [ROOT / "run_local.sh", "--serve"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert_that(run.stdout, not_none())
        url = next(match[1] for line in run.stdout if (match := re.match(r"The sandbox is at (\S+)", line)))
        assert_that(requests.get(f"{url}/people.json", timeout=10).status_code, equal_to(200))
        os.killpg(run.pid, signal.SIGINT)
        run.wait(PATIENCE_SECS)
        assert_that(_group_is_gone(run.pid), is_(True))
    finally:
        if not _group_is_gone(run.pid):
            os.killpg(run.pid, signal.SIGKILL)


def _group_is_gone(group: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
    return False
