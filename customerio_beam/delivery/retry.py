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
        """Return the seconds to wait before the next attempt, or None when there shall be none.

        Full jitter (any wait between none and the exponential one) spreads clients that failed together; see
        "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.

        Args:
            attempts: Attempts made so far, at least 1.
            elapsed_secs: Seconds since the first one began.
            retry_after: Seconds that the server asked for: the wait is never shorter.
            uniform: Draws a number between its two arguments.
        """
        if attempts >= self.max_attempts:
            return None
        wait = uniform(0.0, min(self.cap_secs, self.base_secs * 2.0 ** (attempts - 1)))
        if retry_after is not None:
            wait = max(wait, retry_after)
        return wait if elapsed_secs + wait <= self.max_secs else None


def retry_after_secs(header: str | None, now: float) -> float | None:
    """Read a ``Retry-After`` header (RFC 9110, 10.2.3): seconds or an HTTP date.

    Args:
        header: The header's value, if there is one.
        now: The time of day in unix seconds, to count a date from.

    Returns:
        Seconds from now, not negative; None where there is no header or nobody can read it.
    """
    if header is None:
        return None
    header = header.strip()
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        date = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=datetime.timezone.utc)
    return max(0.0, date.timestamp() - now)
