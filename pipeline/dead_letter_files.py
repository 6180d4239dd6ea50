"""The files of dead letters that ``--dead_letters`` names to a command, and their records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.file_patterns import FoundFile, file_patterns, find_files, is_local
from customerio_beam.reading.errors import UnreadableFileError, unreadable
from customerio_beam.reading.kinds import HEAD_BYTES, TEXT, identify
from customerio_beam.reading.patterns import ANY_DEPTH, has_wildcards

__all__ = ["dead_letter_pattern", "find_dead_letters", "records"]

#: The longest record. A payload has at most ``--max_payload_bytes`` (10 MB by default); as JSON text up to six times.
_MAX_RECORD_BYTES = 128 << 20


def find_dead_letters(prefix: str) -> list[FoundFile]:
    """Find the files of a prefix, each once.

    Args:
        prefix: The ``--dead_letters`` of a run, a folder, or a pattern.

    Raises:
        OptionError: The place can't be read.
    """
    found: dict[str, FoundFile] = {}
    try:
        for value in file_patterns([prefix]):
            for file in find_files(dead_letter_pattern(value)):
                found.setdefault(file.identity, file)
    except UnreadableFileError as error:
        raise OptionError(f"--dead_letters={error}") from error
    return [found[identity] for identity in sorted(found)]


def dead_letter_pattern(prefix: str) -> str:
    """Return the pattern of the files that a prefix, a folder or a pattern means."""
    if has_wildcards(prefix):
        return prefix
    if prefix.endswith("/") or (is_local(prefix) and Path(prefix).is_dir()):
        return f"{prefix.rstrip('/')}/{ANY_DEPTH}"
    return f"{prefix}*"


def records(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Read the records of a file.

    Args:
        file: The file, at its beginning.
        name: Its path, for errors.

    Yields:
        The number of each line, from 1, and the line with its end. Blank lines too.

    Raises:
        UnreadableFileError: It is compressed, is no text, or has a line that is too long.
    """
    number = 0
    while line := file.readline(_MAX_RECORD_BYTES + 1):
        if number == 0:
            kind = identify(line[:HEAD_BYTES], name)
            if kind != TEXT:
                raise unreadable(name, f"is compressed ({kind}): unpack it first.")
        number += 1
        if len(line) > _MAX_RECORD_BYTES:
            raise unreadable(name, f"has more than {_MAX_RECORD_BYTES:,} bytes in line {number}: it is no dead letter.")
        yield number, line
