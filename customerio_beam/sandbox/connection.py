"""The HTTP side of the server: connections that stay open, whole request bodies, and connections cut on purpose."""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler

MAX_BODY_BYTES = 64_000_000
"""The server does not read larger bodies, in bytes: this is over a hundred times the largest that any call takes."""

RESET = "sandbox.reset"
"""Set in the WSGI environment to have the connection reset instead of answered."""


class KeepAliveHandler(WSGIRequestHandler):
    """Serves WSGI requests over connections that stay open.

    Werkzeug's own handler closes the connection after each response, because it does not know whether the request's
    body was read. This one reads it first. It also leaves paths as they were sent, so that an encoded slash in an
    identifier stays different from a slash between the parts of a path.
    """

    protocol_version = "HTTP/1.1"
    _headers_buffer: list[bytes]
    # A response is one small write; waiting for the acknowledgement of the last one would cost 40 ms each.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            body = self._read_body()
        except ValueError as error:
            code, _, reason = str(error).partition(" ")
            self.close_connection = True
            self._send(code, reason, [("Connection", "close")], b"")
            return
        environ = self.make_environ()
        path = self.path if self.path.startswith("/") else urlsplit(self.path).path
        environ["PATH_INFO"] = path.partition("?")[0]
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            started[:] = [(status, headers)]
            return lambda _data: None

        response = self.server.app(environ, start_response)
        try:
            content = b"".join(response)
        finally:
            close = getattr(response, "close", None)
            if close is not None:
                close()
        if environ.get(RESET):
            self.close_connection = True
            # Lingering zero seconds makes closing send RST, so that the client sees a reset and not an orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            return
        (status, headers) = started[0]
        code, _, reason = status.partition(" ")
        self._send(code, reason, headers, content)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing: request lines carry identifiers of people."""

    def _read_body(self) -> bytes:
        """Return the request's body.

        Raises:
            ValueError: It can't be read; the message is the status to answer.
        """
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            try:
                body = io.BufferedReader(DechunkedInput(self.rfile)).read(MAX_BODY_BYTES + 1)
            except (OSError, ValueError):
                raise ValueError("400 Bad Request") from None
            if len(body) > MAX_BODY_BYTES:
                raise ValueError("413 Content Too Large")
            return body
        length = self.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit():
            raise ValueError("400 Bad Request")
        if int(length) > MAX_BODY_BYTES:
            raise ValueError("413 Content Too Large")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ValueError("400 Bad Request")
        return body

    def _send(self, code: str, reason: str, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(int(code), reason)
        declared = {name.lower(): value for name, value in headers}.get("content-length", str(len(content)))
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if code != "204":
            self.send_header("Content-Length", declared)
            if declared != str(len(content)) and self.command != "HEAD":
                self.send_header("Connection", "close")
                self.close_connection = True
        self._headers_buffer.append(b"\r\n")
        buffered = b"".join(self._headers_buffer)
        self._headers_buffer = []
        self.wfile.write(buffered + (b"" if self.command == "HEAD" else content))


class Server(ThreadedWSGIServer):
    """A server with a thread for each connection, which ends the open ones when it is closed.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        app: The WSGI application to serve.

    Raises:
        OSError: The address can't be bound.
    """

    def __init__(self, host: str, port: int, app: Any) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Werkzeug would end the process if it can't bind.
        with socket.create_server((host.strip("[]"), port), family=family, backlog=self.request_queue_size) as bound:
            super().__init__(host, port, app, handler=KeepAliveHandler, fd=bound.fileno())

    @property
    def url(self) -> str:
        """The URL of the server, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening, and end the connections that are still open."""
        super().server_close()
        with self._open_lock:
            for connection in self._open:
                # It may have ended by itself in the meantime.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
