"""Files of this machine: what a path, a folder or a pattern finds."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hamcrest import assert_that, contains_exactly, equal_to, starts_with

from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.reading.local_files import LocalFile, match_files

FILES = [
    "a.ndjson",
    "export[1].ndjson",
    "star*.ndjson",
    "starred.ndjson",
    "d[1]/x.ndjson",
    "d[1]/deep/y.json",
    "d1/z.ndjson",
    "d1/.hidden",
    "d1/_SUCCESS",
    ".git/config",
    "_temporary/part.ndjson",
    "line\nend.ndjson",
    " blank.ndjson",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path, value: str) -> list[str]:
    return [str(file.path.relative_to(folder)) for file in match_files(value)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a.ndjson", ["a.ndjson"]),
        ("./a.ndjson", ["a.ndjson"]),
        ("export[1].ndjson", ["export[1].ndjson"]),
        ("export*", ["export[1].ndjson"]),
        ("star*.ndjson", ["star*.ndjson", "starred.ndjson"]),
        ("[es]*", ["export[1].ndjson", "star*.ndjson", "starred.ndjson"]),
        ("d[1]", ["d[1]/deep/y.json", "d[1]/x.ndjson"]),
        ("d[1]/", ["d[1]/deep/y.json", "d[1]/x.ndjson"]),
        ("d[1]/*", ["d[1]/x.ndjson"]),
        ("d*/*", ["d1/z.ndjson", "d[1]/x.ndjson"]),
        ("d*/", ["d1/z.ndjson", "d[1]/deep/y.json", "d[1]/x.ndjson"]),
        ("**/*.json", ["d[1]/deep/y.json"]),
        ("d1", ["d1/z.ndjson"]),
        ("d1/_*", ["d1/_SUCCESS"]),
        ("d1/_SUCCESS", ["d1/_SUCCESS"]),
        ("_temporary", ["_temporary/part.ndjson"]),
        ("_*/**", ["_temporary/part.ndjson"]),
        (".*/*", [".git/config"]),
        ("line*", ["line\nend.ndjson"]),
        ("nothing", []),
        ("nothing/*", []),
        ("a.ndjson/b", []),
    ],
)
def test_what_is_found(folder: Path, value: str, expected: list[str]) -> None:
    assert_that(names(folder, value), equal_to(expected))
    assert_that(names(folder, f"{folder}/{value}"), equal_to(expected))


def test_a_folder_means_its_files_in_all_folders_but_hidden_ones(folder: Path) -> None:
    visible = [name for name in FILES if not any(part[0] in "._" for part in name.split("/"))]
    assert_that(sorted(names(folder, str(folder))), equal_to(sorted(visible)))


@pytest.mark.parametrize("value", [".", "./", "d1/.."])
def test_a_folder_may_be_named_by_dots(folder: Path, value: str) -> None:
    assert_that(
        {file.identity for file in match_files(value)}, equal_to({file.identity for file in match_files(str(folder))})
    )


def test_links_lead_to_one_identity(folder: Path) -> None:
    (folder / "link.ndjson").symlink_to(folder / "a.ndjson")
    (folder / "d1" / "loop").symlink_to(folder / "d1")
    [found] = match_files("link.ndjson")
    assert_that((found.size, found.identity), equal_to((8, folder / "a.ndjson")))
    assert_that(names(folder, "d1"), equal_to(["d1/z.ndjson"]))


def test_a_link_to_nothing_is_named(folder: Path) -> None:
    (folder / "d1" / "gone.ndjson").symlink_to(folder / "nowhere")
    with pytest.raises(UnreadableFileError, match=r"/d1/gone\.ndjson can't be read: No such file"):
        list(match_files("d1"))


def test_a_pipe_is_read_only_where_it_is_named(folder: Path) -> None:
    os.mkfifo(folder / "d1" / "pipe")
    assert_that(list(match_files("d1/pipe")), contains_exactly(LocalFile(folder / "d1/pipe", None, folder / "d1/pipe")))
    with pytest.raises(UnreadableFileError, match="/d1/pipe is a pipe or a device: to read it, name it by itself"):
        list(match_files("d1"))


def test_a_socket_is_named(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("d1/socket")
        with pytest.raises(UnreadableFileError, match="/d1/socket is neither a file nor a pipe"):
            list(match_files("d1/socket"))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system has no /proc")
def test_what_this_process_has_open_is_found_by_other_processes_too() -> None:
    reader, writer = os.pipe()
    try:
        found = [str(file.path) for file in match_files(f"/dev/fd/{reader}")]
        assert_that(found, equal_to([f"/proc/{os.getpid()}/fd/{reader}"]))
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="the system has no /proc")
def test_of_a_file_that_seems_empty_only_reading_tells_the_size() -> None:
    [found] = match_files("/proc/version")
    assert_that(found.size, equal_to(None))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list any folder")
def test_a_folder_that_cant_be_listed_is_named(folder: Path) -> None:
    (folder / "d1").chmod(0)
    with pytest.raises(UnreadableFileError) as raised:
        list(match_files(str(folder)))
    assert_that(str(raised.value), starts_with(f"{folder}/d1 can't be listed"))
