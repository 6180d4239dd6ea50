"""One running sandbox, as its API and its pages share it: workspace, counts, faults, credentials and clocks."""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Request, Response, current_app

from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.meter import Meter
from customerio_beam.sandbox.operations import Settings
from customerio_beam.sandbox.workspace import Workspace

EXTENSION = "sandbox"


class Sandbox:
    """One running sandbox.

    Args:
        site_id: The user that requests must name.
        api_key: The password that requests must give.
        database: A SQLite file, or `:memory:`.
        faults: The faults to inject.
        settings: How the workspace behaves.
        clock: Returns unix seconds.
        monotonic: Returns seconds of a clock that never goes back.
        sleep: Waits some seconds.
        respond: For tests: writes the response to every request in place of the sandbox.

    Attributes:
        workspace: Its people, objects and activity.
        meter: Its counts of requests.
        clock_offset: How far the workspace's clock is ahead of `clock`, in seconds: tests move it.

    Raises:
        sqlite3.Error: The file can't be used.
    """

    def __init__(
        self,
        *,
        site_id: str,
        api_key: str,
        database: str = ":memory:",
        faults: Faults | None = None,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        respond: Callable[[Request], Response] | None = None,
    ) -> None:
        self.clock_offset = 0.0
        self._clock = clock
        self.workspace = Workspace(database, settings or Settings(), self.now)
        self.meter = Meter(clock, monotonic)
        self.site_id = site_id
        self.faults = faults or Faults()
        self.monotonic, self.sleep, self.respond = monotonic, sleep, respond
        self._credentials = _joined(site_id, api_key)
        self._lock = threading.Lock()
        self._calls = 0

    def now(self) -> float:
        """Return the time of the workspace's clock, in unix seconds."""
        return self._clock() + self.clock_offset

    def number_call(self) -> int:
        """Return the next number, from 1, of a call since the faults were set."""
        with self._lock:
            self._calls += 1
            return self._calls

    def set_faults(self, faults: Faults) -> None:
        """Inject other faults from the next call on, which becomes number 1."""
        with self._lock:
            self.faults = faults
            self._calls = 0

    def reset(self) -> None:
        """Empty the workspace and the counts, stop all faults, and set the clock right."""
        self.workspace.reset()
        self.meter.reset()
        self.set_faults(Faults())
        self.clock_offset = 0.0

    def accepts(self, site_id: str | None, api_key: str | None) -> bool:
        """Return whether credentials are those of this sandbox."""
        return hmac.compare_digest(_joined(site_id, api_key), self._credentials)

    def stats(self) -> dict[str, Any]:
        """Return all counts as JSON values."""
        return {**self.meter.stats(), **self.workspace.stats(), "count_only": self.workspace.settings.count_only}


def _joined(site_id: str | None, api_key: str | None) -> bytes:
    return f"{site_id}\0{api_key}".encode("utf-8", "surrogatepass")


def current_sandbox() -> Sandbox:
    """Return the sandbox that the current request is for."""
    sandbox: Sandbox = current_app.extensions[EXTENSION]
    return sandbox
