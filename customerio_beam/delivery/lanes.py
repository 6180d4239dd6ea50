"""Several requests in flight: lanes side by side; each delivers one batch at a time, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from customerio_beam.delivery.batching import Batch
from customerio_beam.delivery.cancellation import Cancellation
from customerio_beam.delivery.errors import Cancelled
from customerio_beam.delivery.report import Report

__all__ = ["Lanes"]

#: Batches that a lane holds: one in flight, and the next one.
_DEPTH = 2

_STOPPED = "Another request of the bundle has failed, or the run is being stopped."


class Lanes:
    """Threads that deliver batches. Everything else here is called from one thread, the owner's.

    A failed batch stops all lanes before any further request is sent, so that nothing overtakes what failed.
    """

    def __init__(self, deliverers: Sequence[Callable[[Batch], Report]], cancelled: Cancellation) -> None:
        """Start a lane for each deliverer.

        Args:
            deliverers: Deliver a batch, or raise. Each is called by its own lane alone.
            cancelled: Set when a batch has failed; it ends what the deliverers are doing.
        """
        self._deliverers = deliverers
        self._cancelled = cancelled
        # An executor with a single thread runs its tasks one after the other: that is a lane.
        self._executors = [ThreadPoolExecutor(1, thread_name_prefix=f"lane-{n}") for n in range(len(deliverers))]
        self._pending: list[deque[tuple[Future[Report], Batch]]] = [deque() for _ in deliverers]

    def __len__(self) -> int:
        return len(self._deliverers)

    def submit(self, lane: int, batch: Batch) -> Iterator[Report]:
        """Give a batch to a lane; wait while the lane is full. Yields the reports that came in meanwhile.

        Raises:
            DeliveryError: A batch has failed.
        """
        yield from self._collect()
        while len(self._pending[lane]) >= _DEPTH:
            self._wait_for_any()
            yield from self._collect()
        future = self._executors[lane].submit(self._deliver, lane, batch)
        self._pending[lane].append((future, batch))

    def wait_for_room(self) -> Iterator[Report]:
        """Wait until some lane could take a batch at once. Yields the reports that came in meanwhile.

        Raises:
            DeliveryError: A batch has failed.
        """
        yield from self._collect()
        while all(len(pending) >= _DEPTH for pending in self._pending):
            self._wait_for_any()
            yield from self._collect()

    def load(self, lane: int) -> int:
        """Return how many batches a lane has not reported on yet, for choosing the least busy one."""
        return len(self._pending[lane])

    def lane_of(self, key: Hashable) -> int | None:
        """Return the lane that has an unfinished batch with that key."""
        for lane, pending in enumerate(self._pending):
            for _, batch in pending:
                if key in batch.keys:
                    return lane
        return None

    def drain(self) -> Iterator[Report]:
        """Wait for all batches; yield their reports.

        Raises:
            DeliveryError: A batch has failed.
        """
        while any(self._pending):
            self._wait_for_any()
            yield from self._collect()

    def cancel(self) -> None:
        """Forget all batches, once no request of theirs is under way any more."""
        self._cancelled.set()
        wait([future for lane in self._pending for future, _ in lane])
        for lane in self._pending:
            lane.clear()
        self._cancelled.clear()

    def close(self) -> None:
        """Cancel, and end the threads."""
        self.cancel()
        for executor in self._executors:
            executor.shutdown()

    def _deliver(self, lane: int, batch: Batch) -> Report:
        if self._cancelled.is_set():
            raise Cancelled(_STOPPED)
        delivered = False
        try:
            report = self._deliverers[lane](batch)
            delivered = True
        finally:
            if not delivered:
                self._cancelled.set()
        return report

    def _wait_for_any(self) -> None:
        wait([future for lane in self._pending for future, _ in lane], return_when=FIRST_COMPLETED)

    def _collect(self) -> Iterator[Report]:
        """Yield the reports of the batches that are through; raise the first failure, with all lanes at rest."""
        if self._cancelled.is_set():
            yield from self._fail()
        for lane in self._pending:
            while lane and lane[0][0].done():
                future = lane[0][0]
                if future.exception() is not None:
                    yield from self._fail()
                lane.popleft()
                yield future.result()

    def _fail(self) -> Iterator[Report]:
        """Yield the reports of the batches that came through all the same, and raise the first failure."""
        futures = [future for lane in self._pending for future, _ in lane]
        wait(futures)
        errors = [error for future in futures if (error := future.exception()) is not None]
        self.cancel()
        yield from (future.result() for future in futures if future.exception() is None)
        # The others gave up because of the one that failed.
        raise next((error for error in errors if not isinstance(error, Cancelled)), Cancelled(_STOPPED))
