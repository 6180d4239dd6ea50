"""What a file is. Its first bytes decide; its name decides only where they can't."""

from __future__ import annotations

import re
import zlib
from typing import Final, Literal

from customerio_beam.reading.errors import UnreadableFileError, unreadable

__all__ = ["COMPRESSIONS", "HEAD_BYTES", "TEXT", "TableFormat", "begins", "has_zlib_header", "identify", "table_format"]

#: How many first bytes tell what a file is. A tar archive says so at byte 257; text is judged by a sample.
HEAD_BYTES: Final = 1024

TEXT: Final = "UTF-8 text"

#: The compressions that can be read, and how each begins (their specifications). lzma and deflate have no bytes of
#: their own; these are how nearly all of them begin.
COMPRESSIONS: Final = {
    "gzip": b"\x1f\x8b\x08",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
    "lzma": b"]\x00\x00",
    "deflate": b"x",
}

_SUFFIXES: Final = {
    ".gz": "gzip",
    ".gzip": "gzip",
    ".bz2": "bzip2",
    ".xz": "xz",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".lzma": "lzma",
    ".deflate": "deflate",
    ".zlib": "deflate",
    ".zz": "deflate",
}

TableFormat = Literal["parquet", "avro"]

#: The files of tables that can be read where the input is a table's, and how each begins (their specifications).
_TABLES: Final[dict[TableFormat, re.Pattern[bytes]]] = {
    "parquet": re.compile(rb"PAR[1E][^\t\n\r -~]"),
    "avro": re.compile(rb"Obj\x01"),
}

# bzip2: a level, then the mark of a block or of the end; or a file that is cut within them.
# zstd: a frame, or a skippable one (RFC 8878, section 3.1).
_MARKS: Final = {
    "gzip": re.compile(rb"\x1f\x8b\x08").match,
    "bzip2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)|BZh(?:[1-9](?:1(?:A(?:Y(?:&S?)?)?)?)?)?\Z").match,
    "xz": re.compile(rb"\xfd7zXZ\x00").match,
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18").match,
}

