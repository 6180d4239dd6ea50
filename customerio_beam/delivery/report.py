"""The outcome of a batch: plain values that a lane's thread hands to the bundle's thread, which accounts for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from customerio_beam.delivery.answers import Refusal
from customerio_beam.delivery.batching import Value

__all__ = ["Attempt", "Failure", "Report"]


@dataclass(frozen=True)
class Attempt:
    """One HTTP attempt.

    Attributes:
        latency_ms: Milliseconds from sending to the complete answer (or its failure).
        body_bytes: Bytes of the request's body.
        operations: Operations in it.
    """

    latency_ms: int
    body_bytes: int
    operations: int


@dataclass(frozen=True)
class Failure:
    """One operation that was not delivered and won't be tried again here.

    Attributes:
        value: The operation with what a dead letter needs.
        context: What the caller gave along with it.
        reason: The dead letter's reason.
        detail: One sentence for a person to read.
        response: Customer.io's refusal, if there is one.
    """

    value: Value
    context: Any
    reason: Literal["rejected", "retries_exhausted"]
    detail: str
    response: Refusal | None


@dataclass
class Report:
    """The outcome of a batch.

    Attributes:
        delivered: The contexts of the operations that Customer.io accepted.
        failures: The operations that were not delivered.
        attempts: All HTTP attempts.
        retried: How many of them repeated one before, because the response said or meant "later".
        waited_secs: Seconds spent waiting for the budget or for a retry.
    """

    delivered: list[Any] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    retried: int = 0
    waited_secs: float = 0.0
