"""A request in the making: operations that fill it by encoded bytes and by count."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

from customerio_beam.delivery.client import HttpRequest
from customerio_beam.delivery.v1 import goes_by_v1, v1_request
from customerio_beam.mapping.origin import Origin

__all__ = ["Batch", "KeyedOperation", "Value", "request_for"]

#: (event time in unix milliseconds, operation as JSON, original event)
Value: TypeAlias = tuple[int, bytes, Origin]

#: (person key, value)
KeyedOperation: TypeAlias = tuple[bytes, Value]

_HEAD = b'{"batch":['
_TAIL = b"]}"
_EMPTY_BYTES = len(_HEAD) + len(_TAIL) - 1  # the first operation has no comma before it


class Batch:
    """Operations that go out in one request.

    Attributes:
        values: The operations with what dead letters need.
        contexts: For each value, where it came from; delivery hands it back and never looks at it.
        keys: Keys of the people (or shards) whose order this batch takes part in.
        body_bytes: The request body's size.
    """

    __slots__ = ("body_bytes", "contexts", "keys", "values")

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.contexts: list[Any] = []
        self.keys: set[Hashable] = set()
        self.body_bytes = _EMPTY_BYTES

    def append(self, value: Value, context: Any) -> None:
        """Add an operation; the caller has checked that it fits."""
        self.values.append(value)
        self.contexts.append(context)
        self.body_bytes += len(value[1]) + 1

    def extend(self, other: Batch) -> None:
        """Add all operations of another batch; the caller has checked that they fit."""
        self.values += other.values
        self.contexts += other.contexts
        self.keys |= other.keys
        self.body_bytes += other.body_bytes - _EMPTY_BYTES

    def fits(self, operation: bytes, max_bytes: int, max_operations: int) -> bool:
        """Tell whether an operation still fits."""
        return self.body_bytes + len(operation) + 1 <= max_bytes and len(self.values) < max_operations

    def fits_batch(self, other: Batch, max_bytes: int, max_operations: int) -> bool:
        """Tell whether all of another batch still fits."""
        return (
            self.body_bytes + other.body_bytes - _EMPTY_BYTES <= max_bytes
            and len(self.values) + len(other.values) <= max_operations
        )


def request_for(values: Sequence[Value]) -> HttpRequest:
    """Make the request that delivers ``values``: a single one that needs it goes by v1, all else as a batch.

    Raises:
        InvalidOperation: A single large operation that v1 can't carry.
    """
    if len(values) == 1 and goes_by_v1(values[0][1]):
        return v1_request(values[0][1])
    body = _HEAD + b",".join([operation for _, operation, _ in values]) + _TAIL
    return HttpRequest("POST", "/api/v2/batch", body, len(values))