_OTHERS: Final = (
    (
        "UTF-32 text",
        re.compile(rb"\xff\xfe\x00\x00|\x00\x00\xfe\xff|(?:[\t\n\r -~]\x00{3}){2}|(?:\x00{3}[\t\n\r -~]){2}"),
    ),
    ("UTF-16 text", re.compile(rb"\xff\xfe|\xfe\xff|(?:[\t\n\r -~]\x00){2}|(?:\x00[\t\n\r -~]){2}")),
    ("a zip archive", re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)")),
    ("a 7z archive", re.compile(rb"7z\xbc\xaf\x27\x1c")),
    ("a rar archive", re.compile(rb"Rar!\x1a\x07")),
    ("a tar archive", re.compile(rb"(?s:.{257})ustar[\x00 ]")),
    ("a Parquet file", _TABLES["parquet"]),
    ("an Avro file", _TABLES["avro"]),
    ("an ORC file", re.compile(rb"ORC(?s:.{0,16})[\x00-\x08\x0e-\x1f]")),
    ("an Arrow file", re.compile(rb"ARROW1\x00\x00")),
    ("a Hadoop sequence file", re.compile(rb"SEQ[\x00-\x08]")),
    ("LZ4", re.compile(rb"\x04\x22\x4d\x18|\x02\x21\x4c\x18")),
    ("Snappy", re.compile(rb"\xff\x06\x00\x00sNaPpY")),
    ("lzip", re.compile(rb"LZIP[\x00\x01]")),
    ("lzop", re.compile(rb"\x89LZO")),
    ("compress (.Z)", re.compile(rb"\x1f[\x9d\xa0]")),
    ("an SQLite database", re.compile(rb"SQLite format 3\x00")),
    ("a PDF document", re.compile(rb"%PDF-\d")),
    ("an image", re.compile(rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a")),
    ("a program", re.compile(rb"\x7fELF|MZ[^\t\n\r -~]")),
)

# What JSON text never holds: control characters. RS may stand between values (RFC 7464).
_CONTROLS: Final = bytes(byte for byte in (*range(32), 127) if byte not in b"\t\n\r\x1e")
_BEGINS_JSON: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n\x1e]*[\[{\"]").match


def identify(head: bytes, name: str, *, has_own_name: bool = True) -> str:
    """Tell what a file is.

    Args:
        head: Its first ``HEAD_BYTES`` bytes, or all of them where it is shorter.
        name: Its path.
        has_own_name: Whether the path's suffix is about these bytes. It is not about what was compressed.

    Returns:
        ``TEXT``, or one of ``COMPRESSIONS``.

    Raises:
        UnreadableFileError: It is of another kind.
    """
    for kind, has_mark in _MARKS.items():
        if has_mark(head):
            return kind
    by_name = _kind_by_name(name) if has_own_name else None
    if by_name is not None and head and COMPRESSIONS[by_name].startswith(head):
        return by_name
    if _is_lzma(head):
        return "lzma"
    for other, pattern in _OTHERS:
        if pattern.match(head):
            raise _other_kind(name, other)
    if _is_text(head):
        return TEXT
    if _is_deflate(head):
        return "deflate"
    if by_name is not None:
        return by_name
    raise _other_kind(name, "binary data, or text in another encoding")


def table_format(head: bytes) -> TableFormat | None:
    """Tell whether a file is one of a table, and of which format.

    Args:
        head: Its first ``HEAD_BYTES`` bytes, or all of them where it is shorter.

    Returns:
        The format; None for a file of another kind, which ``identify`` tells.
    """
    return next((table for table, pattern in _TABLES.items() if pattern.match(head)), None)


def begins(kind: str, data: bytes) -> bool:
    """Whether data of a compression may begin like this.

    Args:
        kind: One of ``COMPRESSIONS``.
        data: At least ten bytes, or all there are.
    """
    if kind in _MARKS:
        return _MARKS[kind](data) is not None or COMPRESSIONS[kind].startswith(data)
    return _is_lzma(data) if kind == "lzma" else True


def _kind_by_name(name: str) -> str | None:
    return next((kind for suffix, kind in _SUFFIXES.items() if name.lower().endswith(suffix)), None)


def _other_kind(name: str, what: str) -> UnreadableFileError:
    return unreadable(
        name,
        f"is {what}. Files must be UTF-8 text, plain or compressed ({', '.join(COMPRESSIONS)}): convert it or "
        "leave it out, and run again; nothing is sent twice.",
    )


def _is_text(head: bytes) -> bool:
    """Whether this is UTF-8 text, as far as a sample tells: a damaged line among others does not make it binary."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls * 20 > len(head):
        return False
    if _BEGINS_JSON(head):
        return True
    undecodable = len(head) - len(head.decode("utf-8", "ignore").encode("utf-8"))
    cut = 3 if len(head) >= HEAD_BYTES else 0  # the sample may end within a character
    return (controls + undecodable - cut) * 10 <= len(head)


def _is_lzma(head: bytes) -> bool:
    """Whether this begins with the header of an .lzma file (lzma-file-format.txt of XZ Utils)."""
    if len(head) < 14 or head[0] >= 225 or head[13] != 0:
        return False
    dictionary, size = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:13], "little")
    lowest = dictionary & -dictionary
    is_usual = dictionary >= 4096 and dictionary in (lowest, 3 * lowest)
    return is_usual and (size == (1 << 64) - 1 or size < 1 << 38)


def has_zlib_header(head: bytes) -> bool:
    """Whether this begins with zlib's header (RFC 1950), which stands around nearly all deflate data."""
    return len(head) >= 2 and head[0] & 15 == 8 and head[0] >> 4 <= 7 and (head[0] << 8 | head[1]) % 31 == 0


def _is_deflate(head: bytes) -> bool:
    if not has_zlib_header(head):
        return False
    try:
        zlib.decompressobj().decompress(head, HEAD_BYTES)
    except zlib.error:
        return False
    return True
