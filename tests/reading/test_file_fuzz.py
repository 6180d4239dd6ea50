"""Of every file all is read, or it is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hamcrest import assert_that, contains_string, equal_to

from customerio_beam.mapping.event import Event, Rejected
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.reading.events import read_events
from customerio_beam.reading.files import read_file
from customerio_beam.reading.local_files import match_files
from customerio_beam.reading.text import Blocks
from customerio_beam.visible import visible
from tests.reading.file_fuzz import FuzzedFile, fuzzed_file

_BETWEEN_EVENTS = frozenset(b" \t\r\n\x1e,[]\xef\xbb\xbf")
_FILES_A_TEST = 60


def _write(fuzzed: FuzzedFile, folder: Path) -> Path:
    path = folder / fuzzed.folder / fuzzed.name
    path.parent.mkdir()
    path.write_bytes(fuzzed.data)
    return path


def _outcomes(path: Path) -> list[Event | Rejected]:
    with path.open("rb") as file:
        blocks = Blocks(str(path), file)
        outcomes = [
            outcome
            for payload in read_file(str(path), blocks)
            for outcome in read_events(payload)
            if isinstance(outcome, (Event, Rejected))
        ]
        assert_that(blocks.read, equal_to(path.stat().st_size))
        return outcomes


def _unread(text: bytes, outcomes: list[Event | Rejected]) -> set[int]:
    """The bytes of a text that no outcome holds."""
    unread = bytearray(text)
    for outcome in outcomes:
        start = outcome.origin.offset
        assert_that(text[start : start + len(outcome.origin.text)], equal_to(outcome.origin.text))
        unread[start : start + len(outcome.origin.text)] = b" " * len(outcome.origin.text)
    return set(unread)


@pytest.mark.parametrize("first", range(0, 600, _FILES_A_TEST))
def test_all_is_read_or_the_file_is_named(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + _FILES_A_TEST):
        folder = tmp_path / str(seed)
        folder.mkdir()
        fuzzed = fuzzed_file(seed)
        path = _write(fuzzed, folder)
        for value in (str(path), str(path.parent), f"{folder}/*/*", f"{folder}/**"):
            found = {(file.path, file.size or 0) for file in match_files(value)}
            assert_that(found, equal_to({(path, len(fuzzed.data))}), f"seed {seed}")
        must_be_whole = fuzzed.change in ("", "doubled") or (fuzzed.change == "padded" and fuzzed.compression != "")
        try:
            outcomes = _outcomes(path)
        except UnreadableFileError as error:
            assert_that(must_be_whole, equal_to(False), f"seed {seed}: {error}")
            assert_that(str(error), contains_string(visible(str(path))))
            continue
        if must_be_whole:
            events = [outcome.message_id for outcome in outcomes if isinstance(outcome, Event)]
            assert_that(events, equal_to(fuzzed.events), f"seed {seed}")
            assert_that(len(outcomes), equal_to(len(fuzzed.events)))
        elif fuzzed.compression:
            # No checksum tells of some changed bits. Cut to two bytes, it is the letters that they are.
            is_told = fuzzed.change == "spoiled" or len(fuzzed.data) < 3 or fuzzed.compression == "deflate"
            assert_that(is_told, equal_to(True), f"seed {seed}: {fuzzed}")
        else:
            assert_that(_unread(fuzzed.text, outcomes) <= _BETWEEN_EVENTS, equal_to(True), f"seed {seed}")
