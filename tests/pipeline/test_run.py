"""The command itself: exit status, and what a person reads."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hamcrest import assert_that, contains_string, equal_to, is_, matches_regexp, not_

from customerio_beam.pipeline.main import run
from customerio_beam.sandbox.server import RunningSandbox
from tests.pipeline.conftest import KEY
from tests.pipeline.events import page, track


@pytest.fixture
def arguments(sandbox: RunningSandbox, write_events: Callable[..., str], tmp_path: Path) -> list[str]:
    return [
        f"--input={write_events(track('One'), page(name='Home'))}",
        f"--track_endpoint={sandbox.url}",
        f"--dead_letters={tmp_path}/dead-letters",
        "--backfill_recent=send",
    ]


def test_a_run_ends_with_its_summary(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert_that(run(arguments), is_(0))
    said = " ".join(capsys.readouterr().out.split())
    for row in ("events read 2", "delivered 2", "requests 1", "retried 0", "mean operations 2", "seconds throttled 0"):
        assert_that(said, contains_string(row))


def test_a_wrong_key_fails_in_one_sentence_and_dead_letters_nothing(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "wrong")
    assert_that(run(arguments), is_(1))
    said = capsys.readouterr().err
    assert_that(said, contains_string("The job failed: Customer.io refused the credentials (status 401)"))
    assert_that(said, not_(contains_string("Traceback")))
    assert_that(list(tmp_path.glob("dead-letters*")), equal_to([]))


def test_nobody_listening_is_retried_and_then_fails_with_a_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"--track_endpoint=http://127.0.0.1:{unused.getsockname()[1]}"
    assert_that(run([*arguments, endpoint, "--max_retry_secs=0.2"]), is_(1))
    assert_that(capsys.readouterr().err, contains_string("The job failed: "))


def test_a_missing_file_is_refused_before_anything_runs(
    sandbox: RunningSandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_that(run([f"--input={tmp_path}/nothing-*.ndjson"]), is_(2))
    assert_that(capsys.readouterr().err, equal_to(f"--input={tmp_path}/nothing-*.ndjson matches no file.\n"))


def test_missing_credentials_are_a_sentence_before_anything_runs(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUSTOMERIO_API_KEY")
    assert_that(run(arguments), is_(2))
    assert_that(capsys.readouterr().err, contains_string("CUSTOMERIO_API_KEY is not set"))


def test_operations_can_be_written_instead_of_sent_without_credentials(
    write_events: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUSTOMERIO_API_KEY", raising=False)
    output = tmp_path / "operations.ndjson"
    arguments = [
        f"--input={write_events(track('One'), track('Two'))}",
        f"--operations_output={output}",
        f"--dead_letters={tmp_path}/dead-letters",
        "--backfill_recent=send",
    ]
    assert_that(run(arguments), is_(0))
    assert_that(sorted(json.loads(line)["name"] for line in output.read_text().splitlines()), equal_to(["One", "Two"]))


def test_operations_output_may_be_sharded(write_events: Callable[..., str], tmp_path: Path) -> None:
    arguments = [f"--input={write_events(track('One'))}", f"--operations_output={tmp_path}/operations"]
    assert_that(run([*arguments, f"--dead_letters={tmp_path}/dead-letters"]), is_(0))
    [path] = tmp_path.glob("operations*.ndjson")
    assert_that(path.name, matches_regexp(r"^operations-\d{8}T\d{6}Z-[0-9a-f]{4}-00000-of-00001\.ndjson$"))


@pytest.mark.parametrize(("key", "status"), [(KEY, 0), ("wrong", 1)])
def test_the_connection_can_be_checked(
    sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, key: str, status: int
) -> None:
    monkeypatch.setenv("CUSTOMERIO_API_KEY", key)
    assert_that(run(["--check_connection", f"--track_endpoint={sandbox.url}"]), is_(status))


def test_help_needs_no_beam() -> None:
    code = (
        "import runpy, sys; sys.argv = ['pipeline', '--help']\n"
        "try:\n    runpy.run_module('pipeline', run_name='__main__')\n"
        "finally:\n    print('apache_beam' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert_that(answer.stdout.splitlines()[-1], equal_to("False"))


def test_a_run_leaves_no_temporary_files(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert_that(run(arguments), is_(0))
    assert_that([path.name for path in folder.glob("customerio-beam-blocks-*")], equal_to([]))
