"""Time as an argument: the clock that delivery needs, and the system's own."""

from __future__ import annotations

import threading
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Tells the time, and waits. Picklable, and safe to use from many threads."""

    def time(self) -> float:
        """Return the time of day in unix seconds."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards, from an arbitrary start."""

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        """Return after ``seconds``, or as soon as ``cancelled`` is set."""


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        """Return the time of day in unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return ``time.monotonic``."""
        return time.monotonic()

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        """Return after ``seconds``, or as soon as ``cancelled`` is set."""
        cancelled.wait(seconds)
