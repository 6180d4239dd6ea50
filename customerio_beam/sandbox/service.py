"""What the blueprints share: the workspace, the counts, the faults, the credentials and the clocks of one server."""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import current_app

from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.meter import Meter
from customerio_beam.sandbox.workspace import Workspace

EXTENSION = "sandbox"


@dataclass
class Service:
    """One running sandbox.

    Attributes:
        workspace: Its people, objects and activity.
        meter: Its counts of requests.
        site_id: The user that requests must name.
        api_key: The password that requests must give.
        sleep: Waits some seconds.
        monotonic: Returns seconds of a clock that never goes back.
        turn: Held while a call is worked on. One thread reading JSON would only hold up another that writes to the
            database, which hands over the interpreter's lock with every row.
    """

    workspace: Workspace
    meter: Meter
    site_id: str
    api_key: str = field(repr=False)
    faults: Faults = field(default_factory=Faults)
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _calls: int = 0

    def number_call(self) -> int:
        """Returns the next number, from 1, of a call since the faults were set."""
        with self._lock:
            self._calls += 1
            return self._calls

    def set_faults(self, faults: Faults) -> None:
        """Injects other faults from the next call on, which becomes number 1."""
        with self._lock:
            self.faults = faults
            self._calls = 0

    def reset(self) -> None:
        """Empties the workspace and the counts, and injects no faults any more."""
        self.workspace.reset()
        self.meter.reset()
        self.set_faults(Faults())

    def knows(self, site_id: str | None, api_key: str | None) -> bool:
        """Tells whether credentials are those of this sandbox."""
        given = f"{site_id}\0{api_key}".encode("utf-8", "surrogatepass")
        return hmac.compare_digest(given, f"{self.site_id}\0{self.api_key}".encode())

    def stats(self) -> dict[str, Any]:
        """Returns all counts as JSON values."""
        return {**self.meter.stats(), **self.workspace.stats(), "count_only": self.workspace.settings.count_only}


def service() -> Service:
    """Returns the sandbox that the current request is for."""
    found: Service = current_app.extensions[EXTENSION]
    return found
