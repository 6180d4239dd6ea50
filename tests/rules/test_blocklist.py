"""The set of blocked people: exact, and small."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hamcrest import assert_that, calling, empty, equal_to, has_length, is_, less_than, raises, same_instance
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.rules.blocklist import Blocklist, shared_blocklist


def blocklist(data: bytes) -> Blocklist:
    return Blocklist.read(io.BytesIO(data), "ids.txt")


@pytest.mark.parametrize(
    ("identifier", "blocked"),
    [
        ("u1", True),
        ("U1", False),
        ("u2", True),
        ("u", False),
        ("ada@example.com", True),
        ("ADA@Example.com", True),
        ("zoë@example.com", True),
        ("ZOË@example.com", True),
        ("漢字", True),
        ("last", True),
        ("", False),
        ("two words", True),
    ],
)
def test_ids_are_compared_exactly_and_emails_in_lower_case(identifier: str, blocked: bool) -> None:
    data = "\ufeffu1\r\n  u2\t\n\n   \nAda@Example.COM\nZoë@example.com\n漢字\ntwo words\nlast".encode()
    assert_that(identifier in blocklist(data), is_(blocked))


@given(st.sets(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12)), st.text())
def test_all_of_a_file_is_in_it_and_nothing_else(ids: set[str], other: str) -> None:
    found = blocklist("\n".join([*ids, "always"]).encode())
    compared = {text.lower() if "@" in text else text for text in [*ids, "always"]}
    assert_that([text for text in ids if text not in found], empty())
    assert_that(other in found, equal_to((other.lower() if "@" in other else other) in compared))


def test_an_entry_counts_once() -> None:
    assert_that(blocklist(b"a\nb\na\nA@x.y\na@X.Y\n"), has_length(3))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "ids.txt has no entry"),
        (b"\n \n", "ids.txt has no entry"),
        (b"u1\n\xff\xfe\n", r"ids.txt is not UTF-8 text \(lines 1 to 2\)"),
        (b"u1\nu\x002\n", "ids.txt is not UTF-8 text"),
        (
            b"u1\n" + b"x" * 1001 + b"\nu2\n",
            "ids.txt has 1,001 bytes or more in line 2: a line must",
        ),
        (b"x" * 5_000_000, "ids.txt has .* bytes or more in line 1"),
    ],
)
def test_another_kind_of_file_is_refused_by_name(data: bytes, sentence: str) -> None:
    assert_that(calling(blocklist).with_args(data), raises(UnreadableFileError, sentence))


def test_a_file_with_too_many_entries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customerio_beam.rules.blocklist.MAX_ENTRIES", 3)
    assert_that(calling(blocklist).with_args(b"1\n2\n3\n4\n"), raises(UnreadableFileError, "more than 3 entries"))


def test_lines_across_the_parts_that_a_file_is_read_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customerio_beam.rules.blocklist._CHUNK_BYTES", 5)
    found = blocklist(b"user-1\nuser-22\r\nx\nuser-333")
    assert_that(
        [text in found for text in ("user-1", "user-22", "x", "user-333", "user-3")], equal_to([True] * 4 + [False])
    )


def test_a_process_reads_a_file_once(tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_bytes(b"u1\n")
    first = shared_blocklist(str(file), io.FileIO)
    file.unlink()
    assert_that(shared_blocklist(str(file), io.FileIO), same_instance(first))


# The peak of a process begins with its parent's, unless it is reset.
_MEASURE = """
import re, sys
from pathlib import Path
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.rules.blocklist import Blocklist
Path("/proc/self/clear_refs").write_text("5")
with Path(sys.argv[1]).open("rb") as file:
    found = Blocklist.read(file, "ids")
assert "user-000007" in found and "other" not in found
print(len(found), int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def test_a_million_ids_take_a_tenth_of_the_memory_that_ten_million_may(tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    with file.open("wb") as target:
        target.writelines(b"user-%06d\n" % number for number in range(1_000_000))
    answer = subprocess.run([sys.executable, "-c", _MEASURE, str(file)], capture_output=True, text=True, check=True)
    count, megabytes = map(int, answer.stdout.split())
    assert_that(count, equal_to(1_000_000))
    assert_that(megabytes, less_than(50))
