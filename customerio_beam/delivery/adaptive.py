"""Slows a worker down while Customer.io answers with overload, and lets it recover."""

from __future__ import annotations

from collections import deque

__all__ = ["AdaptiveThrottle"]


class AdaptiveThrottle:
    """How much of its rate a worker should use, from the answers of the last minute.

    The rule is client-side throttling as in "Site Reliability Engineering", chapter 21 (Beam's ``AdaptiveThrottler``
    has it too): with r requests of which a were accepted, the share ``(r - K*a) / (r + 1)`` of requests should not
    be made. There each request is dropped at random; here the rate is lowered by that share, which delays the
    requests of all lanes alike and needs no dice. Not thread-safe: its owner holds a lock.

    Attributes:
        WINDOW_SECS: How far back answers count.
        OVERLOAD_RATIO: K: below 1/K accepted the worker slows down. The book's value.
        FLOOR: The least share of the rate, so that recovery is noticed.
    """

    WINDOW_SECS = 60
    OVERLOAD_RATIO = 2.0
    FLOOR = 0.02

    def __init__(self) -> None:
        self._seconds: deque[list[int]] = deque()  # [second, requests, accepted], oldest first
        self._requests = 0
        self._accepted = 0

    def record(self, now: float, *, accepted: bool) -> None:
        """Count an answer.

        Args:
            now: Monotonic seconds.
            accepted: False for an overload (429, 5xx) or no answer at all.
        """
        second = int(now)
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0])
        self._seconds[-1][1] += 1
        self._requests += 1
        if accepted:
            self._seconds[-1][2] += 1
            self._accepted += 1

    def share(self, now: float) -> float:
        """Return the share of the rate to use, from ``FLOOR`` to 1, at monotonic second ``now``."""
        while self._seconds and self._seconds[0][0] <= now - self.WINDOW_SECS:
            _, requests, accepted = self._seconds.popleft()
            self._requests -= requests
            self._accepted -= accepted
        surplus = self._requests - self.OVERLOAD_RATIO * self._accepted
        return max(self.FLOOR, 1.0 - max(0.0, surplus) / (self._requests + 1))
