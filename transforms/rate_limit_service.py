"""An exact limit over all workers, given out by an Envoy rate limit service."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from apache_beam.io.components.rate_limiter import EnvoyRateLimiter

from customerio_beam.delivery.budget import Budget
from customerio_beam.delivery.errors import DeliveryError

__all__ = ["DESCRIPTOR", "DOMAIN", "RateLimitServiceBudget"]

#: What the service's configuration has to name: one descriptor in one domain, with a limit per second.
DOMAIN = "customerio"
DESCRIPTOR = {"api": "track"}


class RateLimitServiceBudget:
    """Takes a token of the worker's own budget first, then one of the service.

    The worker's budget still slows down on overload, and keeps a worker from asking the service in vain.
    """

    def __init__(self, worker: Budget, address: str) -> None:
        self._worker = worker
        self._limiter: Any = EnvoyRateLimiter(address, DOMAIN, [DESCRIPTOR], namespace="WriteToCustomerIO")

    def take(self, pause: Callable[[float], None]) -> float:
        """Wait for both tokens; return the seconds that took.

        Raises:
            DeliveryError: The service answered neither yes nor no.
            grpc.RpcError: The service can't be reached.
        """
        waited = self._worker.take(pause)
        asked = time.monotonic()
        if not self._limiter.allow():
            raise DeliveryError(
                "The rate limit service gave an unknown answer: its configuration needs a limit for the domain "
                f"{DOMAIN!r} and the descriptor {DESCRIPTOR!r}."
            )
        return waited + time.monotonic() - asked

    def record(self, *, accepted: bool) -> None:
        """Tell the worker's budget how the attempt was answered."""
        self._worker.record(accepted=accepted)
