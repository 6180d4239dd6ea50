"""Fills requests and hands them to lanes, so that requests are full, lanes busy, and people's operations in order."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from customerio_beam.delivery.batching import Batch, Value
from customerio_beam.delivery.lanes import Lanes
from customerio_beam.delivery.report import Report
from customerio_beam.delivery.v1 import goes_by_v1

__all__ = ["BundleWriter"]


class BundleWriter:
    """Delivers the operations of one bundle.

    Each lane has a batch that is filling. New keys go to one lane until its batch is full and sent; then to the least
    busy lane. A key whose operations are not all answered yet stays in its lane, and a lane delivers in order, so no
    operation of a key overtakes another. What is left over in several lanes at the end is joined.

    Memory is bounded by three batches a lane: one that fills, one that waits, one in flight.
    """

    def __init__(self, lanes: Lanes, *, max_bytes: int, max_operations: int) -> None:
        self._lanes = lanes
        self._max_bytes = max_bytes
        self._max_operations = max_operations
        self._open = [Batch() for _ in range(len(lanes))]
        self._filling = 0

    def write(self, key: Hashable | None, values: Iterable[Value], context: Any) -> Iterator[Report]:
        """Deliver the operations of one key in the order given; waits while all lanes are full.

        Args:
            key: Whose order is to be kept (a person or a shard), or None where order does not matter.
            values: The operations.
            context: Handed back with each of them.

        Yields:
            Reports of requests that came through meanwhile, of these operations or earlier ones.

        Raises:
            DeliveryError: The bundle has failed.
        """
        lane = self._filling if key is None else self._lane_of(key)
        batch = self._open[lane]
        for value in values:
            operation = value[1]
            if goes_by_v1(operation):
                yield from self._send_alone(lane, key, value, context)
                batch = self._open[lane]
                continue
            if not batch.fits(operation, self._max_bytes, self._max_operations):
                yield from self._send(lane)
                lane = self._filling if key is None else lane
                batch = self._open[lane]
            batch.append(value, context)
            if key is not None:
                batch.keys.add(key)
        if len(batch.values) >= self._max_operations:
            yield from self._send(lane)

    def flush(self) -> Iterator[Report]:
        """Send what is left over and wait for all answers.

        Yields:
            The remaining reports.

        Raises:
            DeliveryError: The bundle has failed.
        """
        lanes = [lane for lane, batch in enumerate(self._open) if batch.values]
        if len(lanes) == 1:
            yield from self._send(lanes[0])
        elif lanes:
            # Nothing is in flight after this, so any lane may take any key.
            yield from self._lanes.drain()
            leftovers = [self._open[lane] for lane in lanes]
            self._open = [Batch() for _ in self._open]
            for lane, batch in enumerate(self._join(leftovers)):
                yield from self._lanes.submit(lane, batch)
        yield from self._lanes.drain()

    def _lane_of(self, key: Hashable) -> int:
        for lane, batch in enumerate(self._open):
            if key in batch.keys:
                return lane
        busy = self._lanes.lane_of(key)
        return self._filling if busy is None else busy

    def _send(self, lane: int) -> Iterator[Report]:
        batch, self._open[lane] = self._open[lane], Batch()
        yield from self._lanes.submit(lane, batch)
        if lane == self._filling:
            # Chosen only when one has room, so that a lane whose request takes long never holds up the others.
            yield from self._lanes.wait_for_room()
            self._filling = self._least_busy()

    def _send_alone(self, lane: int, key: Hashable | None, value: Value, context: Any) -> Iterator[Report]:
        """Send one operation by itself, after what the lane has already."""
        if self._open[lane].values:
            yield from self._send(lane)
        batch = Batch()
        batch.append(value, context)
        if key is not None:
            batch.keys.add(key)
        yield from self._lanes.submit(lane, batch)

    def _least_busy(self) -> int:
        """Choose the lane with the least to do; of equals the one whose batch is fullest, then the next in turn."""
        count = len(self._lanes)
        turns = [(self._filling + turn) % count for turn in range(1, count + 1)]
        return min(turns, key=lambda lane: (self._lanes.load(lane), -self._open[lane].body_bytes))

    def _join(self, leftovers: list[Batch]) -> list[Batch]:
        """Join partial batches, largest first, each into the first one that has room (first-fit decreasing)."""
        joined: list[Batch] = []
        for batch in sorted(leftovers, key=lambda batch: -batch.body_bytes):
            for target in joined:
                if target.fits_batch(batch, self._max_bytes, self._max_operations):
                    target.extend(batch)
                    break
            else:
                joined.append(batch)
        return joined
