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

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Response

#: The server does not read larger bodies, in bytes: this is over a hundred times the largest that any call takes.
MAX_BODY_BYTES = 64_000_000
#: The status of a response that the server does not send: it resets the connection instead.
RESET = 444


class KeepAliveHandler(WSGIRequestHandler):
    """Serves WSGI requests over connections that stay open.

    Werkzeug's own handler closes the connection after each response, because it does not know whether the request's
    body was read. This one reads it first. It also leaves paths as they were sent, so that an encoded slash in an
    identifier stays different from a slash between the parts of a path.
    """

    protocol_version = "HTTP/1.1"
    # A response is one small write; waiting for the acknowledgement of the last one would cost 40 ms each.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.make_environ()
        path = self.path if self.path.startswith("/") else urlsplit(self.path).path
        environ["PATH_INFO"] = path.partition("?")[0]
        try:
            body = self._read_body(environ)
        except (OSError, ValueError):
            self._send(Response(status=400, headers={"Connection": "close"}))
            return
        if len(body) > MAX_BODY_BYTES:
            self._send(Response(status=413, headers={"Connection": "close"}))
            return
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        response = Response.from_app(self.server.app, environ, buffered=True)
        if response.status_code == RESET:
            self.close_connection = True
            # Lingering zero seconds makes closing send RST, so that the client sees a reset and not an orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        else:
            self._send(response)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing: request lines carry identifiers of people."""

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        """Return the request's body, at most one byte more than the largest.

        Raises:
            OSError: The chunks of the body can't be read.
            ValueError: The length of the body is wrong.
        """
        if environ.get("wsgi.input_terminated"):  # Werkzeug puts the chunks together.
            return io.BufferedReader(environ["wsgi.input"]).read(MAX_BODY_BYTES + 1)
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(length, MAX_BODY_BYTES + 1))
        if len(body) < min(length, MAX_BODY_BYTES) or length < 0:
            raise ValueError("the body is shorter than its length")
        return body

    def _send(self, response: Response) -> None:
        content = response.get_data()
        if response.status_code != 204:
            response.headers.setdefault("Content-Length", str(len(content)))
            cut = self.command != "HEAD" and response.headers["Content-Length"] != str(len(content))
            self.close_connection |= cut or "Connection" in response.headers
        self.send_response(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)
        self._headers_buffer.append(b"\r\n")
        if self.command != "HEAD":
            self._headers_buffer.append(content)
        self.flush_headers()


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
