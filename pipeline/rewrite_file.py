"""Rewrites a file without some of its lines: the whole change happens, or none."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from customerio_beam.pipeline.file_patterns import FoundFile, is_local
from customerio_beam.reading.errors import UnreadableFileError, unreadable

__all__ = ["rewrite_file"]

#: Patterns leave out names that begin with a dot.
_TEMPORARY = ".{}.purge"


def rewrite_file(found: FoundFile, file: BinaryIO, lines: Iterable[bytes | None]) -> int:
    """Write a file anew, of the lines that are kept. A file with no line left is removed.

    A local file is replaced by one of mode 0600, in one step (rename). An object is replaced in one step by a copy; the
    copy's source, beside it, is removed after that.

    Args:
        found: The file.
        file: The same, open at its beginning, for the check that nothing else writes to it.
        lines: Each line of the file in its order; None in the place of one that goes.

    Returns:
        How many lines went. The file is left alone where none did.

    Raises:
        UnreadableFileError: The file changed meanwhile, or can't be written.
    """
    try:
        return _rewrite_local(found, file, lines) if is_local(found.path) else _rewrite_object(found.path, lines)
    except UnreadableFileError:
        raise
    except OSError as error:
        raise unreadable(found.path, f"can't be rewritten: {error.strerror or error}.") from error


def _rewrite_local(found: FoundFile, file: BinaryIO, lines: Iterable[bytes | None]) -> int:
    path = Path(found.identity)  # not a link to it
    temporary = path.with_name(_TEMPORARY.format(path.name))
    before = _state(os.fstat(file.fileno()))
    temporary.unlink(missing_ok=True)  # of an earlier run that was killed
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as copy:
            kept, removed = _copy(lines, copy)
            copy.flush()
            os.fsync(copy.fileno())
        if not removed:
            return 0
        if _state(path.stat()) != before:
            raise unreadable(found.path, "changed while it was read: does a job write to it? Run again after it.")
        if kept:
            temporary.replace(path)
        else:
            path.unlink()
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return removed


def _rewrite_object(url: str, lines: Iterable[bytes | None]) -> int:
    folder, _, name = url.rpartition("/")
    temporary = f"{folder}/{_TEMPORARY.format(name)}"
    system = FileSystems.get_filesystem(url)
    before = system.metadata(url)
    try:
        with FileSystems.create(temporary, "application/octet-stream", CompressionTypes.UNCOMPRESSED) as copy:
            kept, removed = _copy(lines, copy)
        if not removed:
            return 0
        after = system.metadata(url)
        if (after.size_in_bytes, after.last_updated_in_seconds) != (
            before.size_in_bytes,
            before.last_updated_in_seconds,
        ):
            raise unreadable(url, "changed while it was read: does a job write to it? Run again after it.")
        if kept:
            FileSystems.rename([temporary], [url])
        else:
            FileSystems.delete([url])
    finally:
        if FileSystems.exists(temporary):
            FileSystems.delete([temporary])
    return removed


def _copy(lines: Iterable[bytes | None], copy: BinaryIO) -> tuple[int, int]:
    kept = removed = 0
    for line in lines:
        if line is None:
            removed += 1
        else:
            kept += bool(line.strip())
            copy.write(line)
    return kept, removed


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
