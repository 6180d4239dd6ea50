"""The two ways to deliver: shard by shard in order, or each operation as it comes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import apache_beam as beam

from customerio_beam.delivery.blocks import Block
from customerio_beam.delivery.clock import Clock
from customerio_beam.delivery.credentials import CredentialsSource
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.transforms.batch_by_shard import BatchByShard
from customerio_beam.transforms.deliver_dofns import DeliverOperations, DeliverShards
from customerio_beam.transforms.outputs import with_dead_letters
from customerio_beam.transforms.pack_by_shard import PackByShard

__all__ = ["DeliverByShard", "DeliverEach", "WriteResult"]

#: Memory that the operations of files may take before they are packed. Larger blocks compress better, and fewer cross
#: the shuffle.
_FILE_PACK_BYTES = 32_000_000
#: The same of a stream: its bundles are small, and a shard's state holds whole blocks.
_STREAM_PACK_BYTES = 4_000_000
#: A stream's batch holds at most the bytes of so many requests. Each operation is there beside its event.
_STREAM_BATCH_REQUESTS = 4


class WriteResult(NamedTuple):
    """What ``WriteToCustomerIO`` returns.

    Attributes:
        delivered: ``PCollection[int]``: how many operations each request delivered.
        dead_letters: ``PCollection[bytes]``: one JSON record for each operation that was not delivered (see
            ``transforms.dead_letter``).
    """

    delivered: beam.PCollection
    dead_letters: beam.PCollection


class DeliverByShard(beam.PTransform):
    """Deliver the operations of each shard in order.

    Bounded input: all operations of a shard, each person's in the order of their times. Unbounded input: batches of a
    shard, each in the order of its times.

    Args:
        credentials: Where each worker fetches the Site ID and the key.
        settings: All other choices.
        clock: The time, and how to wait.
        after: A PCollection that must be complete before the first operation is delivered; None for none.
        block_folder: A folder of all workers for what crosses the shuffle (``WriteToCustomerIO``).
    """

    def __init__(
        self,
        credentials: CredentialsSource,
        settings: DeliverySettings,
        clock: Clock,
        *,
        after: beam.PCollection | None = None,
        block_folder: str | None = None,
    ) -> None:
        super().__init__()
        self._block_folder = block_folder
        self._settings = settings
        self._clock = clock
        self._arguments = (credentials, settings, clock)
        self._after = after

    def expand(self, operations: beam.PCollection) -> WriteResult:
        """Pack, group or batch, and deliver; see the class."""
        bounded, settings = operations.is_bounded, self._settings
        pack_bytes = _FILE_PACK_BYTES if bounded else _STREAM_PACK_BYTES
        pack = PackByShard(settings.shards(bounded), pack_bytes, self._block_folder)
        blocks = operations | "PackByShard" >> beam.ParDo(pack).with_output_types(tuple[int, Block])
        if bounded:
            shards = blocks | "GroupByShard" >> beam.GroupByKey()
        else:
            batch = BatchByShard(
                max_operations=settings.max_batch_operations,
                max_bytes=_STREAM_BATCH_REQUESTS * settings.max_batch_bytes,
                max_delay_secs=settings.max_batch_delay_secs,
                clock=self._clock.time,
            )
            shards = blocks | "BatchByShard" >> beam.ParDo(batch).with_output_types(tuple[int, Iterable[Block]])
        if self._after is not None:
            shards = shards | "Wait" >> beam.WaitOn(self._after)
        return _send(shards, DeliverShards(*self._arguments, by_person=bounded))


class DeliverEach(beam.PTransform):
    """Deliver operations in whatever order they come.

    Args:
        credentials: Where each worker fetches the Site ID and the key.
        settings: All other choices.
        clock: The time, and how to wait.
    """

    def __init__(self, credentials: CredentialsSource, settings: DeliverySettings, clock: Clock) -> None:
        super().__init__()
        self._arguments = (credentials, settings, clock)

    def expand(self, operations: beam.PCollection) -> WriteResult:
        """Deliver; see the class."""
        return _send(operations, DeliverOperations(*self._arguments))


def _send(ready: Any, dofn: beam.DoFn) -> WriteResult:
    return WriteResult(*with_dead_letters(ready, "Send", dofn, delivered=int))
