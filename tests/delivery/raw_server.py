"""A server on loopback that answers with raw bytes, well-formed or not, at whatever pace a test wants."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Behave = Callable[[socket.socket], None]


@dataclass
class RawServer:
    """What it does with each request can be changed at any time.

    Attributes:
        url: Its address.
        behave: Gets the connection once a request has been read; then the connection is closed.
        heads: The heads of the requests.
        connections: How many connections there were.
    """

    url: str
    behave: Behave
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0


def sending(*parts: bytes, pause: threading.Event | None = None) -> Behave:
    """Send parts one after the other; before each but the first wait 50 ms, or until ``pause`` is set."""

    def behave(connection: socket.socket) -> None:
        for number, part in enumerate(parts):
            if number and pause is not None and pause.wait(0.05):
                return
            connection.sendall(part)

    return behave


@contextlib.contextmanager
def raw_server(behave: Behave, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Serve on 127.0.0.1, each connection in a thread of its own; with TLS where there is a context for it."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    server = RawServer(f"http://127.0.0.1:{listener.getsockname()[1]}", behave)
    open_connections: list[socket.socket] = []

    def serve(accepted: socket.socket) -> None:
        with contextlib.suppress(OSError), accepted if tls is None else tls.wrap_socket(accepted, True) as connection:
            head = b""
            while b"\r\n\r\n" not in head:
                read = connection.recv(65_536)
                if not read:
                    return
                head += read
            head, _, body = head.partition(b"\r\n\r\n")
            lengths = [
                line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
            ]
            missing = int(lengths[0]) - len(body) if lengths else 0
            while missing > 0:
                missing -= len(connection.recv(65_536)) or missing
            server.heads.append(head)
            server.behave(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            open_connections.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        # Closing alone doesn't wake the thread that accepts.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join()
