"""Sorts one person's operations by event time, however many there are."""

from __future__ import annotations

import heapq
import operator
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from customerio_beam.delivery.batching import Value

__all__ = ["sort_by_time"]

_EVENT_TIME = operator.itemgetter(0)

#: Frame of a spilled value: event time, bytes of the operation, bytes of the payload.
_FRAME = struct.Struct("<qII")

#: What a tuple, an int and two bytes objects take besides their content (CPython, 64 bits), in bytes.
_OVERHEAD_BYTES = 200

#: Bytes read at once from each run while merging.
_READ_BYTES = 1 << 16


def sort_by_time(values: Iterable[Value], max_bytes: int = 64_000_000) -> Iterator[Value]:
    """Yield values by event time, earliest first; values of the same time keep their order.

    Args:
        values: Any number of values.
        max_bytes: About how many bytes of them are held at once; beyond that, sorted runs go to a temporary file
            and are merged from there.
    """
    run: list[Value] = []
    run_bytes = 0
    runs: list[tuple[int, int]] = []
    spill: BinaryIO | None = None
    try:
        for value in values:
            run.append(value)
            run_bytes += len(value[1]) + len(value[2]) + _OVERHEAD_BYTES
            if run_bytes > max_bytes:
                if spill is None:
                    spill = cast(BinaryIO, tempfile.TemporaryFile(prefix="customerio-sort-"))  # noqa: SIM115
                runs.append(_spill(spill, run))
                run, run_bytes = [], 0
        run.sort(key=_EVENT_TIME)
        if spill is None:
            yield from run
            return
        spill.flush()
        # Merging is stable: of equal times, the earlier run's values come first.
        yield from heapq.merge(*(_read(spill, *extent) for extent in runs), run, key=_EVENT_TIME)
    finally:
        if spill is not None:
            spill.close()


def _spill(spill: BinaryIO, run: list[Value]) -> tuple[int, int]:
    """Append a run, sorted, and return where it begins and ends."""
    start = spill.tell()
    run.sort(key=_EVENT_TIME)
    for event_time_ms, operation, payload in run:
        spill.write(_FRAME.pack(event_time_ms, len(operation), len(payload)))
        spill.write(operation)
        spill.write(payload)
    return start, spill.tell()


def _read(spill: BinaryIO, start: int, end: int) -> Iterator[Value]:
    """Yield a run's values. Reads by offset, because all runs share one file."""
    buffer, position = b"", 0
    while True:
        frame_end = position + _FRAME.size
        if len(buffer) >= frame_end:
            event_time_ms, operation_bytes, payload_bytes = _FRAME.unpack_from(buffer, position)
            operation_end = frame_end + operation_bytes
            value_end = operation_end + payload_bytes
            if len(buffer) >= value_end:
                yield event_time_ms, buffer[frame_end:operation_end], buffer[operation_end:value_end]
                position = value_end
                continue
        if start == end:
            return
        chunk = os.pread(spill.fileno(), min(_READ_BYTES, end - start), start)
        start += len(chunk)
        buffer, position = buffer[position:] + chunk, 0
