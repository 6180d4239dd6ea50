"""A real HTTP server on loopback whose answers a test writes itself, request by request."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def operations(self) -> list[dict[str, Any]]:
        """The batch's operations, or the body itself where it is no batch."""
        document = json.loads(self.body)
        operations: list[dict[str, Any]] = document.get("batch", [document])
        return operations

    @property
    def names(self) -> list[str]:
        return [operation["name"] for operation in self.operations]


@dataclass(frozen=True)
class Respond:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    declared_length: int | None = None
    reset: bool = False


OK = Respond()
RESET = Respond(reset=True)


def errors(status: int, *errors: dict[str, Any]) -> Respond:
    return Respond(status, json.dumps({"errors": errors}).encode())


@dataclass
class FakeCustomerIO:
    url: str
    received: list[Received] = field(default_factory=list)

    @property
    def accepted_names(self) -> list[str]:
        return [name for request in self.received for name in request.names]


@contextlib.contextmanager
def fake_customerio(respond: Callable[[Received], Respond] = lambda request: OK) -> Iterator[FakeCustomerIO]:
    """Serve on 127.0.0.1; ``respond`` is called in the connection's thread and may block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Received(self.command, self.path, body, dict(self.headers))
            with lock:
                fake.received.append(request)
            answer = respond(request)
            if answer.reset:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(answer.status)
            declared = len(answer.body) if answer.declared_length is None else answer.declared_length
            for name, value in {"Content-Length": str(declared), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
            if declared != len(answer.body):
                self.close_connection = True

        do_GET = do_POST = _serve  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64
        daemon_threads = True

    lock = threading.Lock()
    server = Server(("127.0.0.1", 0), Handler)
    fake = FakeCustomerIO(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
