"""One worker's request budget, shared by all its threads (and, through a proxy, by its processes)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from customerio_beam.delivery.adaptive import AdaptiveThrottle

__all__ = ["RequestBudget", "TokenBucket", "burst_of"]

#: Parts of the rate that requests are planned at, and that they leave at most at. The second is larger, so that
#: requests which are held up at the gate catch up; what it leaves of a second's rate is the burst.
_PLANNED = 0.965
_LEAVING = 0.97

#: So much of a token may be missing: after exactly the wait asked for, rounding can leave it a hair short.
_ROUNDING = 1e-6


def burst_of(rate: float) -> float:
    """Return the burst that goes with a rate: what the gate leaves of a second's requests, and at least one."""
    return max(1.0, rate * (1 - _LEAVING))


class TokenBucket:
    """The classic: tokens come in at a rate, and up to a burst of them is saved. Not thread-safe."""

    def __init__(self, burst: float, now: float) -> None:
        """Create a full bucket at monotonic second ``now``."""
        self._burst = burst
        self._tokens = burst  # negative: taken ahead
        self._updated = now

    def take_ahead(self, rate: float, now: float) -> float:
        """Take a token in any case; return the seconds until it is due."""
        self._fill(rate, now)
        self._tokens -= 1.0
        return max(0.0, -self._tokens / rate)

    def take(self, rate: float, now: float) -> float:
        """Take a token if there is one, and return 0; else return the seconds until there may be one."""
        self._fill(rate, now)
        if self._tokens < 1.0 - _ROUNDING:
            return (1.0 - self._tokens) / rate
        self._tokens -= 1.0
        return 0.0

    def _fill(self, rate: float, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._updated) * rate)
        self._updated = now


class RequestBudget:
    """Gives out permission for one HTTP attempt at a time: ``rate`` per second, less while answers say overload.

    An attempt is first reserved, in the order of asking: the caller is told how long to wait, and waits outside of
    any lock. Threads wake up late, though, and then several would leave at once; so each passes a gate when it
    leaves, which keeps any second within ``rate`` (below 1 a second: within one), whatever the scheduling.

    All methods take and return plain numbers, because they are called across processes. Thread-safe.
    """

    def __init__(self, rate: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Create a budget.

        Args:
            rate: Requests per second.
            monotonic: Seconds that never run backwards.

        Raises:
            ValueError: ``rate`` is not above 0.
        """
        if rate <= 0:
            raise ValueError(f"A budget needs a rate above 0, not {rate!r}.")
        self._rate = rate
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._throttle = AdaptiveThrottle()
        self._plan = TokenBucket(burst_of(rate), monotonic())
        self._gate = TokenBucket(burst_of(rate), monotonic())

    def reserve(self) -> float:
        """Reserve an attempt; return the seconds to wait until it is due."""
        with self._lock:
            now = self._monotonic()
            return self._plan.take_ahead(self._rate * _PLANNED * self._throttle.share(now), now)

    def leave(self) -> float:
        """Ask to make the attempt that is due: 0 for yes, else the seconds to wait before asking again."""
        with self._lock:
            return self._gate.take(self._rate * _LEAVING, self._monotonic())

    def record(self, accepted: bool) -> None:
        """Tell how an attempt was answered: ``accepted`` is False for an overload or no answer at all."""
        with self._lock:
            self._throttle.record(self._monotonic(), accepted=accepted)
