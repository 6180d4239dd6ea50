"""An exact limit over all workers, granted by an Envoy rate limit service."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import grpc
from apache_beam.io.components.rate_limiter import EnvoyRateLimiter

from customerio_beam.delivery.errors import RateLimitServiceError
from customerio_beam.delivery.rate_limit import RateLimit, WorkerRateLimit
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.delivery.workspace import Workspace

__all__ = ["DESCRIPTOR", "DOMAIN", "ServiceRateLimit", "rate_limit_of"]

#: What the service's configuration must name: one descriptor in one domain, with a limit per second.
DOMAIN = "customerio"
DESCRIPTOR = {"api": "track"}


def rate_limit_of(settings: DeliverySettings, workspace: Workspace) -> RateLimit:
    """Return what grants this process's requests: the worker's share, and the service if the settings name one.

    Raises:
        CredentialsUnavailableError: The credentials can't be fetched; the Site ID tells which limit it is.
    """
    worker = WorkerRateLimit(settings.worker_requests_per_second, workspace.identity)
    if settings.rate_limit_service is None:
        return worker
    return ServiceRateLimit(worker, settings.rate_limit_service)


class ServiceRateLimit:
    """Takes a token of the worker's own limit first, then one of the service.

    The worker's limit still slows down on overload, and keeps a worker from asking the service in vain.
    """

    def __init__(self, worker: RateLimit, address: str) -> None:
        self._worker = worker
        self._address = address
        self._limiter = _DirectLimiter(address, DOMAIN, [DESCRIPTOR], namespace="WriteToCustomerIO")

    def take(self, pause: Callable[[float], None]) -> float:
        """Wait for both tokens; return the seconds that took.

        Raises:
            RateLimitServiceError: The service can't be reached, or answered neither yes nor no.
        """
        waited = self._worker.take(pause)
        asked = time.monotonic()
        try:
            allowed = self._limiter.allow()
        except grpc.RpcError as error:
            raise RateLimitServiceError(
                f"The rate limit service at {self._address} can't be reached ({error.code().name})."
            ) from None
        if not allowed:
            raise RateLimitServiceError(
                "The rate limit service gave an unknown response: its configuration needs a limit for the domain "
                f"{DOMAIN!r} and the descriptor {DESCRIPTOR!r}."
            )
        return waited + time.monotonic() - asked

    def record(self, *, accepted: bool) -> None:
        """Tell the worker's limit how the attempt ended."""
        self._worker.record(accepted=accepted)


class _DirectLimiter(EnvoyRateLimiter):
    """Beam's limiter, never through a proxy: the service runs beside the workers, but gRPC asks the environment."""

    _stub: Any

    def init_connection(self) -> None:
        """Connect, once for all threads."""
        with self._lock:
            if self._stub is None:
                channel = grpc.insecure_channel(self.service_address, options=[("grpc.enable_http_proxy", 0)])
                self._stub = EnvoyRateLimiter.RateLimitServiceStub(channel)
