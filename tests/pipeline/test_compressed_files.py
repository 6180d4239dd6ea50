from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable

import pytest
import zstandard
from hamcrest import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.pipeline.compressed_files import DamagedFileError, is_compressed, may_match_compressed, read_lines

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}
formats = pytest.mark.parametrize("suffix", COMPRESS)


def lines(suffix: str, data: bytes) -> list[bytes]:
    return list(read_lines(f"file{suffix}", io.BytesIO(data)))


@formats
def test_lines_are_read(suffix: str) -> None:
    assert_that(lines(suffix, COMPRESS[suffix](b"one\ntwo\r\n\nlast")), equal_to([b"one", b"two", b"", b"last"]))


@formats
def test_members_may_follow_one_another(suffix: str) -> None:
    compress = COMPRESS[suffix]
    assert_that(lines(suffix, compress(b"one\ntw") + compress(b"o\n")), equal_to([b"one", b"two"]))


@formats
def test_padding_after_the_end_is_none_of_the_data(suffix: str) -> None:
    assert_that(lines(suffix, COMPRESS[suffix](b"one\n") + bytes(512)), equal_to([b"one"]))


@formats
@pytest.mark.parametrize("missing", [1, 6])
def test_a_file_that_is_cut_off_is_named(suffix: str, missing: int) -> None:
    with pytest.raises(DamagedFileError, match=rf"file\{suffix} is cut off"):
        lines(suffix, COMPRESS[suffix](b"one\ntwo\n")[:-missing])


@formats
def test_a_file_that_is_not_what_its_name_says_is_named(suffix: str) -> None:
    with pytest.raises(DamagedFileError, match=rf"file\{suffix} is damaged"):
        lines(suffix, b"plain text, not compressed at all\n" * 10)


@formats
def test_an_empty_file_has_no_lines(suffix: str) -> None:
    assert_that(lines(suffix, b""), equal_to([]))


@given(st.lists(st.binary(max_size=50).filter(lambda line: b"\n" not in line and not line.endswith(b"\r"))))
def test_any_lines_come_back(content: list[bytes]) -> None:
    data = gzip.compress(b"".join(line + b"\n" for line in content))
    assert_that(lines(".gz", data), equal_to(content))


def test_names_tell_what_is_compressed() -> None:
    assert_that([is_compressed(name) for name in ("a.ndjson", "a.gz", "a.json.zst")], equal_to([False, True, True]))


@pytest.mark.parametrize(
    ("pattern", "may"),
    [
        ("events.ndjson", False),
        ("events/*.ndjson", False),
        ("events/*.ndjson.gz", True),
        ("events.zst", True),
        ("events/*", True),
        ("events/*gz", True),
        ("events.nd?son", True),
        ("gs://bucket/**", True),
    ],
)
def test_a_pattern_tells_whether_it_may_match_compressed_files(pattern: str, may: bool) -> None:
    assert_that(may_match_compressed(pattern), equal_to(may))
