"""``purge``: dead-letter files without the records of the people on a list, and otherwise as they were."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hamcrest import assert_that, contains_exactly, contains_string, empty, equal_to, has_properties, not_

from customerio_beam.pipeline import rewrite_file as rewriting
from tests.pipeline.commands import Ended, Terminal
from tests.pipeline.job import Job


@pytest.fixture
def purge(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Ended]:
    terminal = Terminal(capsys)

    def run(listed: str, prefix: object = tmp_path / "dead-letters") -> Ended:
        (tmp_path / "ids").write_text(listed)
        return terminal.run("purge", f"--dead_letters={prefix}", f"--ids={tmp_path / 'ids'}")

    return run


@pytest.fixture(scope="module")
def written(shared_job: Job) -> Path:
    """The dead letters of a run: one of u1, and one of u2."""
    shared_job.run(page("u1"), page("u2"))
    [path] = shared_job.folder.glob("dead-letters-1*")
    return path


@pytest.fixture
def path(written: Path, tmp_path: Path) -> Path:
    """A copy of those dead letters, to purge."""
    return Path(shutil.copy2(written, tmp_path))


def page(user: str, **fields: Any) -> dict[str, Any]:
    """An event that becomes a dead letter: a page without a name."""
    return {"type": "page", "userId": user, "messageId": f"m-{user}", "timestamp": "2024-01-01T00:00:00Z", **fields}


def users(path: Path) -> list[str]:
    """Whose dead letters are in the file."""
    return [json.loads(json.loads(line)["payload"])["userId"] for line in path.read_bytes().splitlines()]


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith(("dead", "."))}


def test_the_records_of_a_run_go_and_those_of_others_stay(job: Job, purge):
    job.run(page("u1"), page("u2"), page("u3"), page("u1", messageId="again"))
    before = {record["message_id"]: record for record in job.dead_letters()}
    ended = purge("u1\n")
    assert_that(ended, has_properties(status=0, err=""))
    after = {record["message_id"]: record for record in job.dead_letters()}
    assert_that(after, equal_to({key: before[key] for key in ("m-u2", "m-u3")}))


def test_everything_is_counted(path, purge):
    out = purge("u1\nu3\n").out
    counts = {line.rsplit(maxsplit=1)[0].strip(): int(line.split()[-1]) for line in out.splitlines()}
    assert_that(counts["records"], equal_to(2))
    assert_that((counts["removed"], counts["rewritten"]), equal_to((1, 1)))


def test_what_is_left_can_be_sent_again(job: Job, path, purge):
    purge("u1\n")
    summary = job.run_files(str(path), options=("--input_format=dead_letters",))
    assert_that(summary.dead_letters, equal_to({"missing_page_name": 1}))


def test_a_file_without_such_records_is_not_touched(path, purge):
    path.chmod(0o644)
    before = path.stat()
    purge("u3\n")
    unchanged = {name: getattr(before, name) for name in ("st_ino", "st_mode", "st_size", "st_mtime_ns", "st_ctime_ns")}
    assert_that(path.stat(), has_properties(unchanged))


def test_a_rewritten_file_is_for_this_user_alone_and_nothing_is_beside_it(path, purge, tmp_path):
    purge("u1\n")
    assert_that(stat.S_IMODE(path.stat().st_mode), equal_to(0o600))
    assert_that(list(files_of(tmp_path)), contains_exactly(path.name))


def test_a_file_with_no_record_left_is_removed(path, purge, tmp_path):
    assert_that(purge("u1\nu2\n").status, equal_to(0))
    assert_that(files_of(tmp_path), empty())


def test_a_second_purge_finds_nothing_more(path, purge, tmp_path):
    purge("u1\n")
    before = files_of(tmp_path)
    assert_that((purge("u1\n").status, files_of(tmp_path)), equal_to((0, before)))


def test_records_that_cant_be_read_are_kept_and_named_and_not_shown(purge, tmp_path):
    path = tmp_path / "dead-letters-1.ndjson"
    lines = [
        b"not JSON, of u1",
        json.dumps({"payload": json.dumps(page("u1"))}).encode(),
        b'{"payload":"{\\"userId\\":"}',
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")
    ended = purge("u1\n")
    assert_that(ended.status, equal_to(3))
    assert_that(path.read_bytes(), equal_to(lines[0] + b"\n" + lines[2] + b"\n"))
    named = [line.split(": ")[0] for line in ended.err.splitlines()]
    assert_that(named, contains_exactly(f"{path}:1", f"{path}:3"))
    assert_that(ended.err, not_(contains_string("of u1")))


def test_a_compressed_file_is_kept_and_named_and_others_are_purged(path, purge, tmp_path):
    packed = tmp_path / "dead-letters-0.ndjson.gz"
    packed.write_bytes(gzip.compress(b"{}\n"))
    ended = purge("u1\n")
    assert_that(
        ended, has_properties(status=3, err=contains_string(f"{packed} is compressed (gzip): unpack it first."))
    )
    assert_that(users(path), contains_exactly("u2"))


def test_a_file_that_grows_meanwhile_is_kept_as_it_is(path, purge, tmp_path, monkeypatch):
    before = path.read_bytes()
    real = os.fsync

    def grow(file: int) -> None:
        with path.open("ab") as more:
            more.write(b"{}\n")
        real(file)

    monkeypatch.setattr(rewriting.os, "fsync", grow)
    ended = purge("u1\n")
    assert_that(ended, has_properties(status=3, err=contains_string("changed while it was read")))
    assert_that(files_of(tmp_path), equal_to({path.name: before + b"{}\n"}))


def test_a_copy_that_a_killed_run_left_is_no_obstacle(path, purge, tmp_path):
    (tmp_path / f".{path.name}.purge").write_bytes(b"half")
    purge("u1\n")
    assert_that(list(files_of(tmp_path)), contains_exactly(path.name))


def test_a_link_stays_a_link(path, purge, tmp_path):
    target = tmp_path / "elsewhere"
    path.rename(target)
    path.symlink_to(target)
    purge("u1\n")
    assert_that((path.is_symlink(), len(target.read_bytes().splitlines())), equal_to((True, 1)))


@pytest.mark.parametrize("form", ["{folder}", "{folder}/", "{folder}/run-*"])
def test_a_folder_or_a_pattern_names_the_files_too(path, purge, tmp_path, form):
    folder = tmp_path / "archive"
    folder.mkdir()
    path.rename(folder / "run-1.ndjson")
    purge("u1\n", form.format(folder=folder))
    assert_that(len((folder / "run-1.ndjson").read_bytes().splitlines()), equal_to(1))


def test_a_prefix_without_files_is_refused(purge, tmp_path):
    ended = purge("u1\n", tmp_path / "no-such-run")
    assert_that(ended, has_properties(status=2, err=contains_string("no-such-run matches no file.")))
