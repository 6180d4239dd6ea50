"""A file that grows line by line, out of everybody else's reach."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hamcrest import assert_that, calling, contains_exactly, equal_to, raises

from customerio_beam.people.private_log import PrivateLog, PrivateLogError


def test_lines_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for line in (b"one", b"two"):
        with PrivateLog(path) as log:
            log.write(line)
    with PrivateLog(path) as log:
        assert_that(list(log.lines()), contains_exactly(b"one\n", b"two\n"))


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch(0o644)
    with PrivateLog(path):
        assert_that(stat.S_IMODE(path.stat().st_mode), equal_to(0o600))


def test_what_is_written_is_there_also_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), PrivateLog(tmp_path / "log") as log:
        log.write(b"one")
        raise KeyboardInterrupt
    assert_that((tmp_path / "log").read_bytes(), equal_to(b"one\n"))


@pytest.mark.parametrize(
    ("name", "why"), [("", "Is a directory"), ("no/log", "No such file"), ("link", "symbolic links")]
)
def test_what_is_no_file_is_refused_by_name(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    refused = raises(PrivateLogError, f"{name} can't be written to: .*{why}")
    assert_that(calling(PrivateLog).with_args(tmp_path / name), refused)


def test_a_device_is_refused() -> None:
    refused = raises(PrivateLogError, "/dev/null is no file of this user")
    assert_that(calling(PrivateLog).with_args(Path("/dev/null")), refused)
