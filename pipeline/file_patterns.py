"""The files that an option's values mean: those of this machine, and those of Beam's other file systems."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.filesystems import FileSystems

from customerio_beam.pipeline.errors import OptionError
from customerio_beam.reading.errors import UnreadableFileError, unreadable
from customerio_beam.reading.local_files import match_files
from customerio_beam.reading.patterns import ANY_DEPTH, compile_pattern, has_wildcards
from customerio_beam.transforms.file_systems import reason_of
from customerio_beam.visible import visible

__all__ = ["FoundFile", "check_files", "file_patterns", "find_files", "is_local", "names_a_file"]

_SCHEME = re.compile(r"([a-zA-Z][-a-zA-Z0-9+.]*)://").match
_FILE_URL = re.compile(r"file:(?://(?:localhost)?)?(?=/)").match

#: What Beam's file systems need besides Beam itself: a module, and the extra that installs it.
_EXTRAS = {"s3": ("boto3", "aws"), "azfs": ("azure.storage.blob", "azure")}


class FoundFile(NamedTuple):
    """A file to read.

    Attributes:
        path: Its path or URL.
        size: Its size in bytes; None where only reading tells.
        identity: What all its paths have in common.
    """

    path: str
    size: int | None
    identity: str


def file_patterns(values: Sequence[str]) -> list[str]:
    """Return the paths, folders and patterns that the values of an option hold.

    Args:
        values: Each is one, or several with commas between. Local ones may be relative, or ``file:`` URLs.

    Returns:
        Local ones absolute, so that they mean the same in every process; URLs as they are.
    """
    patterns: list[str] = []
    for value in values:
        # A file's name may have commas in it.
        parts = [value] if os.path.lexists(value) else value.split(",")
        patterns += [_absolute(part) for part in parts if part]
    return patterns


def is_local(path: str) -> bool:
    """Whether a path is one of this machine."""
    return _SCHEME(path) is None


def names_a_file(pattern: str) -> bool:
    """Whether one of ``file_patterns`` names a single file. Folders and patterns mean whatever files there are."""
    if is_local(pattern) and os.path.lexists(pattern):
        return not Path(pattern).is_dir()
    return not has_wildcards(pattern) and not pattern.endswith("/")


def check_files(patterns: Sequence[str]) -> None:
    """Check that every pattern matches a file, before anything runs.

    Args:
        patterns: As ``file_patterns`` returns them.

    Raises:
        OptionError: One matches none, or its place can't be read.
    """
    for pattern in patterns:
        _check_file_system(pattern)
        try:
            found = next(find_files(pattern, limit=1), None)
        except UnreadableFileError as error:
            raise OptionError(f"--input={visible(pattern)}: {error}") from error
        if found is None:
            raise OptionError(f"--input={visible(pattern)} matches no file.")


def find_files(pattern: str, limit: int | None = None) -> Iterator[FoundFile]:
    """Find the files of a pattern.

    Args:
        pattern: One that ``file_patterns`` returns.
        limit: How many are wanted at least; None for all.

    Yields:
        The files.

    Raises:
        UnreadableFileError: The place can't be read, or a match is no file.
    """
    if is_local(pattern):
        for file in match_files(pattern):
            yield FoundFile(str(file.path), file.size, str(file.identity))
        return
    try:
        found = _match_remote(pattern, limit)
    except Exception as error:  # each file system raises what its library does
        raise unreadable(pattern, f"can't be read: {reason_of(error)}") from error
    for metadata in found:
        yield FoundFile(metadata.path, metadata.size_in_bytes, metadata.path)


def _absolute(part: str) -> str:
    url = _FILE_URL(part)
    if url is not None:
        path = part[url.end() :]
        return path if os.path.lexists(path) else unquote(path)
    return os.path.join(Path.cwd(), part) if is_local(part) else part  # noqa: PTH118  # keeps a slash at the end


def _check_file_system(pattern: str) -> None:
    scheme = _SCHEME(pattern)
    if scheme is None:
        return
    module, extra = _EXTRAS.get(scheme[1], ("", ""))
    if module and not _is_installed(module):
        raise OptionError(f"--input={visible(pattern)} needs an extra: pip install 'customerio-beam[{extra}]'.")
    try:
        FileSystems.get_filesystem(pattern)
    except ValueError:
        raise OptionError(
            f"--input={visible(pattern)}: there is no file system {scheme[1]}://. Give paths, or URLs of gs://, s3:// "
            "or azfs://."
        ) from None


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a package that it is in
        return False


def _match_remote(pattern: str, limit: int | None) -> list[FileMetadata]:
    system = FileSystems.get_filesystem(pattern)
    if "*" not in pattern and "?" not in pattern:
        names_object = pattern.count("/") > 2 and not pattern.endswith("/")
        if names_object and system.exists(pattern):
            return [system.metadata(pattern)]
        if not has_wildcards(pattern):
            pattern = f"{pattern.rstrip('/')}/{ANY_DEPTH}"
    elif pattern.endswith("/"):
        pattern += ANY_DEPTH
    matches = compile_pattern(pattern).fullmatch
    # For Beam, ** followed by / means at least one folder.
    wider = pattern.replace(f"{ANY_DEPTH}/", ANY_DEPTH)
    found = _match(system, wider, limit, matches)
    return found if found or limit is None else _match(system, wider, None, matches)


def _match(system: Any, pattern: str, limit: int | None, matches: Any) -> list[FileMetadata]:
    [result] = system.match([pattern], [limit])
    return [metadata for metadata in result.metadata_list if matches(metadata.path)]
