"""ReadFiles: each file once, to its end, whatever its name; or the job says which it can't read."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apache_beam.runners.direct.direct_runner import DirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hamcrest import assert_that, contains_inanyorder, contains_string, empty, equal_to, has_entries, has_length, not_

from customerio_beam.pipeline import read_files
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.file_patterns import FoundFile, check_files, file_patterns, names_a_file
from customerio_beam.pipeline.main import run
from customerio_beam.pipeline.summary import Summary
from customerio_beam.reading.errors import IncompleteReadError, UnreadableFileError
from customerio_beam.sandbox.server import RunningSandbox
from tests.pipeline.events import track
from tests.pipeline.job import Job

_ROOT = Path(__file__).parents[2]


def line(name: str) -> bytes:
    return json.dumps(track(name)).encode() + b"\n"


def names(job: Job) -> list[str]:
    return [activity["name"] for activity in job.activity]


def files(summary: Summary) -> dict[str, int]:
    return {name: count for (space, name), count in summary.counters.items() if space == "files"}


NAMES = [
    "export[1].ndjson",
    "star*.ndjson",
    "d[1]/events.ndjson",
    "what?/a.ndjson",
    "a,b.ndjson",
    "line\nend.json",
    "é🚀 .x",
]


@pytest.fixture(scope="module")
def named(shared_job: Job) -> Summary:
    """The summary of a run over one file of each name, each given by its path and by three patterns."""
    folder = shared_job.folder / "in"
    paths = [folder / name for name in NAMES]
    for path, name in zip(paths, NAMES, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(line(f"{name} 1") + line(f"{name} 2"))
    return shared_job.run_files(*map(str, paths), str(folder), f"{folder}/**", f"{shared_job.folder}/./in/")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_read_once(shared_job: Job, named: Summary, name: str) -> None:
    found = [activity for activity in names(shared_job) if activity.startswith(f"{name} ")]
    assert_that(found, contains_inanyorder(f"{name} 1", f"{name} 2"))


def test_each_file_is_counted_once(shared_job: Job, named: Summary) -> None:
    size = sum((shared_job.folder / "in" / name).stat().st_size for name in NAMES)
    assert_that(files(named), equal_to({"matched": 7, "read": 7, "bytes": size, "bytes_read": size}))


def test_a_file_whose_name_is_no_unicode_is_read(job: Job) -> None:
    path = Path(os.fsdecode(os.fsencode(job.folder) + b"/in\xff.ndjson"))
    path.write_bytes(line("One") + b"cut\n")
    job.run_files(f"{job.folder}/in*")
    assert_that(names(job), equal_to(["One"]))
    assert_that(job.dead_letters()[0]["source"]["file"], equal_to(f"{job.folder}/in\\xff.ndjson"))


def test_links_to_a_file_are_that_file(job: Job) -> None:
    (job.folder / "a.ndjson").write_bytes(line("One"))
    (job.folder / "b.ndjson").symlink_to(job.folder / "a.ndjson")
    assert_that(files(job.run_files(f"{job.folder}/*.ndjson")), has_entries(matched=1))
    assert_that(names(job), equal_to(["One"]))


def test_what_a_file_is_its_bytes_decide(job: Job) -> None:
    data = gzip.compress(line("One"))
    (job.folder / "packed.json").write_bytes(data)
    (job.folder / "plain.json.gz").write_bytes(line("Two"))
    summary = job.run_files(f"{job.folder}/p*")
    assert_that(names(job), contains_inanyorder("One", "Two"))
    assert_that(
        files(summary), has_entries(bytes=len(data) + len(line("Two")), bytes_read=len(data) + len(line("Two")))
    )


@pytest.mark.parametrize("runner", [FnApiRunner, DirectRunner])
def test_a_large_file_is_read_in_parts(
    sandbox: RunningSandbox, tmp_path: Path, runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_files, "_PART_BYTES", 1000)
    job = Job(sandbox, tmp_path, runner)
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\xef\xbb\xbf" + b"".join(line(f"Event {number}") for number in range(100)) + b"cut")
    summary = job.run_files(str(path))
    assert_that(sorted(names(job)), equal_to(sorted(f"Event {number}" for number in range(100))))
    assert_that(
        [record["source"] for record in job.dead_letters()],
        equal_to([{"file": str(path), "offset": path.stat().st_size - 3}]),
    )
    assert_that(files(summary), has_entries(read=1, bytes_read=path.stat().st_size))


@pytest.mark.parametrize(
    "data", [gzip.compress(b"".join(line(f"Event {number}") for number in range(100))), b"[\n" + line("One") + b"]"]
)
def test_other_large_files_are_read_whole(job: Job, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(read_files, "_PART_BYTES", 50)
    (job.folder / "events.ndjson").write_bytes(data)
    assert_that(files(job.run_files(f"{job.folder}/events.ndjson")), has_entries(read=1, bytes_read=len(data)))
    assert_that(job.dead_letters(), empty())


@pytest.mark.parametrize("runner", [FnApiRunner, DirectRunner])
def test_bytes_that_were_not_read_fail_the_job(
    sandbox: RunningSandbox, tmp_path: Path, runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(line("One"))
    size = path.stat().st_size
    monkeypatch.setattr(read_files, "find_files", lambda pattern: iter([FoundFile(pattern, size + 1, pattern)]))
    with pytest.raises(
        (IncompleteReadError, RuntimeError), match=rf"had {size + 1} bytes when the job began, and {size} were"
    ):
        Job(sandbox, tmp_path, runner).run_files(str(path))


def test_a_file_that_is_gone_when_it_is_read_fails_the_job(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_files, "find_files", lambda _: iter([FoundFile("/nowhere/a.ndjson", 7, "a")]))
    with pytest.raises(UnreadableFileError, match=r"/nowhere/a\.ndjson can't be opened: No such file"):
        job.run_files("/nowhere/a.ndjson")


def test_a_pipe_is_read_to_its_end(job: Job) -> None:
    pipe = job.folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(
        target=lambda: pipe.write_bytes(b"".join(line(f"Event {number}") for number in range(2000)))
    )
    writer.start()
    summary = job.run_files(str(pipe))
    writer.join()
    assert_that(summary.operations_delivered, equal_to(2000))
    assert_that(files(summary), has_entries(matched=1, read=1, bytes=0))


@pytest.mark.parametrize("folder", ["/dev/fd", "/proc/self/fd"])
def test_a_descriptor_is_read(job: Job, folder: str) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(line("One") + line("Two"))
    try:
        job.run_files(f"{folder}/{reading}")
    finally:
        os.close(reading)
    assert_that(names(job), contains_inanyorder("One", "Two"))


def test_what_a_shell_connects_is_read(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline", "--input=/dev/stdin", f"--operations_output={tmp_path}/ops.ndjson"]
    command.append("--backfill_recent=send")
    done = subprocess.run(
        [*command, f"--dead_letters={tmp_path}/dead"],
        cwd=_ROOT,
        input=line("One") + line("Two"),
        capture_output=True,
        check=False,
    )
    assert_that(done.returncode, equal_to(0), done.stderr.decode())
    assert_that((tmp_path / "ops.ndjson").read_bytes().splitlines(), has_length(2))


def run_dry(tmp_path: Path, *values: str) -> int:
    return run(
        [
            *(f"--input={value}" for value in values),
            f"--operations_output={tmp_path}/ops",
            "--backfill_recent=send",
            f"--dead_letters={tmp_path}/dead",
        ]
    )


#: A file of each way to be unreadable; tests/reading/test_kinds.py has all kinds of files that are no events.
KINDS = {
    "a zip archive": b"PK\x03\x04" + bytes(30),
    "a tar archive": gzip.compress(bytes(257) + b"ustar\x0000"),
    "is cut off": gzip.compress(b"{}")[:-3],
    "is damaged at byte 7": b'[\n{"a":}\n]',
}


@pytest.mark.parametrize("what", KINDS)
def test_what_cant_be_read_fails_the_job_in_one_sentence(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(KINDS[what])
    assert_that(run_dry(tmp_path, str(path)), equal_to(1))
    said = capsys.readouterr().err
    assert_that(said.splitlines()[-1], contains_string(f"The job failed: {path} "))
    assert_that(said.splitlines()[-1], contains_string(what))
    assert_that(said, not_(contains_string("Traceback")))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{folder}/nothing*", "--input={folder}/nothing* matches no file."),
        ("{folder}/nothing", "--input={folder}/nothing matches no file."),
        ("{folder}/empty", "--input={folder}/empty matches no file."),
        ("{folder}/gone", "--input={folder}/gone: {folder}/gone can't be read: No such file or directory."),
        ("file://{folder}/nothing", "--input={folder}/nothing matches no file."),
        ("s3://bucket/a", "--input=s3://bucket/a needs an extra: pip install 'customerio-beam[aws]'."),
        ("azfs://account/a", "--input=azfs://account/a needs an extra: pip install 'customerio-beam[azure]'."),
        (
            "http://host/a",
            "--input=http://host/a: there is no file system http://. Give paths, or URLs of gs://, s3:// or azfs://.",
        ),
    ],
)
def test_what_is_not_there_is_said_before_anything_runs(
    value: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert_that(run_dry(tmp_path, value.format(folder=tmp_path)), equal_to(2))
    assert_that(capsys.readouterr().err, equal_to(said.format(folder=tmp_path) + "\n"))


def test_values_become_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b.ndjson").touch()
    (tmp_path / "a b.ndjson").touch()
    values = ["*.ndjson", "a,b.ndjson", "c,d", f"file://{tmp_path}/a%20b.ndjson", "file:/x", "gs://b/**,gs://c/d", "e/"]
    found = file_patterns(values)
    assert_that(
        found,
        equal_to(
            [
                f"{tmp_path}/*.ndjson",
                f"{tmp_path}/a,b.ndjson",
                f"{tmp_path}/c",
                f"{tmp_path}/d",
                f"{tmp_path}/a b.ndjson",
                "/x",
                "gs://b/**",
                "gs://c/d",
                f"{tmp_path}/e/",
            ]
        ),
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a[1].ndjson", True),
        ("missing.ndjson", True),
        ("*.ndjson", False),
        ("", False),
        ("gs://b/a", True),
        ("gs://b/", False),
        ("gs://b/*", False),
    ],
)
def test_a_name_is_told_from_a_pattern_and_a_folder(tmp_path: Path, value: str, expected: bool) -> None:
    (tmp_path / "a[1].ndjson").touch()
    pattern = value if "://" in value else f"{tmp_path}/{value}"
    assert_that(names_a_file(pattern), equal_to(expected))


def test_local_files_need_no_slash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_events: Callable[..., str]
) -> None:
    write_events(track("One"))
    monkeypatch.chdir(tmp_path)
    check_files(file_patterns(["*.ndjson", ".", "events.ndjson"]))
    with pytest.raises(OptionError):
        check_files(file_patterns(["*.json"]))


def test_events_over_the_limit_are_dead_letters_with_their_place(job: Job) -> None:
    path = job.folder / "events.ndjson"
    long = json.dumps(track("Long", properties={"text": "x" * 200_000})).encode()
    path.write_bytes(line("One") + long + b"\n" + line("Two"))
    job.run_files(str(path), options=("--max_payload_bytes=100000",))
    assert_that(names(job), contains_inanyorder("One", "Two"))
    [record] = job.dead_letters()
    assert_that(
        record,
        has_entries(
            reason="payload_too_large",
            payload=long[:65_536].decode(),
            payload_truncated=True,
            payload_bytes=len(long),
            source={"file": str(path), "offset": len(line("One"))},
        ),
    )


def test_a_cut_payload_is_written_again_as_it_is(job: Job) -> None:
    path = job.folder / "events.ndjson"
    path.write_bytes(json.dumps(track("Long", properties={"text": "x" * 200_000})).encode() + b"\n" + b"cut\n")
    job.run_files(str(path), options=("--max_payload_bytes=100000",))
    first = job.dead_letters()
    job.runs += 1
    summary = job.run_files(f"{job.folder}/dead-letters-0-*", options=("--input_format=dead_letters",))
    again = {record["reason"]: record for record in job.dead_letters()}
    assert_that(again["payload_too_large"], equal_to(next(r for r in first if r["reason"] == "payload_too_large")))
    assert_that(summary.dead_letters, equal_to({"payload_too_large": 1, "invalid_json": 1}))


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 3100, 10**6 + 1])
def test_the_parts_of_a_file_are_equal_and_cover_it(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(read_files, "_PART_BYTES", 1000)
    parts = list(read_files._ranges(size))
    assert_that([start for start, _ in parts], equal_to([0, *(end for _, end in parts[:-1])]))
    assert_that(parts[-1][1], equal_to(size))
    sizes = [end - start for start, end in parts]
    assert_that(max(sizes) <= 1000 and max(sizes) - min(sizes) <= len(parts), equal_to(True), str(sizes))
