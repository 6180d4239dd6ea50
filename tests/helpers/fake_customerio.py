"""The sandbox with responses that a test writes itself, request by request."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Request, Response

from customerio_beam.sandbox.connection import RESET as RESET_STATUS
from customerio_beam.sandbox.server import running_sandbox


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def operations(self) -> list[dict[str, Any]]:
        """The batch's operations, or the body itself if it is no batch."""
        document = json.loads(self.body)
        operations: list[dict[str, Any]] = document.get("batch", [document])
        return operations

    @property
    def names(self) -> list[str]:
        return [operation.get("name") for operation in self.operations]


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
    lock = threading.Lock()

    def answer(request: Request) -> Response:
        received = Received(request.method, request.path, request.get_data(), dict(request.headers))
        with lock:
            fake.received.append(received)
        written = respond(received)
        response = Response(written.body, RESET_STATUS if written.reset else written.status, written.headers)
        if written.declared_length is not None:
            response.headers["Content-Length"] = str(written.declared_length)
        return response

    fake = FakeCustomerIO("")
    with running_sandbox(respond=answer) as sandbox:
        fake.url = sandbox.url
        yield fake
