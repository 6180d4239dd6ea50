"""What a file is, told by its first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hamcrest import assert_that, calling, contains_string, equal_to, raises
from hypothesis import given, settings
from hypothesis import strategies as st

from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.reading.kinds import COMPRESSIONS, HEAD_BYTES, TEXT, begins, identify
from tests.reading.compressions import COMPRESS

EVENT = b'{"type":"track","event":"E","userId":"u","timestamp":1700000000}'


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("events.ndjson", EVENT * 50)
    return file.getvalue()


def _tar(*, mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo("events.ndjson")
        info.size = len(EVENT)
        archive.addfile(info, io.BytesIO(EVENT))
    return file.getvalue()


OTHERS = {
    "UTF-16": EVENT.decode().encode("utf-16"),
    "UTF-16, without a mark": EVENT.decode().encode("utf-16-le"),
    "UTF-16, big endian": EVENT.decode().encode("utf-16-be"),
    "UTF-32": EVENT.decode().encode("utf-32"),
    "UTF-32, without a mark": EVENT.decode().encode("utf-32-be"),
    "zip": _zip(),
    "tar": _tar(),
    "Parquet": b"PAR1\x15\x04\x15\x10" + bytes(60) + EVENT + b"PAR1",
    "Avro": b"Obj\x01\x04\x16avro.schema" + EVENT,
    "ORC": b"ORC\x0a\x11\x0a\x04\x08\x01" + EVENT,
    "7z": b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(40),
    "LZ4": b"\x04\x22\x4d\x18\x64\x40\xa7" + EVENT,
    "Snappy": b"\xff\x06\x00\x00sNaPpY" + EVENT,
    "SQLite": b"SQLite format 3\x00" + bytes(80),
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "binary": bytes(range(256)) * 4,
    "binary data": b"\x93\x01\x02\x03\x04",
}


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("name", ["events.ndjson", "EVENTS.JSON"])
def test_a_file_of_another_kind_is_named_with_what_it_is(what: str, name: str) -> None:
    with pytest.raises(UnreadableFileError) as raised:
        identify(OTHERS[what][:HEAD_BYTES], name)
    assert_that(str(raised.value), contains_string(name))
    assert_that(str(raised.value).lower(), contains_string(what.split(",", maxsplit=1)[0].lower()))


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("name", ["events.ndjson", "events.gz", "events.ZST", "events", "events.json.Bz2"])
def test_a_compression_is_known_by_its_bytes_whatever_the_name(kind: str, name: str) -> None:
    data = COMPRESS[kind](EVENT * 100)
    assert_that(identify(data[:HEAD_BYTES], name), equal_to(kind))


@pytest.mark.parametrize("name", ["events.DEFLATE", "events.zz", "events.json.zlib"])
def test_raw_deflate_data_are_known_by_their_name_in_any_case(name: str) -> None:
    raw = zlib.compressobj(wbits=-15)
    assert_that(identify(raw.compress(EVENT * 100) + raw.flush(), name), equal_to("deflate"))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n\n",
        EVENT,
        b"\xef\xbb\xbf" + EVENT,
        b"\x1e" + EVENT + b"\n",
        b"[" + EVENT,
        b"id;name\n1;Jos\xc3\xa9\n",
        b"BZh is how some lines begin\n",
        b"ORC is a creature\n",
        b"x^2 + y^2\n",
        b"\x80\xa9 cut within a character\n" + EVENT,
        b'{"name":"Jos\xe9"}\n' + EVENT,
        b'{"a":"\x00"}' + EVENT,
    ],
)
@pytest.mark.parametrize("name", ["events.ndjson", "events.gz", "events"])
def test_text_is_text_whatever_its_name(text: bytes, name: str) -> None:
    assert_that(identify(text, name), equal_to(TEXT))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("e.gz", "gzip"), ("e.BZ2", "bzip2"), ("e.xz", "xz"), ("e.zst", "zstd"), ("e.deflate", "deflate")],
)
def test_of_a_file_cut_within_the_mark_the_name_tells(name: str, kind: str) -> None:
    assert_that(identify(COMPRESSIONS[kind][:1], name), equal_to(kind))


def test_a_character_may_be_cut_by_the_end_of_the_sample() -> None:
    text = b"x" * (HEAD_BYTES - 1) + "é".encode()
    assert_that(identify(text[:HEAD_BYTES], "e.json"), equal_to(TEXT))


def test_the_name_is_not_about_what_was_compressed() -> None:
    assert_that(
        calling(identify).with_args(OTHERS["binary"], "e.deflate", has_own_name=False), raises(UnreadableFileError)
    )


@pytest.mark.parametrize(
    "write",
    [
        lambda text: gzip.compress(text, 1),
        lambda text: bz2.compress(text, 1),
        lambda text: lzma.compress(text, lzma.FORMAT_XZ, preset=0),
        lambda text: lzma.compress(text, lzma.FORMAT_ALONE, preset=9),
        lambda text: zstandard.ZstdCompressor(level=19).compress(text),
        lambda text: zlib.compress(text, 1),
        lambda text: zlib.compress(text, 9),
    ],
)
def test_data_of_any_level_are_known(write: Callable[[bytes], bytes]) -> None:
    kind = identify(write(EVENT * 100)[:HEAD_BYTES], "events")
    assert_that(begins(kind, write(EVENT)), equal_to(True))


@settings(deadline=None)
@given(st.text(min_size=1))
def test_no_text_of_printable_characters_is_taken_for_a_compression(text: str) -> None:
    printable = "".join(filter(str.isprintable, text)) or "a"
    assert_that(identify(printable.encode()[:HEAD_BYTES], "events.ndjson"), equal_to(TEXT))
