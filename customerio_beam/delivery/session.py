"""Everything that sends: lanes, each with a connection of its own, that share credentials and a rate limit."""

from __future__ import annotations

from customerio_beam.delivery.cancellation import Cancellation
from customerio_beam.delivery.client import TrackClient
from customerio_beam.delivery.clock import Clock
from customerio_beam.delivery.lanes import Lanes
from customerio_beam.delivery.rate_limit import RateLimit
from customerio_beam.delivery.retry import RetryPolicy
from customerio_beam.delivery.sender import Sender
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.delivery.workspace import Workspace
from customerio_beam.delivery.writer import BundleWriter

__all__ = ["DeliverySession"]


class DeliverySession:
    """The threads and connections of one worker thread, for one bundle after another."""

    def __init__(self, workspace: Workspace, rate_limit: RateLimit, settings: DeliverySettings, clock: Clock) -> None:
        """Start the lanes. Connections are opened with the first requests.

        Args:
            workspace: Where requests go, and with which credentials.
            rate_limit: Grants each request.
            settings: All other choices.
            clock: The time, and how to wait.
        """
        self._settings = settings
        cancelled = Cancellation()
        self._clients = [
            TrackClient(
                settings.base_url,
                connect_timeout_secs=settings.connect_timeout_secs,
                attempt_timeout_secs=settings.attempt_timeout_secs,
                cancelled=cancelled,
            )
            for _ in range(settings.max_in_flight_requests)
        ]
        deliverers = [
            Sender(
                client,
                workspace,
                rate_limit,
                account_region=settings.account_region,
                retry=RetryPolicy(max_secs=settings.max_retry_secs),
                on_exhausted=settings.on_exhausted,
                clock=clock,
                cancelled=cancelled,
            ).deliver
            for client in self._clients
        ]
        self._lanes = Lanes(deliverers, cancelled)

    def start_bundle(self) -> BundleWriter:
        """Begin with empty batches, whatever an earlier bundle left behind when it failed."""
        self._lanes.cancel()
        return BundleWriter(
            self._lanes,
            max_bytes=self._settings.max_batch_bytes,
            max_operations=self._settings.max_batch_operations,
        )

    def close(self) -> None:
        """End the lanes and close their connections."""
        self._lanes.close()
        for client in self._clients:
            client.close()
