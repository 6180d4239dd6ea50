"""Decompression in bounded steps, to the checked end of the data.

Beam reads a compressed file that is cut off as far as it goes, and reports success: its last events would be lost in
silence. Here the end of the data is checked, and each error names the file.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

import zstandard

from customerio_beam.reading.errors import UnreadableFileError, unreadable
from customerio_beam.reading.kinds import begins, has_zlib_header
from customerio_beam.reading.payload import BLOCK_BYTES

__all__ = ["MAX_WINDOW_BYTES", "decompress"]

#: The largest window (how far back the data may refer) that is held in memory: what the zstd program takes unasked, and
#: twice that of ``xz -9``.
MAX_WINDOW_BYTES: Final = 1 << 27
_LZMA_BYTES: Final = MAX_WINDOW_BYTES + (1 << 24)  # with the decoder's own tables

# zstd's decompressor takes no limit. A block of 4 bytes can hold 128 KB (RFC 8878, section 3.1.1.2), so that this much
# makes at most 8 MB.
_ZSTD_STEP_BYTES: Final = 256

#: How many bytes ``kinds.begins`` looks at, with those of an .lzma file's header.
_MARK_BYTES: Final = 14

# The words of liblzma and of libzstd.
_TOO_LARGE_WINDOW: Final = re.compile("Memory usage limit|requires too much memory").search

_DAMAGE: Final = (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Zlib:
    """zlib's decompressor with the methods of the standard library's other ones."""

    def __init__(self, window_bits: int):
        self._zlib = zlib.decompressobj(window_bits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        text = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        # With all input taken, zlib itself may still hold text that exceeded the length.
        self.needs_input = not self._zlib.unconsumed_tail and len(text) < max_length
        return text


class _Zstd:
    """zstd's decompressor with the methods of the standard library's ones."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()
        self._input = b""
        self._position = 0

    @property
    def eof(self) -> bool:
        return self._zstd.eof

    @property
    def needs_input(self) -> bool:
        return self._position >= len(self._input)

    @property
    def unused_data(self) -> bytes:
        return self._zstd.unused_data + self._input[self._position :]

    def decompress(self, data: bytes, _max_length: int) -> bytes:
        if data:
            self._input, self._position = self._input[self._position :] + data, 0
        step = self._input[self._position : self._position + _ZSTD_STEP_BYTES]
        self._position += len(step)
        return self._zstd.decompress(step)


def _new_decompressor(kind: str, data: bytes) -> _Decompressor:
    if kind == "gzip":
        return _Zlib(zlib.MAX_WBITS | 16)  # zlib's way to say "with gzip's header"
    if kind == "deflate":
        return _Zlib(zlib.MAX_WBITS if has_zlib_header(data) else -zlib.MAX_WBITS)
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    if kind == "zstd":
        return _Zstd()
    return lzma.LZMADecompressor(lzma.FORMAT_XZ if kind == "xz" else lzma.FORMAT_ALONE, memlimit=_LZMA_BYTES)


class _Source:
    """The bytes of a compressed file, in parts; what was read too far can be put back."""

    def __init__(self, chunks: Iterator[bytes]):
        self._chunks = chunks
        self._back = b""
        self.position = 0  # of the next byte

    def read(self) -> bytes:
        """Return the next part; empty at the end."""
        data, self._back = self._back or next(self._chunks, b""), b""
        self.position += len(data)
        return data

    def put_back(self, data: bytes) -> None:
        self._back = data + self._back
        self.position -= len(data)

    def at_end(self) -> bool:
        """Skip zeros, which pad the end of some files, and tell whether nothing follows."""
        while data := self.read():
            rest = data.lstrip(b"\0")
            if rest:
                self.put_back(rest)
                return False
        return True

    def peek(self, size: int) -> bytes:
        """Return the next bytes without taking them."""
        data = b""
        while len(data) < size and (more := self.read()):
            data += more
        self.put_back(data)
        return data[:size]


def decompress(kind: str, name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress a file.

    Args:
        kind: How it is compressed, one of ``COMPRESSIONS``.
        name: Its path, for errors.
        chunks: Its bytes, none of them empty.

    Yields:
        Its text, in parts of at most 8 MB; nearly all have at most ``BLOCK_BYTES``.

    Raises:
        UnreadableFileError: The data end before their end mark, are damaged, are followed by other data, or need a
            window over ``MAX_WINDOW_BYTES``.
    """
    source = _Source(chunks)
    while True:
        yield from _decompress_member(kind, name, source)
        # Members may follow one another.
        if source.at_end():
            return
        if not begins(kind, source.peek(_MARK_BYTES)):
            raise unreadable(
                name,
                f"has other data behind its {kind} data, from byte {source.position} on. Copy it again, or cut "
                "them off, and run again; nothing is sent twice.",
            )


def _decompress_member(kind: str, name: str, source: _Source) -> Iterator[bytes]:
    decompressor = _new_decompressor(kind, source.peek(_MARK_BYTES))
    while not decompressor.eof:
        data = b""
        if decompressor.needs_input:
            data = source.read()
            if not data:
                raise unreadable(
                    name,
                    f"is cut off: its {kind} data end too early. Copy it again, and run again; nothing is sent twice.",
                )
        try:
            text = decompressor.decompress(data, BLOCK_BYTES)
        except _DAMAGE as error:
            raise _damaged(name, kind, error) from error
        if text:
            yield text
    source.put_back(decompressor.unused_data)


def _damaged(name: str, kind: str, error: Exception) -> UnreadableFileError:
    if _TOO_LARGE_WINDOW(str(error)):
        return unreadable(
            name,
            f"needs more than {MAX_WINDOW_BYTES >> 20} MB of memory to decompress: compress it with a smaller "
            f"window ({kind}), and run again; nothing is sent twice.",
        )
    return unreadable(
        name, f"is damaged ({kind}: {error}): repair it or leave it out, and run again; nothing is sent twice."
    )
