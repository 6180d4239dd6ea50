"""The sandbox started by itself."""

from __future__ import annotations

import json
import pathlib
import signal
import socket
import subprocess
import sys

import pytest
import requests
from hamcrest import assert_that, contains_string, equal_to, not_none, starts_with

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "customerio_beam.sandbox"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs it to its end: for command lines that end it."""
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_stopped_and_keeps_its_file(tmp_path: pathlib.Path, stop: signal.Signals) -> None:
    arguments = ["--port", "0", "--database", str(tmp_path / "w.sqlite"), "--site-id", "s", "--api-key", "k"]
    event = {"type": "person", "action": "event", "identifiers": {"id": "u1"}, "name": "Clicked"}
    for round_number in (1, 2):
        with subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert_that(process.stdout, not_none())
            line = process.stdout.readline()
            assert_that(line, starts_with("Sandbox listening on http://127.0.0.1:"))
            url = line.split()[-1]
            assert_that(
                requests.post(f"{url}/api/v2/entity", json=event, auth=("s", "k"), timeout=10).status_code,
                equal_to(200),
            )
            assert_that(requests.get(f"{url}/activity.json", timeout=10).json()["total"], equal_to(round_number))
            process.send_signal(stop)
            assert_that(process.wait(20), equal_to(0))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com"])
def test_an_address_that_others_reach_is_refused(host: str) -> None:
    done = run("--host", host, "--port", "0")
    assert_that(done.returncode, equal_to(2))
    assert_that(done.stderr, contains_string(f"--host {host} can be reached by other machines"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--faults", "{"], "--faults {: "),
        (["--faults", json.dumps({"rates": {"600": 1}})], "Invalid enum value '600' - at `key` in `$.rates`"),
        (["--max-attributes", "0"], "--max-attributes must be at least 1, not 0"),
        (["--port", "70000"], "--port must be from 0 to 65535, not 70000"),
        (["--database", "/nowhere/at/all"], "--database /nowhere/at/all"),
    ],
)
def test_a_wrong_setting_is_one_sentence(arguments: list[str], sentence: str) -> None:
    done = run(*arguments)
    assert_that((done.returncode, "Traceback" in done.stderr), equal_to((2, False)))
    assert_that(done.stderr, contains_string(sentence))


def test_a_taken_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("--port", str(taken.getsockname()[1]))
    assert_that((done.returncode, done.stderr.count("\n")), equal_to((1, 1)))
    assert_that(done.stderr, contains_string("can't listen"))


def test_a_further_host_name_is_accepted() -> None:
    arguments = [*COMMAND, "--port", "0", "--allow-host", "track.customer.io"]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert_that(process.stdout, not_none())
        url = process.stdout.readline().split()[-1]
        hosts = ("track.customer.io", "evil.example.com")
        answers = [requests.get(f"{url}/people.json", headers={"Host": host}, timeout=10) for host in hosts]
        process.terminate()
    assert_that([answer.status_code for answer in answers], equal_to([200, 400]))


def test_a_missing_package_is_one_sentence_that_says_how_to_install_it() -> None:
    script = (
        "import sys; sys.modules['flask'] = None;"
        "from customerio_beam.sandbox.__main__ import main; sys.exit(main(['--port', '0']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert_that(
        (done.returncode, done.stderr),
        equal_to(
            (
                2,
                "The sandbox needs the package flask. Install it with: pip install 'customerio-beam[sandbox]'\n",
            )
        ),
    )
