"""A plain file of lines, read in parts: each line is in one part, and each byte."""

from __future__ import annotations

import itertools

import pytest
from hamcrest import assert_that, equal_to
from hypothesis import given, settings
from hypothesis import strategies as st

from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.reading.files import Range, has_plain_lines, read_range
from tests.reading.blocks import blocks
from tests.reading.compressions import COMPRESS

_lines = st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=12)


@settings(deadline=None)
@given(_lines, st.booleans(), st.lists(st.integers(1, 200), max_size=5), st.integers(1, 40))
def test_every_line_is_in_one_range(found: list[bytes], is_ended: bool, cuts: list[int], size: int) -> None:
    data = b"\n".join(found) + (b"\n" if is_ended else b"")
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    read, parts = 0, []
    for start, end in itertools.pairwise(edges):
        lines = Range(blocks(data[max(start - 1, 0) :], size), start, end)
        for payload in read_range("f", lines):
            parts.append((payload.offset, payload.data))
        read += lines.read
    assert_that(read, equal_to(len(data)))
    assert_that(b"".join(text for _, text in sorted(parts)), equal_to(data))
    assert_that([data[offset : offset + len(text)] for offset, text in parts], equal_to([text for _, text in parts]))
    for offset, _ in parts:
        assert_that(offset == 0 or data[offset - 1 : offset] == b"\n", equal_to(True))


def test_a_line_longer_than_several_ranges_is_in_the_first() -> None:
    data = b"a\n" + b"x" * 100 + b"\nb\n"
    ranges = [Range(blocks(data[max(start - 1, 0) :], 7), start, start + 10) for start in range(0, len(data), 10)]
    texts = [b"".join(lines) for lines in ranges]
    assert_that(texts, equal_to([data[:103], *[b""] * 9, b"b\n"]))


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (b'{"a":1}\n{"b":2}\n{"c":', True),
        (b"\xef\xbb\xbf\n\n" + b'{"a":1}\n', True),
        (b"hello\n", True),
        (b'{"a":1}', False),  # its line may be of any length
        (b'[\n{"a":1},\n', False),
        (b'{\n"a":1}\n', False),
        (b" \n \n", False),  # its first value may run over lines
        (b"", False),
        pytest.param(COMPRESS["gzip"](b'{"a":1}\n'), False, id="gzip"),
    ],
)
def test_only_plain_lines_are_read_in_parts(block: bytes, expected: bool) -> None:
    assert_that(has_plain_lines("f", block), equal_to(expected))


def test_a_file_of_another_kind_is_named_before_it_is_divided() -> None:
    with pytest.raises(UnreadableFileError, match="f is a zip archive"):
        has_plain_lines("f", b"PK\x03\x04")
