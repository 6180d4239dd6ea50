"""Files of this machine, by path, folder or pattern.

What is there is found, or an error names it: nothing is left out in silence.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from customerio_beam.reading.errors import unreadable
from customerio_beam.reading.patterns import ANY_DEPTH, HIDDEN, compile_pattern

__all__ = ["LocalFile", "match_files"]

# How a shell names what it connects: ``<(...)``, and ``<`` or a pipe.
_DESCRIPTOR: Final = re.compile(r"/dev/(?:stdin|fd/(\d+))|/proc/self/fd/(\d+)").fullmatch


class LocalFile(NamedTuple):
    """A file.

    Attributes:
        path: Its path.
        size: Its size in bytes; None where only reading tells: of pipes, devices, and files of /proc.
        identity: What all its paths have in common, those through links too.
    """

    path: Path
    size: int | None
    identity: Path


def match_files(value: str) -> Iterator[LocalFile]:
    """Find files.

    Args:
        value: A path; a folder, which means the files in it and in its folders; or a pattern (``patterns``). A name
            that exists is no pattern, unless it has ``*`` or ``?``: then it is both.

    Yields:
        The files. One that is found in two ways comes twice.

    Raises:
        UnreadableFileError: A folder can't be listed, or a match is no file.
    """
    parts = [part for part in value.split("/") if part not in ("", ".")]
    if value.endswith("/") or not parts:
        parts.append(ANY_DEPTH)
    yield from _match(Path("/") if value.startswith("/") else Path.cwd(), parts)


def _match(folder: Path, parts: list[str]) -> Iterator[LocalFile]:
    part, rest = parts[0], parts[1:]
    named = folder / part
    found = [named] if _exists(named) else []
    if ANY_DEPTH in part:
        yield from _match_below(folder, parts)
    elif "*" in part or "?" in part or ("[" in part and not found):
        matches = compile_pattern(part).fullmatch
        found = sorted({*found, *(entry for entry in _entries(folder) if matches(entry.name))})
    for path in found:
        is_folder = _is_folder(path)
        if rest:
            if is_folder:
                yield from _match(path, rest)
        elif not is_folder:
            yield _file(path, is_named=path == named)
        elif path == named:
            yield from _match_below(path, [ANY_DEPTH])


def _match_below(folder: Path, parts: list[str]) -> Iterator[LocalFile]:
    matches = compile_pattern("/".join(parts)).fullmatch
    enters_hidden = any(part.startswith(HIDDEN) for part in parts)
    for path in _files_below(folder, enters_hidden, frozenset()):
        if matches(str(path.relative_to(folder))):
            yield _file(path, is_named=False)


def _files_below(folder: Path, enters_hidden: bool, parents: frozenset[Path]) -> Iterator[Path]:
    real = folder.resolve()
    if real in parents:
        return  # a link to a folder that it is in
    for path in _entries(folder):
        if not _is_folder(path):
            yield path
        elif enters_hidden or not path.name.startswith(HIDDEN):
            yield from _files_below(path, enters_hidden, parents | {real})


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise unreadable(str(folder), f"can't be listed: {error.strerror}.") from error


def _exists(path: Path) -> bool:
    return os.path.lexists(path)


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder. One that can't be looked at is none: reading it says why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _file(path: Path, *, is_named: bool) -> LocalFile:
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(str(path), f"can't be read: {error.strerror}.") from error
    if stat.S_ISREG(status.st_mode):
        # Of a file that only seems to be empty, as in /proc, only reading tells.
        return LocalFile(path, status.st_size or None, path.resolve())
    if not (stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode)):
        raise unreadable(str(path), "is neither a file nor a pipe.")
    if not is_named:
        raise unreadable(str(path), "is a pipe or a device: to read it, name it by itself.")
    return LocalFile(_for_all_processes(path), None, path)


def _for_all_processes(path: Path) -> Path:
    """Return how other processes find what this one has open: some runners read in another process."""
    descriptor = _DESCRIPTOR(str(path))
    own = Path(f"/proc/{os.getpid()}/fd")
    return own / (descriptor[1] or descriptor[2] or "0") if descriptor is not None and own.is_dir() else path
