"""The text of a file, whatever it is compressed with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import BinaryIO, Final

from customerio_beam.reading.decompression import decompress
from customerio_beam.reading.errors import unreadable
from customerio_beam.reading.kinds import HEAD_BYTES, TEXT, identify
from customerio_beam.reading.payload import BLOCK_BYTES

__all__ = ["Blocks", "open_text"]

#: How often a file may be compressed anew: S3 and HTTP servers compress what is compressed already. An archive that
#: holds itself would have no end.
_MAX_LAYERS: Final = 3


class Blocks:
    """The bytes of a file or stream, in blocks that are not empty.

    Args:
        name: Its path, for errors.
        file: It; read from where it stands.

    Attributes:
        read: How many bytes were read so far.
    """

    def __init__(self, name: str, file: BinaryIO):
        self._name = name
        self._file = file
        self.read = 0

    def __iter__(self) -> Iterator[bytes]:
        """Return self."""
        return self

    def __next__(self) -> bytes:
        """Return the next block.

        Raises:
            UnreadableFileError: The file can't be read.
        """
        try:
            block = self._file.read(BLOCK_BYTES)
        except OSError as error:
            raise unreadable(self._name, f"can't be read: {error.strerror or error}.") from error
        if not block:
            raise StopIteration
        self.read += len(block)
        return block


def open_text(name: str, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Find out what a file is, and return its text.

    Args:
        name: Its path.
        blocks: Its bytes, in blocks that are not empty.

    Returns:
        Its text in blocks that are not empty, with a byte order mark where it has one.

    Raises:
        UnreadableFileError: Here or while the text is read: it is of another kind, damaged, or cut off.
    """
    for layer in range(_MAX_LAYERS + 1):
        head, blocks = _peek(blocks)
        kind = identify(head, name, has_own_name=layer == 0)
        if kind == TEXT:
            return blocks
        blocks = decompress(kind, name, blocks)
    raise unreadable(name, f"is compressed more than {_MAX_LAYERS} times over: unpack it, and run again.")


def _peek(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    taken: list[bytes] = []
    size = 0
    for block in blocks:
        taken.append(block)
        size += len(block)
        if size >= HEAD_BYTES:
            break
    return b"".join(taken)[:HEAD_BYTES], itertools.chain(taken, blocks)
