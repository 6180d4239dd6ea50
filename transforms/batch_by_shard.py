"""BatchByShard: a stream's blocks into batches, bounded in operations, bytes and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder, TupleCoder, VarIntCoder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import BagStateSpec, ReadModifyWriteStateSpec, TimerSpec, on_timer

from customerio_beam.delivery.blocks import Block

__all__ = ["BatchByShard"]

_BLOCKS = BagStateSpec("blocks", TupleCoder([VarIntCoder(), VarIntCoder(), BytesCoder()]))
#: (shard, operations gathered, bytes gathered)
_GATHERED = ReadModifyWriteStateSpec("gathered", TupleCoder([VarIntCoder(), VarIntCoder(), VarIntCoder()]))
_DELAY_OVER = TimerSpec("delay_over", TimeDomain.REAL_TIME)
_WINDOW_OVER = TimerSpec("window_over", TimeDomain.WATERMARK)


class BatchByShard(beam.DoFn):
    """Gathers the blocks of each shard; yields ``(shard, [block, ...])``.

    Beam's ``GroupIntoBatches`` bounds a batch by its number of elements alone. Elements here are blocks, of which each
    holds many operations.
    """

    def __init__(
        self, max_operations: int, max_bytes: int, max_delay_secs: float, clock: Callable[[], float] = time.time
    ) -> None:
        """Create the DoFn.

        Args:
            max_operations: The batch is full with so many operations.
            max_bytes: It is full with so many bytes, before compression.
            max_delay_secs: Seconds that a block may wait for others.
            clock: The current time in unix seconds.
        """
        self._max_operations = max_operations
        self._max_bytes = max_bytes
        self._max_delay_secs = max_delay_secs
        self._clock = clock

    def process(  # noqa: PLR0917  (Beam passes states and timers so)
        self,
        element: tuple[int, Block],
        window: Any = beam.DoFn.WindowParam,
        blocks: Any = beam.DoFn.StateParam(_BLOCKS),
        gathered: Any = beam.DoFn.StateParam(_GATHERED),
        delay_over: Any = beam.DoFn.TimerParam(_DELAY_OVER),
        window_over: Any = beam.DoFn.TimerParam(_WINDOW_OVER),
    ) -> Iterator[tuple[int, list[Block]]]:
        """Gather a block; yields the batch when it is full."""
        shard, block = element
        _, operations, size = gathered.read() or (shard, 0, 0)
        if not operations:
            delay_over.set(self._clock() + self._max_delay_secs)
            window_over.set(window.end)  # a job that is drained ends its windows
        blocks.add(block)
        operations, size = operations + block[0], size + block[1]
        gathered.write((shard, operations, size))
        if operations >= self._max_operations or size >= self._max_bytes:
            delay_over.clear()
            yield from _batch(blocks, gathered)

    @on_timer(_DELAY_OVER)
    def delay_is_over(
        self, blocks: Any = beam.DoFn.StateParam(_BLOCKS), gathered: Any = beam.DoFn.StateParam(_GATHERED)
    ) -> Iterator[tuple[int, list[Block]]]:
        """Yield what has waited long enough."""
        yield from _batch(blocks, gathered)

    @on_timer(_WINDOW_OVER)
    def window_is_over(
        self,
        blocks: Any = beam.DoFn.StateParam(_BLOCKS),
        gathered: Any = beam.DoFn.StateParam(_GATHERED),
        delay_over: Any = beam.DoFn.TimerParam(_DELAY_OVER),
    ) -> Iterator[tuple[int, list[Block]]]:
        """Yield what is left."""
        delay_over.clear()
        yield from _batch(blocks, gathered)


def _batch(blocks: Any, gathered: Any) -> Iterator[tuple[int, list[Block]]]:
    """Yield the batch that is gathered, if there is one, and forget it."""
    kept = gathered.read()
    if kept is None:
        return
    batch = list(blocks.read())
    blocks.clear()
    gathered.clear()
    yield kept[0], batch
