"""Starts and stops the sandbox's web server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer

from customerio_beam.sandbox import api, pages, reading
from customerio_beam.sandbox.connection import KeepAliveHandler
from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.meter import Meter
from customerio_beam.sandbox.rules.limits import MAX_ATTRIBUTES
from customerio_beam.sandbox.service import EXTENSION, Service
from customerio_beam.sandbox.store import Store
from customerio_beam.sandbox.workspace import Settings, Workspace

LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"]
"""Host names that a browser may call a sandbox on loopback by: a page elsewhere can't rebind its name to it."""


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that serves.

    Attributes:
        url: Where, without a slash at the end.
        state: Its workspace, counts and faults, to look at and to change without HTTP.
    """

    url: str
    state: Service


def make_service(
    *,
    site_id: str,
    api_key: str,
    database: str = ":memory:",
    faults: Faults | None = None,
    settings: Settings | None = None,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Service:
    """Opens a workspace.

    Args:
        site_id: The user that requests must name.
        api_key: The password that requests must give.
        database: A file of SQLite, or `:memory:`.
        faults: Faults to inject from the start.
        settings: How the workspace behaves.
        clock: Returns unix seconds.
        monotonic: Returns seconds of a clock that never goes back.
        sleep: Waits some seconds.
    """
    workspace = Workspace(Store(database), settings or Settings(), clock)
    meter = Meter(clock, monotonic)
    return Service(workspace, meter, site_id, api_key, faults or Faults(), sleep, monotonic)


def make_app(found: Service, trusted_hosts: list[str] | None) -> Flask:
    """Returns the web application of a sandbox.

    Args:
        found: The sandbox.
        trusted_hosts: The host names it may be called by, or None for any.
    """
    app = Flask(__package__ or "")
    app.extensions[EXTENSION] = found
    app.config["TRUSTED_HOSTS"] = trusted_hosts
    app.register_blueprint(api.blueprint)
    app.register_blueprint(reading.blueprint)
    pages.register(app)
    return app


class SandboxServer(ThreadedWSGIServer):
    """A server with a thread for each connection, which ends the open ones when it is closed."""

    def __init__(self, host: str, port: int, app: Flask) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Werkzeug would end the process where it can't bind.
        with socket.create_server((host.strip("[]"), port), family=family, backlog=self.request_queue_size) as bound:
            super().__init__(host, port, app, handler=KeepAliveHandler, fd=bound.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serves a connection in a thread of its own."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Ends a connection."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stops listening, and ends the connections that are still open."""
        super().server_close()
        with self._open_lock:
            for connection in self._open:
                # It may have ended by itself in the meantime.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def bind(found: Service, *, host: str = "127.0.0.1", port: int = 0, loopback: bool = True) -> SandboxServer:
    """Returns a server that listens but does not serve yet.

    Args:
        found: The sandbox to serve.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        loopback: Whether it is reached on loopback alone; then requests for other host names are refused.

    Raises:
        OSError: The address can't be bound.
    """
    trusted_hosts = [*LOOPBACK_NAMES, host] if loopback else None
    return SandboxServer(host, port, make_app(found, trusted_hosts))


def address(server: SandboxServer) -> str:
    """Returns the URL of a server."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"http://{host}:{server.port}"


@contextmanager
def running_sandbox(
    *,
    site_id: str = "site",
    api_key: str = "key",
    faults: Faults | None = None,
    database: str = ":memory:",
    create_unknown: bool = True,
    max_attributes: int = MAX_ATTRIBUTES,
    count_only: bool = False,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[RunningSandbox]:
    """Serves a sandbox from a thread of this process, on a free port of 127.0.0.1, until the `with` block ends.

    Args:
        site_id: The user that requests must name.
        api_key: The password that requests must give.
        faults: Faults to inject from the start.
        database: A file of SQLite, or `:memory:`.
        create_unknown: See `Settings`.
        max_attributes: See `Settings`.
        count_only: See `Settings`.
        clock: Returns unix seconds.
        monotonic: Returns seconds of a clock that never goes back.
        sleep: Waits some seconds.
    """
    settings = Settings(create_unknown=create_unknown, max_attributes=max_attributes, count_only=count_only)
    found = make_service(
        site_id=site_id,
        api_key=api_key,
        database=database,
        faults=faults,
        settings=settings,
        clock=clock,
        monotonic=monotonic,
        sleep=sleep,
    )
    server = bind(found)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield RunningSandbox(address(server), found)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        found.workspace.close()
