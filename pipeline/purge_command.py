"""``purge``: remove the records of a list's people from dead-letter files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from customerio_beam.people.mentions import Lookup, UnreadableRecord
from customerio_beam.pipeline.command_settings import PurgeSettings
from customerio_beam.pipeline.commands import Given
from customerio_beam.pipeline.dead_letter_files import find_dead_letters, records
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.exit_status import exit_status
from customerio_beam.pipeline.file_patterns import FoundFile
from customerio_beam.pipeline.people_list import open_people
from customerio_beam.pipeline.read_files import open_file
from customerio_beam.pipeline.rewrite_file import rewrite_file
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.visible import visible

__all__ = ["run"]


def run(given: Given) -> int:
    """Purge the files.

    Returns:
        0: no record of these people is left; 3: some records or files can't be read, were kept, and are named.

    Raises:
        OptionError: The list can't be read, or there are no dead letters.
    """
    options = given[PurgeSettings]
    assert options.ids is not None and options.dead_letters is not None  # noqa: S101
    lookup = Lookup(open_people(options.ids, "auto").people)
    files = find_dead_letters(options.dead_letters)
    if not files:
        raise OptionError(f"--dead_letters={visible(options.dead_letters)} matches no file.")
    return exit_status(lambda: _run(lookup, files), "The command")


@dataclass
class _Purge:
    """What came of it.

    Attributes:
        records: How many were read.
        removed: How many of them are gone.
        rewritten: Of how many files.
        unreadable: How many records and files were kept because nobody can tell whom they are about.
    """

    records: int = 0
    removed: int = 0
    rewritten: int = 0
    unreadable: int = 0

    def keep(self, sentence: str) -> None:
        """Count and name what is kept unread."""
        self.unreadable += 1
        print(sentence, file=sys.stderr)


def _run(lookup: Lookup, files: list[FoundFile]) -> int:
    purge = _Purge()
    for found in files:
        try:
            with open_file(found.path) as file:
                removed = rewrite_file(found, file, _kept(file, found.path, lookup, purge))
        except UnreadableFileError as error:
            purge.keep(str(error))
            continue
        purge.removed += removed
        purge.rewritten += bool(removed)
    print(f"  {'files':<24}{len(files):>12,}")
    print(f"  {'  rewritten':<24}{purge.rewritten:>12,}")
    print(f"  {'records':<24}{purge.records:>12,}")
    print(f"  {'  removed':<24}{purge.removed:>12,}")
    if not purge.unreadable:
        return 0
    print(f"  {'  kept, unreadable':<24}{purge.unreadable:>12,}")
    return 3


def _kept(file: BinaryIO, name: str, lookup: Lookup, purge: _Purge) -> Iterator[bytes | None]:
    for number, line in records(file, name):
        if not line.strip():
            yield line
            continue
        purge.records += 1
        try:
            goes = lookup.finds(line)
        except UnreadableRecord as error:
            purge.keep(f"{visible(name)}:{number}: kept, because {error}.")
            goes = False
        yield None if goes else line
