"""Decompression: to the checked end of the data, in bounded steps."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
import zstandard
from hamcrest import assert_that, equal_to, has_length, less_than
from hypothesis import given, settings
from hypothesis import strategies as st

from customerio_beam.reading.decompression import MAX_WINDOW_BYTES, decompress
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.reading.text import open_text
from tests.reading.blocks import blocks
from tests.reading.compressions import COMPRESS

TEXT = b'{"a":1}\n{"b":2}\r\n\nlast'
MARKED = [kind for kind in COMPRESS if kind not in ("lzma", "deflate")]
kinds = pytest.mark.parametrize("kind", COMPRESS)


def text(data: bytes, name: str = "events.ndjson", size: int = 1 << 20) -> bytes:
    return b"".join(open_text(name, blocks(data, size)))


@kinds
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_the_text_is_read_whatever_the_blocks(kind: str, size: int) -> None:
    assert_that(text(COMPRESS[kind](TEXT), size=size), equal_to(TEXT))


@kinds
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_members_may_follow_one_another(kind: str, size: int) -> None:
    assert_that(text(COMPRESS[kind](TEXT) + COMPRESS[kind](b"more\n"), size=size), equal_to(TEXT + b"more\n"))


@kinds
@pytest.mark.parametrize("size", [3, 1 << 20])
def test_zeros_behind_the_end_are_padding(kind: str, size: int) -> None:
    assert_that(text(COMPRESS[kind](TEXT) + bytes(5000), size=size), equal_to(TEXT))


@kinds
@pytest.mark.parametrize("rubbish", [b"rubbish behind the end", b"\x00\x00\x01", b"\n", TEXT])
def test_other_data_behind_the_end_are_named(kind: str, rubbish: bytes) -> None:
    with pytest.raises(UnreadableFileError, match=rf"^events\.ndjson (has other data behind its {kind}|is )"):
        text(COMPRESS[kind](TEXT) + rubbish)


@pytest.mark.parametrize("kind", MARKED)
def test_the_place_of_other_data_is_said(kind: str) -> None:
    data = COMPRESS[kind](TEXT)
    with pytest.raises(UnreadableFileError, match=rf"from byte {len(data) + 2} on"):
        text(data + b"\0\0rubbish")


@kinds
@pytest.mark.parametrize("missing", [1, 6])
def test_a_file_that_is_cut_off_is_named(kind: str, missing: int) -> None:
    with pytest.raises(UnreadableFileError, match=r"^events\.ndjson is (cut off|damaged)"):
        text(COMPRESS[kind](TEXT * 50)[:-missing])


@kinds
def test_a_second_member_that_is_cut_off_is_named(kind: str) -> None:
    data = COMPRESS[kind](TEXT)
    with pytest.raises(UnreadableFileError, match=r"^events\.ndjson is (cut off|damaged)"):
        text(data + data[:-4])


@pytest.mark.parametrize("kind", MARKED)
def test_damage_is_named(kind: str) -> None:
    data = bytearray(COMPRESS[kind](b"".join(b'{"number":%d}\n' % number for number in range(5000))))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(UnreadableFileError, match=r"^events\.ndjson is damaged"):
        text(bytes(data))


def test_what_is_compressed_twice_is_read() -> None:
    assert_that(text(gzip.compress(zstandard.ZstdCompressor().compress(TEXT))), equal_to(TEXT))


def test_what_is_compressed_without_end_is_named() -> None:
    data = TEXT
    for _ in range(5):
        data = gzip.compress(data)
    with pytest.raises(UnreadableFileError, match="more than 3 times"):
        text(data)


def test_an_archive_in_a_compressed_file_is_named() -> None:
    with pytest.raises(UnreadableFileError, match=r"^logs\.tgz is a tar archive"):
        text(gzip.compress(bytes(257) + b"ustar\x0000"), "logs.tgz")


def test_raw_deflate_data_are_read() -> None:
    raw = zlib.compressobj(wbits=-15)
    assert_that(text(raw.compress(TEXT) + raw.flush(), "events.deflate"), equal_to(TEXT))


def test_zstd_may_begin_with_frames_to_skip() -> None:
    skipped = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    assert_that(text(skipped + COMPRESS["zstd"](TEXT) + skipped), equal_to(TEXT))


@pytest.mark.parametrize("kind", COMPRESS)
# Half the default: each of the six kinds gets as many, and most of what can go wrong is in open_text, common to all.
@settings(max_examples=50)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 50))
def test_any_members_come_back(kind: str, members: list[bytes], size: int) -> None:
    data = b"".join(map(COMPRESS[kind], members))
    assert_that(b"".join(decompress(kind, "f", blocks(data, size))), equal_to(b"".join(members)))


def _window(log: int) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=log, enable_ldm=log > 27)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return frame.compress(TEXT) + frame.flush()


def test_a_zstd_window_is_bounded() -> None:
    assert_that(text(_window(27)), equal_to(TEXT))
    with pytest.raises(UnreadableFileError, match=r"^events\.ndjson needs more than 128 MB of memory"):
        text(_window(31))


def _dictionary(size: int) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": size}]
    written = bytearray(lzma.compress(TEXT, filters=filters))
    return bytes(written)


def test_an_xz_window_is_bounded() -> None:
    assert_that(text(_dictionary(64 << 20)), equal_to(TEXT))
    with pytest.raises(UnreadableFileError, match=r"^events\.ndjson needs more than 128 MB of memory"):
        text(_dictionary(MAX_WINDOW_BYTES * 4))


def _blanks(kind: str, megabytes: int) -> bytes:
    """Returns that many megabytes of blanks, compressed without holding them."""
    block = b" " * (1 << 20)
    if kind == "zstd":
        writer = zstandard.ZstdCompressor(level=19).compressobj()
        return b"".join(writer.compress(block) for _ in range(megabytes)) + writer.flush()
    compressor = {
        "gzip": lambda: zlib.compressobj(9, wbits=31),
        "deflate": lambda: zlib.compressobj(9),
        "bzip2": bz2.BZ2Compressor,
        "xz": lambda: lzma.LZMACompressor(preset=0),
        "lzma": lambda: lzma.LZMACompressor(lzma.FORMAT_ALONE, preset=0),
    }[kind]()
    return b"".join(compressor.compress(block) for _ in range(megabytes)) + compressor.flush()


@kinds
def test_the_text_of_few_bytes_comes_in_small_parts(kind: str) -> None:
    data = _blanks(kind, 64)

    def measured() -> Iterator[int]:
        yield from map(len, decompress(kind, "bomb", iter([data])))

    tracemalloc.start()
    assert_that(sum(measured()), equal_to(64 << 20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert_that(peak, less_than(40 << 20))


def test_an_empty_file_has_no_text() -> None:
    assert_that(list(open_text("events.gz", iter([]))), has_length(0))
