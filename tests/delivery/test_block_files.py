"""Blocks on disk: private, and gone after the run, whatever became of it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hamcrest import assert_that, calling, contains_string, equal_to, has_length, is_, less_than, raises

from customerio_beam.delivery.block_files import block_store, content_of, new_block_folder
from customerio_beam.delivery.blocks import BlockPacker, RowReader
from customerio_beam.delivery.errors import DiskError
from customerio_beam.mapping.origin import Origin

_HOUR_SECS = 3600


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def _store(content: bytes, folder: str) -> bytes:
    with block_store(folder) as store:
        return store(content)


def _age(folder: Path) -> None:
    then = time.time() - _HOUR_SECS
    os.utime(folder, (then, then))


def test_content_comes_back_from_its_file() -> None:
    with new_block_folder() as folder:
        assert_that(content_of(_store(b"content", folder)), equal_to(b"content"))


def test_many_contents_share_a_file() -> None:
    contents = [b"", b"a", bytes(100_000), b"z"]
    with new_block_folder() as folder:
        with block_store(folder) as store:
            stored = [store(content) for content in contents]
        assert_that(list(Path(folder).iterdir()), has_length(1))
        assert_that([content_of(each) for each in stored[::-1]], equal_to(contents[::-1]))


def test_a_content_can_be_read_as_soon_as_it_is_stored() -> None:
    with new_block_folder() as folder, block_store(folder) as store:
        assert_that(content_of(store(b"content")), equal_to(b"content"))


def test_a_packers_blocks_are_small_and_read_as_any_others() -> None:
    origin = Origin(os.urandom(100_000))
    with new_block_folder() as folder:
        packer = BlockPacker(1, folder)
        packer.add([(b"k" * 16, (0, b"{}", origin))])
        [(_, block)] = packer.flush()
        assert_that(len(block[2]), less_than(1000))
        assert_that([row.text for row in RowReader().rows([block])], equal_to([origin.text]))


def test_others_can_not_read_them() -> None:
    with new_block_folder() as folder:
        _store(b"content", folder)
        [file] = Path(folder).iterdir()
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (Path(folder), file)]
    assert_that(modes, equal_to([0o700, 0o600]))


def test_nothing_is_left_after_a_run_that_fails(folders: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_block_folder() as folder:
        _store(b"content", folder)
        raise KeyboardInterrupt
    assert_that(list(folders.iterdir()), has_length(0))


def test_what_a_killed_run_left_behind_is_removed(folders: Path) -> None:
    program = (
        "import os, signal, tempfile\n"
        f"tempfile.tempdir = {str(folders)!r}\n"
        "from customerio_beam.delivery.block_files import new_block_folder\n"
        "with new_block_folder(): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    [abandoned] = folders.iterdir()
    _age(abandoned)
    with new_block_folder() as folder:
        assert_that([str(path) for path in folders.iterdir()], equal_to([folder]))


def test_a_running_ones_folder_is_left_alone(folders: Path) -> None:
    with new_block_folder() as running:
        _age(Path(running))
        with new_block_folder():
            assert_that(Path(running).is_dir(), is_(True))


def test_a_file_that_is_gone_fails_by_name() -> None:
    with new_block_folder() as folder:
        content = _store(b"content", folder)
    assert_that(calling(content_of).with_args(content), raises(DiskError, "temporary files"))


def test_a_file_that_is_cut_fails_by_name() -> None:
    with new_block_folder() as folder:
        content = _store(b"content", folder)
        [file] = Path(folder).iterdir()
        os.truncate(file, 3)
        assert_that(calling(content_of).with_args(content), raises(DiskError, "has been cut"))


def test_a_folder_that_can_not_be_written_to_fails_by_name(folders: Path) -> None:
    with pytest.raises(DiskError) as raised:
        _store(b"content", f"{folders}/missing")
    assert_that(str(raised.value), contains_string(f"{folders}/missing"))
