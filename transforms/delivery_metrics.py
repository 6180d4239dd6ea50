"""Beam metrics of delivery; docs/delivery.md lists them with the alert to set on each."""

from __future__ import annotations

from apache_beam.io.components.adaptive_throttler import ThrottlingSignaler
from apache_beam.metrics import Metrics

from customerio_beam.delivery.report import Report
from customerio_beam.transforms.live_counts import LIVE_COUNTS

__all__ = ["NAMESPACE", "DeliveryMetrics"]

NAMESPACE = "WriteToCustomerIO"


class DeliveryMetrics:
    """Counts what reports tell. Only to be used on the bundle's own thread: Beam drops what other threads count."""

    def __init__(self, lanes: int) -> None:
        """Make the metrics.

        Args:
            lanes: Requests in flight at once. The runner compares throttled seconds with its own thread's time, so
                a second that one of the lanes waits is that part of a second.
        """
        self._lanes = lanes
        self._throttled_carry = 0.0  # the signal takes whole seconds
        self._throttling = ThrottlingSignaler(NAMESPACE)
        self._delivered = Metrics.counter(NAMESPACE, "delivered")
        self._requests = Metrics.counter(NAMESPACE, "requests")
        self._retried = Metrics.counter(NAMESPACE, "retried")
        self._latency = Metrics.distribution(NAMESPACE, "request_latency_ms")
        self._batch_bytes = Metrics.distribution(NAMESPACE, "batch_bytes")
        self._batch_operations = Metrics.distribution(NAMESPACE, "batch_operations")

    def count(self, report: Report) -> None:
        """Account for one report."""
        self._delivered.inc(len(report.delivered))
        LIVE_COUNTS.delivered += len(report.delivered)
        self._requests.inc(len(report.attempts))
        self._retried.inc(report.retried)
        for attempt in report.attempts:
            self._latency.update(attempt.latency_ms)
            self._batch_bytes.update(attempt.body_bytes)
            self._batch_operations.update(attempt.operations)
        self._throttled_carry += report.waited_secs / self._lanes
        whole = int(self._throttled_carry)
        if whole:
            self._throttling.signal_throttled(whole)
            self._throttled_carry -= whole
