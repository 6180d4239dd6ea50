"""One worker's request budget, shared by all its threads (and, through a proxy, by its processes)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from delivery.adaptive import AdaptiveThrottle

__all__ = ["TokenBucket", "burst_of", "paced_bucket"]

#: The part of a rate that is used. Threads wake up late by some milliseconds, and requests that are due one after
#: the other then go out together; without this margin some second would see more of them than allowed.
_PACE = 0.98


def paced_bucket(rate: float) -> TokenBucket:
    """Make a bucket that keeps requests within ``rate`` per second as the server sees them."""
    return TokenBucket(rate * _PACE, burst_of(rate))


def burst_of(rate: float) -> float:
    """Return the burst that goes with a rate: a twentieth of a second's requests, and at least one."""
    return max(1.0, rate / 20)


class TokenBucket:
    """Gives out one token per HTTP attempt, at ``rate`` tokens per second, less while answers say overload.

    Tokens are reserved ahead: a caller is told how long to wait for its own, in the order of asking, and waits
    outside of any lock. So no demand is lost to threads that wake up late, and a waiting caller can be cancelled.
    All methods take and return plain numbers, because they are called across processes.
    """

    def __init__(self, rate: float, burst: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Create a full bucket.

        Args:
            rate: Tokens per second.
            burst: Tokens that may be saved up while nobody asks; at least 1.
            monotonic: Seconds that never run backwards.

        Raises:
            ValueError: ``rate`` is not above 0, or ``burst`` below 1.
        """
        if rate <= 0 or burst < 1:
            raise ValueError(f"A bucket needs a rate above 0 and a burst of at least 1, not {rate!r} and {burst!r}.")
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._throttle = AdaptiveThrottle()
        self._tokens = burst  # negative: how many are reserved ahead
        self._updated = monotonic()

    def reserve(self) -> float:
        """Take a token; return the seconds to wait until it is due."""
        with self._lock:
            now = self._monotonic()
            rate = self._rate * self._throttle.share(now)
            self._tokens = min(self._burst, self._tokens + (now - self._updated) * rate) - 1.0
            self._updated = now
            return max(0.0, -self._tokens / rate)

    def record(self, accepted: bool) -> None:
        """Tell how an attempt was answered: ``accepted`` is False for an overload or no answer at all."""
        with self._lock:
            self._throttle.record(self._monotonic(), accepted=accepted)
