"""The HTTP side of the server: keep-alive, and the ways in which a connection can break on purpose."""

from __future__ import annotations

import io
import os
import socket
import struct
from typing import Any

from werkzeug.serving import WSGIRequestHandler

MAX_BODY_BYTES = 64_000_000
"""Bodies beyond this, in bytes, are not read: over a hundred times what any call takes."""

RESET = "sandbox.reset"
"""Set in the WSGI environment to have the connection reset instead of answered."""

TRUNCATE = "sandbox.truncate"
"""Set in the WSGI environment to have half of the body sent, under the length of the whole."""


class KeepAliveHandler(WSGIRequestHandler):
    """Serves WSGI requests over connections that stay open.

    Werkzeug's own handler closes the connection after each answer, because it does not know whether the request's body
    was read. This one reads it first.
    """

    protocol_version = "HTTP/1.1"
    _headers_buffer: list[bytes]
    # An answer is one small write; waiting for the last one's acknowledgement would cost 40 ms each.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answers one request."""
        body = self._read_body()
        if body is None:
            return
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            started[:] = [(status, headers)]
            return lambda _data: None

        answer = self.server.app(environ, start_response)
        try:
            content = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        if environ.get(RESET):
            self._reset()
            return
        self._send(started[0], content, truncate=bool(environ.get(TRUNCATE)))

    def log(self, type: str, message: str, *args: Any) -> None:
        """Logs nothing: request lines carry identifiers of people."""

    def _read_body(self) -> bytes | None:
        """Returns the request's body; answers 400, 411 or 413 and returns None where it can't be read."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            self._refuse(411, "Length Required")
            return None
        length = self.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit():
            self._refuse(400, "Bad Request")
            return None
        if int(length) > MAX_BODY_BYTES:
            self._refuse(413, "Content Too Large")
            return None
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def _refuse(self, code: int, reason: str) -> None:
        self.close_connection = True
        self._send((f"{code} {reason}", [("Content-Length", "0"), ("Connection", "close")]), b"")

    def _send(self, head: tuple[str, list[tuple[str, str]]], content: bytes, *, truncate: bool = False) -> None:
        status, headers = head
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(content)))
        if truncate:
            self.send_header("Connection", "close")
        self._headers_buffer.append(b"\r\n")
        buffered = b"".join(self._headers_buffer)
        self._headers_buffer = []
        if self.command == "HEAD":
            content = b""
        elif truncate:
            content = content[: len(content) // 2]
        self.wfile.write(buffered + content)

    def _reset(self) -> None:
        """Cuts the connection so that the other side sees a reset, not an orderly end."""
        self.close_connection = True
        # Lingering zero seconds makes closing send RST.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
