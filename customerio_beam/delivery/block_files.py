"""Blocks on disk instead of in the runner's memory, where all workers are processes of one machine.

Beam's local runner keeps everything that it groups in memory, several times over. A block's file crosses the shuffle
as a path, so that memory doesn't grow with the input.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Iterator

from customerio_beam.delivery.errors import DiskError
from customerio_beam.visible import visible

__all__ = ["content_of", "new_block_folder", "to_file"]

_PREFIX = "customerio-beam-blocks-"

#: Stands before a file's path, in the place of a block's content. A Zstandard frame begins with other bytes (RFC 8878).
_IN_FILE = b"file:"

#: A folder that is so young may be one that another process is about to lock.
_YOUNG_SECS = 60


@contextlib.contextmanager
def new_block_folder() -> Iterator[str]:
    """Make a folder for a run's blocks, in the one for temporary files; remove it with all that is in it at the end.

    Blocks hold personal data: the folder has mode 0700. Folders whose process was killed are removed, too.

    Yields:
        Its path.

    Raises:
        DiskError: It can't be made.
    """
    _remove_abandoned()
    try:
        path = tempfile.mkdtemp(prefix=_PREFIX)
    except OSError as error:
        raise DiskError(f"A folder for temporary files can't be made ({error.strerror}): set TMPDIR.") from None
    lock = _lock(pathlib.Path(path))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def to_file(content: bytes, folder: str) -> bytes:
    """Write a block's content to a file of its own.

    Args:
        content: The compressed content.
        folder: One of ``new_block_folder``.

    Returns:
        What stands for the content in the block.

    Raises:
        DiskError: The file can't be written.
    """
    try:
        descriptor, path = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise DiskError(
            f"Blocks can't be written to {visible(folder)} ({error.strerror}): free some space, or set TMPDIR to a "
            "folder that has more."
        ) from None
    return _IN_FILE + os.fsencode(path)


def content_of(content: bytes) -> bytes:
    """Return a block's compressed content, from its file where it has one.

    Raises:
        DiskError: The file can't be read.
    """
    if not content.startswith(_IN_FILE):
        return content
    path = pathlib.Path(os.fsdecode(content.removeprefix(_IN_FILE)))
    try:
        return path.read_bytes()
    except OSError as error:
        raise DiskError(
            f"A block can't be read from {visible(str(path))} ({error.strerror}): does something remove temporary "
            "files? Run again; nothing is sent twice."
        ) from None


def _lock(folder: pathlib.Path) -> int | None:
    """Lock a folder for as long as this process lives; None if another one has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_abandoned() -> None:
    for folder in pathlib.Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or another process is removing it
            found = folder.lstat()
            if found.st_uid != os.geteuid() or time.time() - found.st_mtime < _YOUNG_SECS:
                continue
            lock = _lock(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)
