"""Permission to make an HTTP attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["Budget", "SharedBudget", "WorkerBudget"]


class SharedBudget(Protocol):
    """A ``RequestBudget``, or a proxy of one in another process."""

    def reserve(self) -> float:
        """Reserve an attempt; return the seconds to wait until it is due."""

    def leave(self) -> float:
        """Ask to make it now: 0 for yes, else the seconds to wait before asking again."""

    def record(self, accepted: bool) -> None:
        """Tell how the attempt was answered."""


class Budget(Protocol):
    """Gives permission for one attempt at a time. Safe to use from many threads."""

    def take(self, pause: Callable[[float], None]) -> float:
        """Return once an attempt may be made; wait by calling ``pause`` with seconds. Returns the seconds waited."""

    def record(self, *, accepted: bool) -> None:
        """Tell how the attempt was answered: not accepted means an overload or no answer at all."""


class WorkerBudget:
    """A worker's part of the workspace's budget."""

    def __init__(self, shared: SharedBudget) -> None:
        self._shared = shared

    def take(self, pause: Callable[[float], None]) -> float:
        """Reserve an attempt, wait until it is due, and leave; return the seconds that took."""
        waited = 0.0
        wait = self._shared.reserve()
        while wait > 0 or (wait := self._shared.leave()) > 0:
            pause(wait)
            waited += wait
            wait = 0.0
        return waited

    def record(self, *, accepted: bool) -> None:
        """Pass the answer on to the budget, which slows down when they are bad."""
        self._shared.record(accepted)
