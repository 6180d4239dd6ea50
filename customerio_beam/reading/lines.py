"""Blocks of whole lines, pieced together in linear time."""

from __future__ import annotations

from collections.abc import Iterator

from customerio_beam.reading.cursor import Cursor
from customerio_beam.reading.payload import BLOCK_BYTES, Payload
from customerio_beam.reading.values import read_values

__all__ = ["read_lines"]


def read_lines(blocks: Iterator[bytes], offset: int, source: str, limit: int) -> Iterator[Payload]:
    """Read a text of which each line stands alone.

    Args:
        blocks: The text.
        offset: Where it begins in its file's text.
        source: The path of the file.
        limit: The longest event in bytes (``max_payload_bytes``).

    Yields:
        Blocks of whole lines; of a line that is longer than a block, payloads of its values.
    """
    parts: list[bytes] = []  # of a line that has not ended yet
    size = 0
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            text = b"".join([*parts, block[:end]])
            yield Payload(text, source, offset, is_lines=True)
            offset += len(text)
            parts, size = [], 0
        parts.append(block[end:])
        size += len(block) - end
        if size > BLOCK_BYTES:
            line = _Line(parts, blocks)
            yield from read_values(Cursor(line, offset), source, limit, is_line=True)
            for _ in line:  # what is behind its last value
                pass
            offset += line.size
            parts, size = [line.behind], len(line.behind)
    if size:
        yield Payload(b"".join(parts), source, offset, is_lines=True)


class _Line:
    """The blocks of one line, with its end.

    Args:
        parts: Its beginning.
        blocks: What follows.

    Attributes:
        size: How many of its bytes were read so far.
        behind: What follows it in its last block, once that was read.
    """

    def __init__(self, parts: list[bytes], blocks: Iterator[bytes]):
        self._parts = [part for part in parts if part]
        self._blocks = blocks
        self._has_ended = False
        self.size = 0
        self.behind = b""

    def __iter__(self) -> Iterator[bytes]:
        """Return self."""
        return self

    def __next__(self) -> bytes:
        """Return the next part, which is not empty."""
        if self._parts:
            part = self._parts.pop(0)
        elif self._has_ended:
            raise StopIteration
        else:
            block = next(self._blocks)
            end = block.find(b"\n") + 1
            self._has_ended = end > 0
            part, self.behind = (block[:end], block[end:]) if end else (block, b"")
        self.size += len(part)
        return part
