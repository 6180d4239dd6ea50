"""A clock that tests move, so that nothing has to wait."""

from __future__ import annotations

import threading


class ManualClock:
    """Waiting moves it forward at once; ``waits`` tells for how long each time."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now
        self.waits: list[float] = []
        self._lock = threading.Lock()

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        with self._lock:
            self.waits.append(seconds)
            self.now += seconds
