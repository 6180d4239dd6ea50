"""What a run writes is never overwritten by another one, and nobody else can read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hamcrest import assert_that, contains_string, equal_to, has_length, is_, matches_regexp, only_contains

from customerio_beam.pipeline.main import run
from customerio_beam.pipeline.run_files import new_run_name, private_files


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.ndjson"
    path.write_text('}\n{"type": "track", "event": "E", "userId": "u1", "timestamp": 1700000000}\n')
    return path


def _dry_run(broken: Path, operations: str = "operations") -> int:
    folder = broken.parent
    return run([f"--input={broken}", f"--dead_letters={folder}/dead", f"--operations_output={folder}/{operations}"])


def test_a_name_is_the_time_and_a_random_part() -> None:
    assert_that(new_run_name(1_795_653_000.0), matches_regexp(r"^20261126T003000Z-[0-9a-f]{4}$"))


@pytest.mark.parametrize("pattern", ["dead-*.ndjson", "operations-*.ndjson"])
def test_a_second_run_leaves_the_firsts_files_alone(broken: Path, pattern: str) -> None:
    _dry_run(broken)
    [first] = broken.parent.glob(pattern)
    before = first.read_bytes()
    _dry_run(broken)
    assert_that(list(broken.parent.glob(pattern)), has_length(2))
    assert_that(first.read_bytes(), equal_to(before))


def test_one_file_that_the_user_names_is_replaced(broken: Path) -> None:
    for _ in range(2):
        _dry_run(broken, "operations.ndjson")
    assert_that([path.name for path in broken.parent.glob("operations*")], equal_to(["operations.ndjson"]))


def test_files_are_for_their_user_alone(broken: Path) -> None:
    _dry_run(broken)
    written = [*broken.parent.glob("dead-*"), *broken.parent.glob("operations-*")]
    assert_that([stat.S_IMODE(path.stat().st_mode) for path in written], only_contains(0o600))


def test_the_summary_names_this_runs_files(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _dry_run(broken)
    [path] = broken.parent.glob("dead-*")
    assert_that(capsys.readouterr().out, contains_string(str(path).split("-00000")[0]))


def test_afterwards_the_process_makes_files_as_before() -> None:
    before = os.umask(0o022)
    try:
        with private_files():
            pass
        assert_that(os.umask(0o022), is_(0o022))
    finally:
        os.umask(before)
