"""Text that is too large to hold, kept on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator

import zstandard

from customerio_beam.reading.payload import BLOCK_BYTES

__all__ = ["Spool"]


class Spool:
    """A text that is written once and read once; compressed, in a file that has no name and ends with the process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # close() closes it
        self._writer = zstandard.ZstdCompressor(level=1).stream_writer(self._file, closefd=False)

    def __enter__(self) -> Spool:
        """Return self."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Delete the text."""
        self._file.close()

    def write(self, data: bytes) -> None:
        """Append to the text."""
        self._writer.write(data)

    def read(self, spans: Iterable[tuple[int, int]]) -> Iterator[bytes]:
        """Read parts of the text.

        Args:
            spans: Where each begins and ends in the text; in their order, none overlapping another.
        """
        self._writer.flush(zstandard.FLUSH_FRAME)
        self._file.seek(0)
        position = 0
        with zstandard.ZstdDecompressor().stream_reader(self._file, closefd=False) as reader:
            for start, end in spans:
                while position < start:
                    position += len(reader.read(min(start - position, BLOCK_BYTES)))
                yield reader.read(end - start)
                position = end
