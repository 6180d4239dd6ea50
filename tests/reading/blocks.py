"""Files for the tests of reading, from plain bytes."""

from __future__ import annotations

from collections.abc import Iterator

from customerio_beam.reading.files import read_file
from customerio_beam.reading.payload import DEFAULT_MAX_PAYLOAD_BYTES, Payload


def blocks(data: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    """Yields data in blocks of a size."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


def payloads(
    data: bytes, name: str = "events.ndjson", limit: int = DEFAULT_MAX_PAYLOAD_BYTES, size: int = 1 << 20
) -> list[Payload]:
    return list(read_file(name, blocks(data, size), limit))
