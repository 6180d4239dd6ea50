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

from delivery.token_bucket import paced_bucket

__all__ = ["WorkerBucket", "worker_bucket"]

_T = TypeVar("_T")


class WorkerBucket:
    """A ``TokenBucket`` that lives in one of the worker's processes and is used by all of them.

    If the process that holds it ends, the next caller makes a new one. Until it does, no attempt is made.
    """

    #: How often a call moves on to a new bucket before the error counts: processes may end in a row.
    MAX_MOVES = 5

    def __init__(self, rate: float, tag: str) -> None:
        """Join the bucket of that tag, or make it.

        Args:
            rate: Requests per second of this worker.
            tag: Names the bucket on this machine; the same in all processes of one job.
        """
        self._rate = rate
        self._tag = f"customerio-budget-{tag}"
        self._lock = threading.Lock()
        self._bucket = self._join()

    def reserve(self) -> float:
        """Take a token; return the seconds to wait until it is due."""
        return self._call(lambda bucket: float(bucket.reserve()))

    def record(self, accepted: bool) -> None:
        """Tell how an attempt was answered."""
        self._call(lambda bucket: bucket.record(accepted))

    def _join(self) -> Any:
        shared = MultiProcessShared(functools.partial(paced_bucket, self._rate), tag=self._tag)
        bucket = shared.acquire()
        if not isinstance(bucket.get_auto_proxy_object(), BaseProxy):
            # It lives in this process; without its address file, others don't look for it when this process is gone.
            atexit.register(_remove_files, self._tag)
        return bucket

    def _call(self, method: Callable[[Any], _T]) -> _T:
        for _ in range(self.MAX_MOVES):
            bucket = self._bucket
            try:
                return method(bucket)
            except (ConnectionError, EOFError):
                with self._lock:
                    if self._bucket is bucket:
                        self._bucket = self._join()
        return method(self._bucket)


@functools.cache
def worker_bucket(rate: float, tag: str) -> WorkerBucket:
    """Return this process's one ``WorkerBucket`` of that tag, for all its threads."""
    return WorkerBucket(rate, tag)


def _remove_files(tag: str) -> None:
    for suffix in (".address", ".lock"):
        pathlib.Path(tempfile.gettempdir(), tag + suffix).unlink(missing_ok=True)
