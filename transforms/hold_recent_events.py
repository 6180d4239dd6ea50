"""HoldRecentEvents: a backfill must not trigger the campaigns of today."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.mapping import json_text
from customerio_beam.mapping.campaigns import CAMPAIGN_WINDOW_SECS, can_trigger
from customerio_beam.mapping.origin import Origin
from customerio_beam.mapping.replay import replay_of
from customerio_beam.transforms.batches import BatchDoFn
from customerio_beam.transforms.dead_letter import DEAD_LETTERS
from customerio_beam.transforms.error_handling import HandlesErrors
from customerio_beam.transforms.outputs import counted_dead_letter, with_dead_letters

__all__ = ["HoldRecentEvents", "HoldResult"]


class HoldResult(NamedTuple):
    """What ``HoldRecentEvents`` returns.

    Attributes:
        operations: The operations to send, as they came.
        dead_letters: One ``recent_event`` record for each operation held back.
    """

    operations: beam.PCollection
    dead_letters: beam.PCollection


class HoldRecentEvents(HandlesErrors):
    """Hold back event, page and screen operations that are young enough to trigger a campaign.

    Of dead letters that are sent again, it holds only those that were held before.

    Example:
        ```
        held = mapped.operations | HoldRecentEvents(launched_at=time.time())
        held.operations | WriteToCustomerIO(...)
        ```

    Args:
        launched_at: "Now" in unix seconds, fixed when the job starts, so that retried bundles agree; None in a job that
            runs for long: then it is the time at which an operation comes.
        clock: The current time in unix seconds, for the records.
    """

    def __init__(self, launched_at: float | None, clock: Callable[[], float] = time.time):
        super().__init__()
        self._launched_at = launched_at
        self._clock = clock

    def expand(self, operations: beam.PCollection) -> HoldResult:
        """Wire the holding DoFn; see the class."""
        hold = _Hold(self._launched_at, self._clock)
        outputs = with_dead_letters(operations, "Hold recent events", hold, operations=KeyedOperation)
        return self.handled(HoldResult(*outputs))


def _is_held(keyed: KeyedOperation, held_from_ms: int) -> bool:
    time_ms, operation, origin = keyed[1]
    return time_ms >= held_from_ms and can_trigger(json_text.loads(operation)) and not _is_wanted(origin)


def _is_wanted(origin: Origin) -> bool:
    """Whether somebody sends a dead letter again that was never held."""
    replay = replay_of(origin.source)
    return replay is not None and replay.reason != "recent_event"


class _Hold(BatchDoFn):
    """Passes old operations on and turns triggering young ones into dead letters."""

    output_type = KeyedOperation

    def __init__(self, launched_at: float | None, clock: Callable[[], float]):
        self._launched_at = launched_at
        self._clock = clock

    def process_batch(self, batch: list[KeyedOperation]) -> Iterator[Any]:
        now = self._clock() if self._launched_at is None else self._launched_at
        held_from_ms = int((now - CAMPAIGN_WINDOW_SECS) * 1000)
        held = [keyed[1] for keyed in batch if _is_held(keyed, held_from_ms)]
        yield [keyed for keyed in batch if not _is_held(keyed, held_from_ms)]
        if held:
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, [self._dead_letter(*value) for value in held])

    def _dead_letter(self, time_ms: int, operation: bytes, origin: Origin) -> bytes:
        return counted_dead_letter(
            stage="deliver",
            reason="recent_event",
            detail="The event is of the 72 hours before the backfill, so it could trigger a campaign.",
            payload=origin,
            failed_at=self._clock(),
            event_time_ms=time_ms,
            operation=operation,
        )
