"""PackByShard: keyed operations into blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import BoundedWindow
from apache_beam.utils.timestamp import MAX_TIMESTAMP, Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.delivery.blocks import Block, BlockPacker
from customerio_beam.transforms.batches import BatchDoFn

__all__ = ["PackByShard"]


class PackByShard(BatchDoFn):
    """Gathers the operations of a bundle by shard; yields ``(shard, block)``."""

    output_type = tuple[int, Block]

    def __init__(self, num_shards: int, max_bytes: int, block_folder: str | None = None) -> None:
        """Create the DoFn.

        Args:
            num_shards: The number of shards.
            max_bytes: Bytes that are gathered before they are packed; at the latest that is at the bundle's end.
            block_folder: Where blocks have their content in files; None for blocks that hold it.
        """
        self._block_folder = block_folder
        self._num_shards = num_shards
        self._max_bytes = max_bytes

    def start_bundle(self) -> None:
        """Begin with nothing, whatever an earlier bundle left behind when it failed."""
        self._packers: dict[BoundedWindow, tuple[BlockPacker, Timestamp]] = {}

    @beam.DoFn.yields_elements
    def process_batch(
        self,
        batch: list[KeyedOperation],
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[WindowedValue]:
        """Gather operations; yields blocks once there are enough."""
        packer, earliest = self._packers.get(window) or (self._new_packer(), MAX_TIMESTAMP)
        self._packers[window] = packer, min(earliest, timestamp)
        packer.add(batch)
        if sum(packer.gathered_bytes for packer, _ in self._packers.values()) > self._max_bytes:
            yield from self.finish_bundle()

    def process(
        self,
        element: KeyedOperation,
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[WindowedValue]:
        """Gather one operation."""
        yield from self.process_batch([element], timestamp, window)

    def _new_packer(self) -> BlockPacker:
        return BlockPacker(self._num_shards, self._block_folder)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Yield what is gathered as blocks, in the windows that the operations came in."""
        packers, self._packers = self._packers, {}
        for window, (packer, earliest) in packers.items():
            for shard, block in packer.flush():
                yield WindowedValue((shard, block), earliest, (window,))
