"""Starts and stops the sandbox's web server."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from flask import Flask, request
from werkzeug.routing import BaseConverter

from customerio_beam.sandbox import api, pages, templating
from customerio_beam.sandbox.connection import Server
from customerio_beam.sandbox.settings import Settings
from customerio_beam.sandbox.state import EXTENSION, Sandbox

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
"""Host names that a browser may call a sandbox on loopback by: no page elsewhere can rebind its own name to it."""


class Segment(BaseConverter):
    """One percent-encoded part of a path; an encoded slash is a part of the value."""

    def to_python(self, value: str) -> str:
        """Return the value."""
        return unquote(value)


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that serves.

    Attributes:
        url: Its URL, without a slash at the end.
        state: Its workspace, counts and faults, to look at and to change without HTTP.
    """

    url: str
    state: Sandbox


def make_app(sandbox: Sandbox, trusted_hosts: Sequence[str] | None) -> Flask:
    """Return the web application of a sandbox.

    Args:
        sandbox: The sandbox.
        trusted_hosts: The host names it may be called by, or None for any.
    """
    app = Flask(__package__ or "")
    app.extensions[EXTENSION] = sandbox
    app.config["TRUSTED_HOSTS"] = trusted_hosts and list(trusted_hosts)
    app.url_map.converters["segment"] = Segment
    app.url_map.merge_slashes = False
    app.before_request(lambda: sandbox.respond and sandbox.respond(request))
    app.register_blueprint(api.blueprint)
    app.register_blueprint(pages.blueprint)
    templating.register(app)
    return app


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
    return Server(host, port, make_app(sandbox, trusted_hosts))


@contextmanager
def running_sandbox(*, site_id: str = "site", api_key: str = "key", **options: Any) -> Iterator[RunningSandbox]:
    """Serve a sandbox from a thread of this process, on a free port of 127.0.0.1, until the `with` block ends.

    Args:
        site_id: The user that requests must name.
        api_key: The password that requests must give.
        options: Further arguments of `Sandbox`; in place of `settings`, also the fields of `Settings`.
    """
    settings = {name: options.pop(name) for name in Settings.__dataclass_fields__ if name in options}
    sandbox = Sandbox(site_id=site_id, api_key=api_key, **{"settings": Settings(**settings), **options})
    server = make_server(sandbox)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield RunningSandbox(server.url, sandbox)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        sandbox.workspace.close()
