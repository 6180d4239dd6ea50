"""When a request is sent again: exponential backoff with full jitter, bounded in attempts and in time."""

from __future__ import annotations

import datetime
import email.utils
import random
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["RetryPolicy", "retry_after_secs"]


@dataclass(frozen=True)
class RetryPolicy:
    """How long and how often one request is retried.

    Attributes:
        max_secs: The most seconds from the first attempt to the last.
        max_attempts: The most attempts, the first included: with the waits below about ten minutes' worth, so that
            a service that asks for no wait at all can't be asked for ever.
        base_secs: The first wait is at most this; each further one at most twice the one before.
        cap_secs: No wait is longer (a ``Retry-After`` may be).
    """

    max_secs: float = 600.0
    max_attempts: int = 40
    base_secs: float = 0.5
    cap_secs: float = 30.0

    def wait_secs(
        self,
        attempts: int,
        elapsed_secs: float,
        retry_after: float | None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or None for no further attempt.

        Full jitter (any wait from zero to the exponential one) spreads clients that failed together; see
        "Exponential Backoff and Jitter", AWS Architecture Blog, 2015. A wait that would end too late is cut short: the
        last attempt comes when the time is up.

        Args:
            attempts: Attempts made so far, at least 1.
            elapsed_secs: Seconds since the first one began.
            retry_after: Seconds that the server asked for: the wait is not shorter, while time is left.
            uniform: Draws a number between its two arguments.
        """
        left = self.max_secs - elapsed_secs
        if attempts >= self.max_attempts or left <= 0:
            return None
        wait = uniform(0.0, min(self.cap_secs, self.base_secs * 2.0 ** (attempts - 1)))
        return min(left, max(wait, retry_after or 0.0))


def retry_after_secs(header: str | None, now: float) -> float | None:
    """Read a ``Retry-After`` header (RFC 9110, 10.2.3): seconds or an HTTP date.

    Args:
        header: The header's value; None if it is missing.
        now: The time of day in unix seconds, to count a date from.

    Returns:
        Seconds from now, not negative; None for a header that is missing or neither.
    """
    if header is None:
        return None
    header = header.strip()
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        date = email.utils.parsedate_to_datetime(header)
        if date.tzinfo is None:
            date = date.replace(tzinfo=datetime.timezone.utc)
        return max(0.0, date.timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
