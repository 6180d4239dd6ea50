"""Blocks on disk instead of in the runner's memory, where all workers are processes of one machine.

Beam's local runner keeps everything that it groups in memory, several times over. The place of a block's content in a
file crosses the shuffle instead, so that memory doesn't grow with the input.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import shutil
import struct
import tempfile
import time
from collections.abc import Callable, Iterator

from customerio_beam.delivery.errors import DiskError
from customerio_beam.visible import visible

__all__ = ["block_store", "content_of", "new_block_folder"]

_PREFIX = "customerio-beam-blocks-"

#: The beginning of what stands for a content that is in a file. A Zstandard frame begins with other bytes (RFC 8878).
_IN_FILE = b"file:"
#: Behind that: where the content begins in the file, and how many bytes it has; then the file's path.
_EXTENT = struct.Struct("<QI")

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


@contextlib.contextmanager
def block_store(folder: str | None) -> Iterator[Callable[[bytes], bytes]]:
    """Keep the compressed contents of blocks: in a file of their own, or in the blocks themselves.

    Args:
        folder: One of ``new_block_folder``; None for the blocks themselves.

    Yields:
        A function that keeps a content and returns what stands for it in its block.

    Raises:
        DiskError: Here or by the function: the file can't be written.
    """
    if folder is None:
        yield lambda content: content
        return
    with _named(folder):
        descriptor, path = tempfile.mkstemp(dir=folder)
    with os.fdopen(descriptor, "wb") as file:

        def store(content: bytes) -> bytes:
            with _named(folder):
                start = file.tell()
                file.write(content)
                file.flush()
            return _IN_FILE + _EXTENT.pack(start, len(content)) + os.fsencode(path)

        yield store


@contextlib.contextmanager
def _named(folder: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskError(
            f"Blocks can't be written to {visible(folder)} ({error.strerror}): free some space, or set TMPDIR to a "
            "folder that has more."
        ) from None


def content_of(content: bytes) -> bytes:
    """Return a block's compressed content, from its file where it has one.

    Raises:
        DiskError: The file can't be read.
    """
    if not content.startswith(_IN_FILE):
        return content
    start, size = _EXTENT.unpack_from(content, len(_IN_FILE))
    path = pathlib.Path(os.fsdecode(content[len(_IN_FILE) + _EXTENT.size :]))
    try:
        with path.open("rb", buffering=0) as file:
            found = os.pread(file.fileno(), size, start)
    except OSError as error:
        raise _unreadable(path, error.strerror) from None
    if len(found) != size:
        raise _unreadable(path, "it has been cut")
    return found


def _unreadable(path: pathlib.Path, why: str | None) -> DiskError:
    return DiskError(
        f"A block can't be read from {visible(str(path))} ({why}): does something remove temporary files? Run again; "
        "nothing is sent twice."
    )


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
