"""What a run writes is never overwritten by another one, and nobody else can read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hamcrest import assert_that, contains_string, equal_to, has_length, is_, matches_regexp, only_contains

from customerio_beam.pipeline.main import run
from customerio_beam.pipeline.run_files import new_run_name, private_files


def _write(folder: Path) -> Path:
    path = folder / "broken.ndjson"
    path.write_text('}\n{"type": "track", "event": "E", "userId": "u1", "timestamp": 1700000000}\n')
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return _write(tmp_path)


def _dry_run(broken: Path, operations: str = "operations") -> int:
    folder = broken.parent
    return run([f"--input={broken}", f"--dead_letters={folder}/dead", f"--operations_output={folder}/{operations}"])


def test_a_name_is_the_time_and_a_random_part() -> None:
    assert_that(new_run_name(1_795_653_000.0), matches_regexp(r"^20261126T003000Z-[0-9a-f]{4}$"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, bytes]:
    """The files of a run, and what was in them before a second run wrote to the same folder."""
    broken = _write(tmp_path_factory.mktemp("runs"))
    _dry_run(broken)
    written = {path: path.read_bytes() for path in broken.parent.glob("*-*.ndjson")}
    _dry_run(broken)
    return written


@pytest.mark.parametrize("kind", ["dead", "operations"])
def test_a_second_run_leaves_the_firsts_files_alone(first: dict[Path, bytes], kind: str) -> None:
    [path] = [path for path in first if path.name.startswith(f"{kind}-")]
    assert_that(path.read_bytes(), equal_to(first[path]))


@pytest.mark.parametrize("kind", ["dead", "operations"])
def test_a_second_run_writes_files_of_its_own(first: dict[Path, bytes], kind: str) -> None:
    [path] = [path for path in first if path.name.startswith(f"{kind}-")]
    assert_that(list(path.parent.glob(f"{kind}-*.ndjson")), has_length(2))


def test_one_file_that_the_user_names_is_replaced(broken: Path) -> None:
    for _ in range(2):
        _dry_run(broken, "operations.ndjson")
    assert_that([path.name for path in broken.parent.glob("operations*")], equal_to(["operations.ndjson"]))


def test_files_are_for_their_user_alone(first: dict[Path, bytes]) -> None:
    assert_that([stat.S_IMODE(path.stat().st_mode) for path in first], only_contains(0o600))


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
