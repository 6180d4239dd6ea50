"""Cancelling requests in flight, and waits for a retry or a token."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

__all__ = ["Cancellation", "cancel_all"]


class Cancellation(threading.Event):
    """An event that also interrupts threads that can't wait for events, such as one that reads from a socket."""

    def __init__(self) -> None:
        super().__init__()
        self._interrupts: list[Callable[[], None]] = []
        self._is_final = False
        _ALIVE.add(self)

    def add_interrupt(self, interrupt: Callable[[], None]) -> None:
        """Have a function called each time the event is set, from the thread that sets it."""
        self._interrupts.append(interrupt)

    def set(self) -> None:
        """Set the event, then call the interrupts."""
        super().set()
        for interrupt in self._interrupts:
            interrupt()

    def clear(self) -> None:
        """Let work begin again, unless it was cancelled for good."""
        if not self._is_final:
            super().clear()

    def set_for_good(self) -> None:
        """Set the event, so that nothing clears it."""
        self._is_final = True
        self.set()


_ALIVE: weakref.WeakSet[Cancellation] = weakref.WeakSet()


def cancel_all() -> None:
    """Stop all delivery of this process, because the process is about to end."""
    for cancellation in list(_ALIVE):
        cancellation.set_for_good()
