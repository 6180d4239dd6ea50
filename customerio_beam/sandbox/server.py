"""Starts and stops the sandbox's web server."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote

from flask import Flask, request
from werkzeug.routing import BaseConverter

from customerio_beam.sandbox import api, pages
from customerio_beam.sandbox.connection import Server
from customerio_beam.sandbox.operations import Settings
from customerio_beam.sandbox.state import EXTENSION, Sandbox

#: Host names that a browser may call a sandbox on loopback by: no page elsewhere can rebind its own name to it.
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


class Segment(BaseConverter):
    """One percent-encoded part of a path; an encoded slash is a part of the value."""

    def to_python(self, value: str) -> str:
        """Return the value."""
        return unquote(value)


class RunningSandbox(NamedTuple):
    """A sandbox that serves: its URL, and its workspace, counts and faults, to change without HTTP."""

    url: str
    state: Sandbox


def make_server(
    sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0, trusted_hosts: Sequence[str] | None = LOOPBACK_NAMES
) -> Server:
    """Return a server that listens but does not serve yet.

    Args:
        sandbox: The sandbox to serve.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        trusted_hosts: The host names it may be called by, or None for any.

    Raises:
        OSError: The address can't be bound.
    """
    app = Flask(__package__ or "")
    app.extensions[EXTENSION] = sandbox
    app.config["TRUSTED_HOSTS"] = trusted_hosts and list(trusted_hosts)
    app.url_map.converters["segment"] = Segment
    app.url_map.merge_slashes = False
    app.before_request(lambda: sandbox.respond and sandbox.respond(request))
    app.register_blueprint(api.blueprint)
    app.register_blueprint(pages.blueprint)
    pages.register(app)
    return Server(host, port, app)


@contextmanager
def serving(server: Server, sandbox: Sandbox) -> Iterator[None]:
    """Serve from a thread until the `with` block ends; then close the server and the workspace."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        sandbox.workspace.close()


@contextmanager
def running_sandbox(*, site_id: str = "site", api_key: str = "key", **options: Any) -> Iterator[RunningSandbox]:
    """Serve a sandbox from a thread of this process, on a free port of 127.0.0.1, until the `with` block ends.

    Args:
        site_id: The user that requests must name.
        api_key: The password that requests must give.
        options: Further arguments of `Sandbox`; in place of `settings`, also the fields of `Settings`.
    """
    settings = {name: options.pop(name) for name in Settings.__struct_fields__ if name in options}
    sandbox = Sandbox(site_id=site_id, api_key=api_key, **{"settings": Settings(**settings), **options})
    server = make_server(sandbox)
    with serving(server, sandbox):
        yield RunningSandbox(server.url, sandbox)
