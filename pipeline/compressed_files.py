"""Lines of compressed files, read to their very end.

Beam reads a compressed file that was cut off as far as it goes, and reports success: its last events would be gone
in silence. Here the end of the compressed data is checked, and every error names its file. Imports no Beam.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

import zstandard

__all__ = ["DamagedFileError", "is_compressed", "may_match_compressed", "read_lines"]

_CHUNK_BYTES = 1 << 16
_GZIP_WINDOW = zlib.MAX_WBITS | 16  # zlib's way to say "with gzip's header"


class DamagedFileError(ValueError):
    """A compressed file that is cut off or damaged; the message names it."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {
    ".gz": lambda: zlib.decompressobj(_GZIP_WINDOW),
    ".bz2": bz2.BZ2Decompressor,
    ".xz": lzma.LZMADecompressor,
    ".zst": lambda: zstandard.ZstdDecompressor().decompressobj(),
}
_WILDCARD = re.compile(r"[*?\[\]{}]")
_DAMAGE = (zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError)


def is_compressed(path: str) -> bool:
    """Whether a file's name says that it is compressed (``.gz``, ``.bz2``, ``.xz``, ``.zst``)."""
    return _suffix(path) is not None


def may_match_compressed(pattern: str) -> bool:
    """Whether a pattern may match compressed files, as far as its end tells: ``*.ndjson`` does not, ``*`` may."""
    end = _WILDCARD.split(pattern)[-1]
    return is_compressed(end) or len(end) < max(map(len, _DECOMPRESSORS))


def read_lines(path: str, file: BinaryIO) -> Iterator[bytes]:
    """Read the lines of a compressed file, without their ends.

    Args:
        path: The file's name: its end says how it is compressed, and errors name it.
        file: The compressed bytes.

    Raises:
        DamagedFileError: The data end before their end mark, or are damaged.
    """
    pending = b""
    for chunk in _decompress(path, file):
        lines = (pending + chunk).split(b"\n")
        pending = lines.pop()
        for line in lines:
            yield line.removesuffix(b"\r")
    if pending:
        yield pending


def _suffix(path: str) -> str | None:
    return next((suffix for suffix in _DECOMPRESSORS if path.endswith(suffix)), None)


def _decompress(path: str, file: BinaryIO) -> Iterator[bytes]:
    new_decompressor = _DECOMPRESSORS[_suffix(path) or ""]
    decompressor: _Decompressor | None = None
    while chunk := file.read(_CHUNK_BYTES):
        while chunk:
            if decompressor is None or decompressor.eof:
                # Members may follow one another, with padding after the last one.
                chunk = chunk.lstrip(b"\0")
                if not chunk:
                    break
                decompressor = new_decompressor()
            try:
                yield decompressor.decompress(chunk)
            except _DAMAGE as error:
                raise DamagedFileError(
                    f"{path} is damaged ({error}): repair or remove it, and run again; nothing is sent twice."
                ) from error
            chunk = decompressor.unused_data if decompressor.eof else b""
    if decompressor is not None and not decompressor.eof:
        raise DamagedFileError(
            f"{path} is cut off: its data end too early. Copy it again, and run again; nothing is sent twice."
        )
