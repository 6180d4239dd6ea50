"""One request budget per worker machine, for all threads and SDK processes on it."""

from __future__ import annotations

import atexit
import functools
import pathlib
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.managers import BaseProxy
from typing import Any, TypeVar

from apache_beam.utils.multi_process_shared import MultiProcessShared

from customerio_beam.delivery.token_bucket import RequestBudget

__all__ = ["SharedWorkerBudget", "shared_worker_budget"]

_T = TypeVar("_T")


class SharedWorkerBudget:
    """A ``RequestBudget`` that lives in one of the worker's processes and is used by all of them.

    If the process that holds it ends, the next caller makes a new one. Until it does, no attempt is made.
    """

    #: How often a call moves on to a new budget before the error counts: processes may end in a row.
    MAX_MOVES = 5

    def __init__(self, rate: float, tag: str) -> None:
        """Join the budget of that tag, or make it.

        Args:
            rate: Requests per second of this worker.
            tag: Names the budget on this machine; the same in all processes of one job.
        """
        self._rate = rate
        self._tag = f"customerio-budget-{tag}"
        self._lock = threading.Lock()
        self._budget = self._join()

    def reserve(self) -> float:
        """Reserve an attempt; return the seconds to wait until it is due."""
        return self._call(lambda budget: float(budget.reserve()))

    def leave(self) -> float:
        """Ask to make the attempt now: 0 for yes, else the seconds to wait before asking again."""
        return self._call(lambda budget: float(budget.leave()))

    def record(self, accepted: bool) -> None:
        """Tell how an attempt was answered."""
        self._call(lambda budget: budget.record(accepted))

    def _join(self) -> Any:
        shared = MultiProcessShared(functools.partial(RequestBudget, self._rate), tag=self._tag)
        budget = shared.acquire()
        if not isinstance(budget.get_auto_proxy_object(), BaseProxy):
            # It lives in this process; without its address file, others don't look for it when this process is gone.
            atexit.register(_remove_files, self._tag)
        return budget

    def _call(self, method: Callable[[Any], _T]) -> _T:
        for _ in range(self.MAX_MOVES):
            budget = self._budget
            try:
                return method(budget)
            except (ConnectionError, EOFError):
                with self._lock:
                    if self._budget is budget:
                        self._budget = self._join()
        return method(self._budget)


@functools.cache
def shared_worker_budget(rate: float, tag: str) -> SharedWorkerBudget:
    """Return this process's one ``SharedWorkerBudget`` of that tag, for all its threads."""
    return SharedWorkerBudget(rate, tag)


def _remove_files(tag: str) -> None:
    for suffix in (".address", ".lock"):
        pathlib.Path(tempfile.gettempdir(), tag + suffix).unlink(missing_ok=True)
