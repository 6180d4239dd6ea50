"""Permission to make an HTTP attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["BucketBudget", "Budget", "TokenSource"]


class TokenSource(Protocol):
    """A token bucket, or a proxy of one in another process."""

    def reserve(self) -> float:
        """Take a token; return the seconds to wait until it is due."""

    def record(self, accepted: bool) -> None:
        """Tell how the attempt was answered."""


class Budget(Protocol):
    """Gives permission for one attempt at a time. Safe to use from many threads."""

    def take(self, pause: Callable[[float], None]) -> float:
        """Return once an attempt may be made; wait by calling ``pause`` with seconds. Returns the seconds waited."""

    def record(self, *, accepted: bool) -> None:
        """Tell how the attempt was answered: not accepted means an overload or no answer at all."""


class BucketBudget:
    """The budget of a token bucket."""

    def __init__(self, bucket: TokenSource) -> None:
        self._bucket = bucket

    def take(self, pause: Callable[[float], None]) -> float:
        """Reserve a token and wait until it is due; return the seconds that takes."""
        wait = self._bucket.reserve()
        if wait > 0:
            pause(wait)
        return wait

    def record(self, *, accepted: bool) -> None:
        """Pass the answer on to the bucket, which slows down when they are bad."""
        self._bucket.record(accepted)
