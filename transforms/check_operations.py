"""CheckOperations: the sink's door. It takes operations from anybody, and lets in only what it can deliver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.delivery.clock import Clock
from customerio_beam.delivery.invalid_operation import InvalidOperation
from customerio_beam.delivery.operation import Kind, operation_kind
from customerio_beam.mapping import json_text
from customerio_beam.mapping.origin import Origin
from customerio_beam.transforms.batches import BatchDoFn
from customerio_beam.transforms.dead_letter import DEAD_LETTERS
from customerio_beam.transforms.outputs import counted_dead_letter, with_dead_letters

__all__ = ["CheckOperations", "CheckedOperations"]

_APART = "apart"


class CheckedOperations(NamedTuple):
    """What ``CheckOperations`` returns.

    Attributes:
        operations: Operations, as ``PCollection[KeyedOperation]``.
        apart: Those of the kind that was asked for.
        dead_letters: One record (JSON bytes) for each that is not an operation.
    """

    operations: beam.PCollection
    apart: beam.PCollection
    dead_letters: beam.PCollection


class CheckOperations(beam.PTransform):
    """Check that operations are operations, and part those of one kind from the others.

    An element's event may be ``bytes``; it leaves as an ``Origin``.

    Args:
        clock: The time.
        apart: The kind that leaves by itself; None for no kind.
    """

    def __init__(self, clock: Clock, apart: Kind | None = None) -> None:
        super().__init__()
        self._clock = clock
        self._apart = apart

    def expand(self, operations: beam.PCollection) -> CheckedOperations:
        """Wire the checking DoFn; see the class."""
        check = _Check(self._apart, self._clock)
        types = {"operations": KeyedOperation, _APART: KeyedOperation}
        return CheckedOperations(*with_dead_letters(operations, "Check", check, **types))


class _Check(BatchDoFn):
    output_type = KeyedOperation

    def __init__(self, apart: Kind | None, clock: Clock) -> None:
        self._apart = apart
        self._clock = clock

    def process_batch(self, batch: list[tuple[bytes, tuple[int, bytes, bytes | Origin]]]) -> Iterator[Any]:
        checked: list[KeyedOperation] = []
        apart: list[KeyedOperation] = []
        dead_letters: list[bytes] = []
        for key, (time_ms, operation, original) in batch:
            origin = original if isinstance(original, Origin) else Origin(original)
            try:
                kind = operation_kind(operation)
            except InvalidOperation as error:
                dead_letters.append(self._dead_letter(error, time_ms, operation, origin))
                continue
            (apart if kind == self._apart else checked).append((key, (time_ms, operation, origin)))
        yield checked
        if apart:
            yield beam.pvalue.TaggedOutput(_APART, apart)
        if dead_letters:
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, dead_letters)

    def _dead_letter(self, error: InvalidOperation, time_ms: int, operation: bytes, origin: Origin) -> bytes:
        if error.reason == "invalid_operation":  # it may not be JSON, so the record holds it as text
            operation = json_text.dumps(operation.decode("utf-8", "backslashreplace"))
        return counted_dead_letter(
            stage="deliver",
            reason=error.reason,
            detail=error.detail,
            payload=origin,
            failed_at=self._clock.time(),
            event_time_ms=time_ms,
            operation=operation,
        )
