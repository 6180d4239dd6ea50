"""Sorts the rows of a shard, however many there are."""

from __future__ import annotations

import heapq
import os
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, cast

import msgspec

from customerio_beam.delivery.blocks import Row

__all__ = ["sort_rows"]

#: Before each group of rows in the file: its size in bytes.
_GROUP_SIZE = struct.Struct("<I")

#: Bytes of the rows that are written and read together, if they are not one large row.
_GROUP_BYTES = 250_000

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Row]).decode


def sort_rows(lists: Iterable[tuple[list[Row], int]], key: Callable[[Row], Any], max_bytes: int) -> Iterator[Row]:
    """Yield rows in order; rows with equal keys keep their order.

    Args:
        lists: Any number of lists of rows, with about how many bytes of memory each takes (``RowReader.lists``).
        key: What to sort by.
        max_bytes: About how many bytes of rows are held in memory, besides those of one list. With more rows than
            that, sorted runs go to a temporary file and are merged from there.
    """
    run: list[Row] = []
    run_bytes = 0
    runs: list[tuple[int, int]] = []
    spill: BinaryIO | None = None
    try:
        for rows, size in lists:
            run += rows
            run_bytes += size
            if run_bytes > max_bytes:
                if spill is None:
                    spill = cast(BinaryIO, tempfile.TemporaryFile(prefix="customerio-sort-"))  # noqa: SIM115
                run.sort(key=key)
                runs.append(_write(spill, run))
                run, run_bytes = [], 0
        run.sort(key=key)
        if spill is None:
            yield from run
            return
        spill.flush()
        # Merging is stable: of equal keys, the earlier run's rows come first.
        yield from heapq.merge(*(_read(spill, *extent) for extent in runs), run, key=key)
    finally:
        if spill is not None:
            spill.close()


def _write(spill: BinaryIO, run: list[Row]) -> tuple[int, int]:
    """Append a run; return where it begins and ends."""
    start = spill.tell()
    group: list[Row] = []
    group_bytes = 0
    for row in run:
        group.append(row)
        group_bytes += row.size
        if group_bytes > _GROUP_BYTES:
            _write_group(spill, group)
            group, group_bytes = [], 0
    _write_group(spill, group)
    return start, spill.tell()


def _write_group(spill: BinaryIO, group: list[Row]) -> None:
    encoded = _encode(group)
    spill.write(_GROUP_SIZE.pack(len(encoded)))
    spill.write(encoded)


def _read(spill: BinaryIO, start: int, end: int) -> Iterator[Row]:
    """Yield a run's rows. Reads by offset, because all runs share one file."""
    while start < end:
        (size,) = _GROUP_SIZE.unpack(os.pread(spill.fileno(), _GROUP_SIZE.size, start))
        start += _GROUP_SIZE.size
        yield from _decode(os.pread(spill.fileno(), size, start))
        start += size
