"""A list of people: one identifier a line, or CSV with a header."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.fields import is_placeholder
from customerio_beam.mapping.person import check_length, looks_like_email, user
from customerio_beam.mapping.settings import IdentifyBy
from customerio_beam.visible import visible

__all__ = ["COLUMNS", "MAX_ROWS", "ListError", "Person", "PersonList", "read_people"]

#: The columns that a CSV list may have.
COLUMNS: Final = ("id", "email", "cio_id")

#: The most rows of a list: it is held in memory.
MAX_ROWS: Final = 1_000_000

#: The longest row in bytes: three identifiers of 150 bytes, quoted. Longer lines are another kind of file.
_MAX_LINE_BYTES: Final = 1_000

_CIO_PREFIX: Final = "cio_"


class ListError(ValueError):
    """A file that is no list of people. The sentence names the file and the line, and repeats no identifier."""


class Person(NamedTuple):
    """One row of a list.

    Attributes:
        given: The line as it was given; of a CSV list, the column and value of each cell that is not empty.
        identifiers: The kind (``id``, ``email``, ``phone``, ``cio_id``) and value of each identifier.
    """

    given: str | tuple[tuple[str, str], ...]
    identifiers: tuple[tuple[str, str], ...]

    def as_given(self) -> Any:
        """Return what was given, as JSON has it: a text, or an object with a field for each column."""
        return self.given if isinstance(self.given, str) else dict(self.given)


class PersonList(NamedTuple):
    """The people of a list.

    Attributes:
        rows: How many rows the file has, repeated ones included.
        people: The people, each once, in the order of the file.
    """

    rows: int
    people: list[Person]


def read_people(file: BinaryIO, name: str, identify_by: IdentifyBy) -> PersonList:
    """Read a list of people.

    The first line decides: names of ``COLUMNS`` with commas between are a header, and the file is CSV. Otherwise each
    line is one identifier: ``cio_<x>`` is Customer.io's own id, an email is an email, anything else is an id.

    Args:
        file: UTF-8 text. White space around an identifier, and blank lines, mean nothing.
        name: The file's path, for errors.
        identify_by: How a line without a column names a person; see the mapping's option.

    Raises:
        ListError: It holds something else, nobody, or more than a million rows.
    """
    lines = _Lines(file, name)
    header = next(lines, None)
    people: dict[Person, None] = {}
    rows = 0
    if header is not None:
        columns = _columns(header)
        reader = _csv_rows(lines, columns) if columns else _plain_rows(header, lines, identify_by)
        try:
            for person in reader:
                rows += 1
                if rows > MAX_ROWS:
                    raise ListError(f"{visible(name)} has more than {MAX_ROWS:,} rows, which is the most: divide it.")
                people[person] = None
        except (csv.Error, InvalidEvent) as error:
            what = error.detail.rstrip(".") if isinstance(error, InvalidEvent) else error
            raise lines.error(str(what)) from None
    if not rows:
        raise ListError(f"{visible(name)} names nobody.")
    return PersonList(rows, list(people))


class _Lines:
    """The lines of a file that are not blank, as text; knows where it is."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while line := self._file.readline(_MAX_LINE_BYTES + 1):
            self._number += 1
            if len(line) > _MAX_LINE_BYTES:
                raise self.error(f"the line has more than {_MAX_LINE_BYTES:,} bytes, and holds one person")
            try:
                text = line.decode("utf-8-sig" if self._number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                raise self.error("the line is not UTF-8 text") from None
            if text:
                return text
        raise StopIteration

    def error(self, what: str) -> ListError:
        """Return the error for the line that was read last."""
        return ListError(f"{visible(self._name)}:{self._number}: {what}.")


def _columns(header: str) -> list[str]:
    """Return the columns that a header names; none where the line is no header."""
    names = [name.strip().strip('"').lower() for name in header.split(",")]
    return names if all(name in COLUMNS for name in names) and len(set(names)) == len(names) else []


def _csv_rows(lines: Iterator[str], columns: list[str]) -> Iterator[Person]:
    for cells in csv.reader(lines, strict=True):
        if len(cells) > len(columns):
            raise csv.Error(f"the row has {len(cells)} cells, and the header {len(columns)} columns")
        stripped = (cell.strip() for cell in cells)
        given = tuple((column, cell) for column, cell in zip(columns, stripped, strict=False) if cell)
        if not given:
            raise csv.Error("the row names nobody")
        yield Person(given, tuple(_identifier(column, cell) for column, cell in given))


def _plain_rows(first: str, lines: Iterator[str], identify_by: IdentifyBy) -> Iterator[Person]:
    line: str | None = first
    while line is not None:
        if "," in line or line.startswith('"'):
            raise csv.Error("the line looks like CSV: begin the file with the header id,email,cio_id, or one of them")
        _refuse_placeholder(line)
        yield Person(line, tuple(user(line, identify_by).items()))
        line = next(lines, None)


def _identifier(column: str, value: str) -> tuple[str, str]:
    _refuse_placeholder(value)
    if column == "email" and not looks_like_email(value):
        raise csv.Error("the column email holds something else")
    if column == "cio_id":
        value = value.removeprefix(_CIO_PREFIX)
    return column, check_length(value, column)


def _refuse_placeholder(value: str) -> None:
    if is_placeholder(value):
        raise csv.Error("the identifier is a word for nothing, such as null or undefined")
