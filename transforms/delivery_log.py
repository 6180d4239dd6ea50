"""DeliveryLog: what the sink did, as lines of JSON for a log. They hold counts and codes, and nothing of an event."""

from __future__ import annotations

import logging
from collections import Counter

from customerio_beam.delivery.clock import Clock
from customerio_beam.delivery.report import Report
from customerio_beam.mapping import json_text

__all__ = ["LOGGER", "DeliveryLog"]

LOGGER = logging.getLogger(__name__)

#: A stream has several bundles a second. While all is well, a line about so many seconds is enough.
_QUIET_SECS = 60.0


class DeliveryLog:
    """Adds up what reports tell, and logs at most one line a bundle.

    A bundle with retries or dead letters gets its line at once; others share one a minute. A line is about all bundles
    since the last one.
    """

    def __init__(self, requests_per_second: float, clock: Clock) -> None:
        """Begin to count.

        Args:
            requests_per_second: The worker's share of the rate, to compare with.
            clock: The time.
        """
        self._rate = requests_per_second
        self._clock = clock
        self._logged_at: float | None = None
        self._began = clock.monotonic()
        self._forget()

    def count(self, report: Report) -> None:
        """Add one report."""
        self._delivered += len(report.delivered)
        self._requests += len(report.attempts)
        self._retried += report.retried
        self._throttled_secs += report.waited_secs
        self._latency_ms += sum(attempt.latency_ms for attempt in report.attempts)
        self._dead_letters.update(failure.reason for failure in report.failures)

    def finish_bundle(self) -> None:
        """Count a bundle, and log a line if it is time."""
        self._bundles += 1
        is_notable = bool(self._retried or self._dead_letters)
        is_due = self._logged_at is None or self._clock.monotonic() - self._logged_at >= _QUIET_SECS
        if self._requests and (is_notable or is_due):
            self._write()

    def close(self) -> None:
        """Log what has no line yet."""
        if self._requests:
            self._write()

    def _write(self) -> None:
        now = self._clock.monotonic()
        elapsed = now - self._began
        line = {
            "event": "delivery",
            "bundles": self._bundles,
            "seconds": round(elapsed, 1),
            "delivered": self._delivered,
            "requests": self._requests,
            "retried": self._retried,
            "requests_per_second": round(self._requests / elapsed, 1) if elapsed else None,
            "max_requests_per_second": self._rate,
            "throttled_seconds": round(self._throttled_secs, 1),
            "mean_latency_ms": round(self._latency_ms / self._requests),
            "dead_letters": dict(self._dead_letters),
        }
        LOGGER.info("%s", json_text.dumps(line).decode())
        self._logged_at = self._began = now
        self._forget()

    def _forget(self) -> None:
        self._bundles = self._delivered = self._requests = self._retried = self._latency_ms = 0
        self._throttled_secs = 0.0
        self._dead_letters: Counter[str] = Counter()
