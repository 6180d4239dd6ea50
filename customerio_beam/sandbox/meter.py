"""Counts of the traffic: requests over time, responses, batch fill, latency, and how near the rate is to its limit."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

from customerio_beam.sandbox.rules.limits import MAX_BATCH_BYTES

#: How many seconds with traffic the time series keeps: an hour of load fills a chart.
KEPT_SECONDS = 3600
#: One second's `requests`, `operations`, `body_bytes`, and `seconds` taken to respond, injected latency included.
Second = Counter[str]


class Meter:
    """Counts requests; safe for use by many threads.

    Args:
        clock: Returns unix seconds.
        monotonic: Returns seconds of a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything counted."""
        with self._lock:
            self._window: deque[float] = deque()
            self._series: dict[int, Second] = {}
            self._requests = self._peak = self._violations = self._batches = self._batch_bytes = 0
            self._responses: Counter[str] = Counter()
            self._faults: Counter[str] = Counter()
            self._fill: Counter[int] = Counter()

    def arrive(self, limit: int) -> bool:
        """Count a request at its arrival; return whether more than `limit` arrived within a second."""
        now = self._monotonic()
        with self._lock:
            self._requests += 1
            self._window.append(now)
            while self._window[0] <= now - 1.0:
                self._window.popleft()
            self._peak = max(self._peak, len(self._window))
            over = len(self._window) > limit
            self._violations += over
            return over

    def respond(
        self, response: str, faults: Sequence[str] = (), operations: int = 0, body: int = 0, seconds: float = 0.0
    ) -> None:
        """Count a request at its end: its status or the fault that cut the connection, and all faults injected.

        The rest are the operations in it, the bytes of its body, and the seconds that it took.
        """
        with self._lock:
            self._responses[response] += 1
            self._faults.update(faults)
            entry = self._series.setdefault(int(self._clock()), Counter())
            if len(self._series) > KEPT_SECONDS:
                del self._series[min(self._series)]
            entry.update(requests=1, operations=operations, body_bytes=body)
            entry["seconds"] += seconds  # type: ignore[assignment]

    def batch(self, size: int) -> None:
        """Count a batch request with a body of so many bytes."""
        with self._lock:
            self._batches += 1
            self._batch_bytes += size
            self._fill[min(size * 10 // MAX_BATCH_BYTES, 9)] += 1

    def stats(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        with self._lock:
            return {
                "requests": self._requests,
                "requests_by_status": dict(sorted(self._responses.items())),
                "peak_requests_per_second": self._peak,
                "violations": self._violations,
                "faults_injected": dict(sorted(self._faults.items())),
                "batches": self._batches,
                "mean_batch_bytes": round(self._batch_bytes / max(1, self._batches), 1),
                "batch_fill_tenths": [self._fill[tenth] for tenth in range(10)],
                "requests_per_second": {str(second): entry["requests"] for second, entry in self._series.items()},
            }

    def series(self) -> list[tuple[int, Second]]:
        """Return the kept seconds with traffic, oldest first. Do not change them."""
        with self._lock:
            return sorted(self._series.items())
