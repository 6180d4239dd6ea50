"""The DoFns at the end of ``WriteToCustomerIO``: they wire elements, windows and metrics to ``delivery``."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from customerio_beam.delivery.batching import Value
from customerio_beam.delivery.cancellation import Cancellation
from customerio_beam.delivery.client import TrackClient
from customerio_beam.delivery.clock import Clock
from customerio_beam.delivery.credentials import CredentialsSource
from customerio_beam.delivery.external_sort import sort_by_time
from customerio_beam.delivery.lanes import Lanes
from customerio_beam.delivery.rate_limit import RateLimit, WorkerRateLimit
from customerio_beam.delivery.report import Failure, Report
from customerio_beam.delivery.retry import RetryPolicy
from customerio_beam.delivery.sender import Sender
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.delivery.workspace import Workspace, shared_workspace
from customerio_beam.delivery.writer import BundleWriter
from customerio_beam.transforms.dead_letter import DEAD_LETTERS
from customerio_beam.transforms.delivery_metrics import DeliveryMetrics
from customerio_beam.transforms.outputs import counted_dead_letter
from customerio_beam.transforms.rate_limit_service import ServiceRateLimit

__all__ = ["DeliverGroups", "DeliverValues", "DeliverWindowedGroups", "DeliverWindowedValues"]

_GLOBAL_WINDOW = GlobalWindow()


class _Deliver(beam.DoFn):
    """Delivers what its subclasses' ``_deliver`` hand to ``_write``. Emits how many operations each request delivered.

    Lanes and what belongs to them live from ``setup`` to ``teardown``; a bundle is over only when all its
    operations are answered. Threads never touch Beam: their reports are accounted for on the bundle's thread.
    """

    def __init__(self, source: CredentialsSource, settings: DeliverySettings, clock: Clock) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._resources: list[Lanes | TrackClient] = []

    def setup(self) -> None:
        """Fetch the credentials, join the worker's rate limit, and start the lanes."""
        settings = self._settings
        workspace = shared_workspace(self._source, settings.base_url, settings.secret_max_age_secs)
        rate_limit = self._rate_limit(workspace)
        cancelled = Cancellation()
        self._metrics = DeliveryMetrics(settings.max_in_flight_requests)
        clients = [
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
                clock=self._clock,
                cancelled=cancelled,
            ).deliver
            for client in clients
        ]
        self._lanes = Lanes(deliverers, cancelled)
        self._resources = [self._lanes, *clients]

    def _rate_limit(self, workspace: Workspace) -> RateLimit:
        worker = WorkerRateLimit(self._settings.worker_requests_per_second, workspace.identity)
        if self._settings.rate_limit_service is None:
            return worker
        return ServiceRateLimit(worker, self._settings.rate_limit_service)

    def start_bundle(self) -> None:
        """Begin with empty batches, whatever an earlier bundle left behind when it failed."""
        self._lanes.cancel()
        self._writer = BundleWriter(
            self._lanes,
            max_bytes=self._settings.max_batch_bytes,
            max_operations=self._settings.max_batch_operations,
        )

    @abc.abstractmethod
    def _deliver(self, element: Any, timestamp: Any, window: Any) -> Iterator[Any]: ...

    def finish_bundle(self) -> Iterator[Any]:
        """Send what is left over, and wait for all answers."""
        for report in self._writer.flush():
            yield from self._outputs(report)

    def teardown(self) -> None:
        """End the lanes and close their connections."""
        for resource in self._resources:
            resource.close()

    def _write(self, key: Any, values: Iterable[Value], timestamp: Any, window: Any) -> Iterator[Any]:
        for report in self._writer.write(key, values, (timestamp, window)):
            yield from self._outputs(report)

    def _outputs(self, report: Report) -> Iterator[Any]:
        """Account for a report: metrics, counts and dead letters, in the windows that the operations came in."""
        self._metrics.count(report)
        for failure in report.failures:
            timestamp, window = failure.context
            record = self._record(failure)
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, WindowedValue(record, timestamp, (window,)))
        counts: dict[Any, tuple[int, Timestamp]] = {}
        for timestamp, window in report.delivered:
            count, earliest = counts.get(window, (0, timestamp))
            counts[window] = (count + 1, min(earliest, timestamp))
        for window, (count, earliest) in counts.items():
            yield WindowedValue(count, earliest, (window,))

    def _record(self, failure: Failure) -> bytes:
        event_time_ms, operation, payload = failure.value
        return counted_dead_letter(
            stage="deliver",
            reason=failure.reason,
            detail=failure.detail,
            payload=payload,
            failed_at=self._clock.time(),
            event_time_ms=event_time_ms,
            operation=operation,
            response=None if failure.response is None else failure.response.as_record(),
        )


class _Groups(_Deliver):
    def _deliver(self, element: tuple[Any, Iterable[Value]], timestamp: Any, window: Any) -> Iterator[Any]:
        key, values = element
        yield from self._write(key, sort_by_time(values, self._settings.max_sort_bytes), timestamp, window)


class _Values(_Deliver):
    def _deliver(self, element: Value, timestamp: Any, window: Any) -> Iterator[Any]:
        yield from self._write(None, (element,), timestamp, window)


class _InWindows(_Deliver):
    def process(
        self,
        element: Any,
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[Any]:
        """Deliver one element's operations."""
        return self._deliver(element, timestamp, window)


class _InGlobalWindow(_Deliver):
    """Asks for no window: Beam prepares the arguments of each call anew where it is asked for one."""

    def process(self, element: Any, timestamp: Any = beam.DoFn.TimestampParam) -> Iterator[Any]:
        """Deliver one element's operations."""
        return self._deliver(element, timestamp, _GLOBAL_WINDOW)


class DeliverGroups(_Groups, _InGlobalWindow):
    """Delivers each key's (a person's or a shard's) operations in the order of their event times."""


class DeliverWindowedGroups(_Groups, _InWindows):
    """``DeliverGroups`` for input in other windows than the global one."""


class DeliverValues(_Values, _InGlobalWindow):
    """Delivers operations in whatever order they come."""


class DeliverWindowedValues(_Values, _InWindows):
    """``DeliverValues`` for input in other windows than the global one."""
