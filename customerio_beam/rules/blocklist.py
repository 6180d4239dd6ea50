"""A set of blocked ids and emails that stays small: 8 bytes for each, whatever its length.

It holds hashes, sorted, in 4,096 arrays. Two different texts share a hash with a chance of 1 in 2**64: among
ten million blocked ids, one stranger in two trillion is taken for blocked. Python's own hash of texts is used: it is
keyed with a secret of the process, so that nobody can choose an id that collides, and it is the fastest there is. A set
is made, and used, within one process.
"""

from __future__ import annotations

import codecs
import threading
from array import array
from bisect import bisect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import IO, Final

from customerio_beam.reading.errors import unreadable

__all__ = ["MAX_ENTRIES", "Blocklist", "shared_blocklist"]

#: The most entries of a file.
MAX_ENTRIES: Final = 10_000_000
#: The longest line in bytes. An identifier has at most 150; longer lines are another kind of file.
_MAX_LINE_BYTES: Final = 1_000

# Sorting makes Python numbers of an array's members, so the arrays are short. A hash, shifted, is an index from -2,048
# to 2,047: negative ones count from the end.
_SHIFT: Final = 52
_ARRAYS: Final = 1 << (64 - _SHIFT)

_CHUNK_BYTES: Final = 1 << 20


class Blocklist:
    """Blocked ids and emails.

    An email is compared in lower case; an id exactly.
    """

    def __init__(self) -> None:
        self._arrays = [array("q") for _ in range(_ARRAYS)]
        self._count = 0

    def __len__(self) -> int:
        """Return the number of different entries."""
        return self._count

    def __contains__(self, identifier: str) -> bool:
        """Tell whether an id or email, without white space around it, is blocked."""
        hashed = hash(identifier.lower() if "@" in identifier else identifier)
        entries = self._arrays[hashed >> _SHIFT]
        index = bisect(entries, hashed)
        return index > 0 and entries[index - 1] == hashed

    @classmethod
    def read(cls, file: IO[bytes], name: str) -> Blocklist:
        """Read a file with one id or email a line.

        Args:
            file: UTF-8 text. White space around an entry, and blank lines, mean nothing.
            name: The file's path, for the messages.

        Raises:
            UnreadableFileError: It holds something else, no entry, or more than ten million.
        """
        blocklist = cls()
        arrays = blocklist._arrays
        rest = b""
        lines = count = 0
        while chunk := file.read(_CHUNK_BYTES):
            if not lines:
                chunk = chunk.removeprefix(codecs.BOM_UTF8)
            parts = (rest + chunk).split(b"\n")
            rest = parts.pop()
            _check(parts, rest, name, lines)
            lines += len(parts)
            for line in parts:
                entry = line.strip()
                if entry:
                    # ASCII text has the same hash as its bytes.
                    plain = entry.isascii() and b"@" not in entry
                    hashed = hash(entry if plain else _comparable(entry))
                    arrays[hashed >> _SHIFT].append(hashed)
                    count += 1
            if count > MAX_ENTRIES:
                raise unreadable(name, f"has more than {MAX_ENTRIES:,} entries, which is the most.")
        _check([rest], b"", name, lines)
        if rest.strip():
            hashed = hash(_comparable(rest.strip()))
            arrays[hashed >> _SHIFT].append(hashed)
        blocklist._sort()
        if not len(blocklist):
            raise unreadable(name, "has no entry: it must have one id or email a line.")
        return blocklist

    def _sort(self) -> None:
        for index, entries in enumerate(self._arrays):
            self._arrays[index] = array("q", sorted(set(entries)))
            self._count += len(self._arrays[index])


def _comparable(entry: bytes) -> str:
    text = entry.decode("utf-8").strip()
    return text.lower() if "@" in text else text


def _check(lines: list[bytes], rest: bytes, name: str, before: int) -> None:
    text = b"\n".join(lines)
    if b"\0" in text or not _is_utf8(text):
        raise unreadable(name, f"is not UTF-8 text (lines {before + 1:,} to {before + len(lines):,}).")
    lengths = [*map(len, lines), len(rest)]
    longest = max(lengths)
    if longest > _MAX_LINE_BYTES:
        number = before + lengths.index(longest) + 1
        raise unreadable(name, f"has {longest:,} bytes or more in line {number}: a line must be one id or email.")


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_LOCK: Final = threading.Lock()
_SHARED: Final[dict[str, Blocklist]] = {}


def shared_blocklist(path: str, open_file: Callable[[str], AbstractContextManager[IO[bytes]]]) -> Blocklist:
    """Return this process's one copy of a file, which all threads share. The first call reads it.

    Args:
        path: The file's path.
        open_file: Opens it, as ``open(path, "rb")`` does.

    Raises:
        UnreadableFileError: See ``Blocklist.read``.
    """
    with _LOCK:
        if path not in _SHARED:
            with open_file(path) as file:
                _SHARED[path] = Blocklist.read(file, path)
        return _SHARED[path]
