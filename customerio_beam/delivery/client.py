"""One HTTP attempt: send a request, read the response. Nothing is decided here."""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import platform
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.exceptions import InvalidProxyURL, InvalidSchema, InvalidURL
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import HTTPError, LocationParseError, NameResolutionError, ProxyError

from customerio_beam.delivery.answers import Answer
from customerio_beam.delivery.cancellation import Cancellation
from customerio_beam.delivery.credentials import Credentials
from customerio_beam.loopback import is_loopback
from customerio_beam.version import __version__
from customerio_beam.visible import visible

__all__ = ["HttpRequest", "TrackClient", "proxy_of"]

_HEADERS = {
    "User-Agent": f"customerio-beam/{__version__} python/{platform.python_version()}",
    "Content-Type": "application/json",
    "Accept": "application/json",
    # A small compressed response can become any number of bytes.
    "Accept-Encoding": "identity",
}

#: The most bytes of a response that are read. The largest that makes sense names 1,000 refused operations.
_MAX_RESPONSE_BYTES = 1_000_000
_READ_BYTES = 65_536

_EXCERPT_CHARS = 200

#: For requests: go through no proxy, whatever the environment says.
_NO_PROXY = {"http": "", "https": ""}

#: Everything by which requests, urllib3 and http.client say that no response could be read. ``OSError`` is the base of
#: requests' errors too; ``ValueError`` is what the parsers below them raise for nonsense.
_NO_RESPONSE = (OSError, HTTPError, http.client.HTTPException, ValueError)


@dataclass(frozen=True)
class HttpRequest:
    """A request to the Track API.

    Attributes:
        method: ``GET`` or ``POST``.
        path: The path below the base URL, percent-encoded.
        body: The JSON body.
        operations: How many operations it carries.
        needs_credentials: Whether the Site ID and the key are sent along.
    """

    method: Literal["GET", "POST"]
    path: str
    body: bytes = b""
    operations: int = 1
    needs_credentials: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.path_pattern} ({self.operations} operations, {len(self.body)} bytes)"

    @property
    def path_pattern(self) -> str:
        """The path without the person in it, for messages."""
        parts = self.path.split("/")
        if parts[1:4] == ["api", "v1", "customers"]:
            parts[4] = "{identifier}"
        return "/".join(parts)


def proxy_of(base_url: str) -> str | None:
    """Return the proxy that requests to a URL go through, without its credentials; None where they go through none.

    The environment names it (``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``). Loopback is never called through a proxy.
    """
    if is_loopback(urlsplit(base_url).hostname or ""):
        return None
    proxy = select_proxy(base_url, get_environ_proxies(base_url, no_proxy=None))
    if not proxy:
        return None
    scheme, separator, rest = proxy.rpartition("://")
    return visible(scheme + separator + rest.rpartition("@")[2])


class TrackClient:
    """A keep-alive connection to the Track API. Used by one thread at a time; not picklable."""

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout_secs: float,
        attempt_timeout_secs: float,
        cancelled: Cancellation | None = None,
    ) -> None:
        """Prepare a connection; it is opened with the first request.

        Args:
            base_url: The URL that paths are appended to.
            connect_timeout_secs: Seconds in which the connection to one address must be made.
            attempt_timeout_secs: Seconds that one attempt may take as a whole.
            cancelled: Setting it ends an attempt that is under way.
        """
        self._base_url = base_url
        self._connect_timeout_secs = connect_timeout_secs
        self._attempt_timeout_secs = attempt_timeout_secs
        self._cancelled = cancelled or Cancellation()
        self._cancelled.add_interrupt(self._interrupt)
        self._exchange = _Exchange()
        self._proxies = _NO_PROXY if is_loopback(urlsplit(base_url).hostname or "") else None
        self._session = _PlainSession()
        self._session.headers.clear()
        self._session.headers.update(_HEADERS)
        adapter = _InterruptibleAdapter(self._register, attempt_timeout_secs)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def attempt(self, request: HttpRequest, credentials: Credentials) -> Answer:
        """Send a request once and return the response, or how it failed.

        Redirects are not followed: the body holds personal data, and the key goes with it.
        """
        self._exchange = exchange = _Exchange()
        if self._cancelled.is_set():
            return Answer(None, failure="cancelled")
        timer = threading.Timer(self._attempt_timeout_secs, exchange.end)
        timer.daemon = True
        timer.start()
        try:
            with _without_logs():
                answer = self._exchange_messages(request, credentials)
        finally:
            timer.cancel()
            exchange.close()
        if exchange.ended:
            # What looks like a response may be the beginning of one.
            answer = Answer(None, failure=f"no complete response within {self._attempt_timeout_secs:g} seconds")
        if answer.status is None:
            # The response may still come, and must not be taken for that of the next request.
            self._session.close()
        return answer

    def _exchange_messages(self, request: HttpRequest, credentials: Credentials) -> Answer:
        try:
            with contextlib.closing(self._send(request, credentials)) as response:
                body = _read(response.raw)
        except _NO_RESPONSE as error:
            obstacle = _obstacle(error, urlsplit(self._base_url).hostname or "", proxy_of(self._base_url))
            return Answer(None, failure=obstacle or _kind(error), is_obstacle=obstacle is not None)
        status, raw, headers = response.status_code, response.raw, response.headers
        if status < 200:
            return Answer(None, failure=f"an interim response (status {status})")
        if status in (200, 207) and not body.strip() and not raw.chunked and raw.length_remaining is None:
            # A connection that is cut in the middle of the headers looks like this, and would count as success.
            return Answer(None, failure="a response without an end")
        return Answer(status, body, retry_after=headers.get("Retry-After"), location=headers.get("Location"))

    def _send(self, request: HttpRequest, credentials: Credentials) -> requests.Response:
        basic = HTTPBasicAuth(credentials.site_id, credentials.api_key)
        return self._session.request(
            request.method,
            self._base_url + request.path,
            data=request.body or None,
            auth=basic if request.needs_credentials else _no_credentials,
            # The timer ends whatever takes too long; this is for a socket that it can't reach.
            timeout=(self._connect_timeout_secs, self._attempt_timeout_secs + 1),
            allow_redirects=False,
            proxies=self._proxies,
            stream=True,
        )

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _register(self, sock: Any) -> None:
        self._exchange.register(sock)

    def _interrupt(self) -> None:
        self._exchange.end()


class _PlainSession(requests.Session):
    """Keeps no cookies, and looks into no redirect: requests would read its whole body even without following it."""

    def __init__(self) -> None:
        super().__init__()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _Exchange:
    """The connection of one attempt, which another thread can end: whatever blocks on the connection then returns."""

    def __init__(self) -> None:
        self.ended = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def register(self, sock: Any) -> None:
        """Note the connection, as a duplicate: TLS replaces the original."""
        duplicate = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._release()
            self._socket = duplicate
            if self.ended:
                self._shut_down()

    def end(self) -> None:
        """End the attempt, now or as soon as it has a connection."""
        with self._lock:
            self.ended = True
            self._shut_down()

    def close(self) -> None:
        """Forget the connection; it may be kept for the next attempt."""
        with self._lock:
            self._release()

    def _shut_down(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it has been closed by the other side
                self._socket.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _InterruptibleAdapter(HTTPAdapter):
    """Registers the connection of every request as soon as it exists, before TLS and a proxy's part of it begin."""

    def __init__(self, register: Callable[[Any], None], send_timeout_secs: float) -> None:
        self._register = register
        self._send_timeout_secs = send_timeout_secs
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._make_interruptible(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        self._make_interruptible(manager)
        return manager

    def _make_interruptible(self, manager: Any) -> None:
        manager.pool_classes_by_scheme = {
            scheme: pool
            if issubclass(pool, _Interruptible)
            else _interruptible(pool, self._register, self._send_timeout_secs)
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }


class _Interruptible:
    """Marks the connection pools that ``_interruptible`` has made."""


def _interruptible(pool: Any, register: Callable[[Any], None], send_timeout_secs: float) -> Any:
    """Make a kind of connection pool that registers its connections whenever they are opened or used again."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def _new_conn(self) -> Any:
            sock = super()._new_conn()
            register(sock)
            return sock

        def request(self, *args: Any, **kwargs: Any) -> None:
            if self.sock is not None:
                register(self.sock)
                self.sock.settimeout(send_timeout_secs)
            super().request(*args, **kwargs)

    return type("Pool", (_Interruptible, pool), {"ConnectionCls": Connection})


@contextlib.contextmanager
def _without_logs() -> Iterator[None]:
    """Keep urllib3 from logging what this thread does: its messages hold URLs, and these hold people's identifiers."""
    _THREAD.is_silent = True
    try:
        yield
    finally:
        _THREAD.is_silent = False


_THREAD = threading.local()
for _name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.response"):
    logging.getLogger(_name).addFilter(lambda record: not getattr(_THREAD, "is_silent", False))


def _read(raw: Any) -> bytes:
    """Read a response's body, or its first megabyte."""
    body = bytearray()
    while len(body) < _MAX_RESPONSE_BYTES:
        read = raw.read(min(_READ_BYTES, _MAX_RESPONSE_BYTES - len(body)), decode_content=False)
        if not read:
            break
        body += read
    return bytes(body)


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send none, not even those of a .netrc file."""
    return request


def _obstacle(error: Exception, host: str, proxy: str | None) -> str | None:
    """Say what stands between this machine and the host, where waiting won't mend it; None for passing trouble."""
    what: str | None = None
    for cause in _causes(error):
        if isinstance(cause, NameResolutionError):
            what = f"the name {host} can't be resolved" if proxy is None else "its name can't be resolved"
        elif isinstance(cause, ssl.SSLCertVerificationError):
            what = f"the certificate of {host} is not valid: {visible(cause.verify_message, _EXCERPT_CHARS)}"
        elif isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            what = f"no TLS connection to {host}: {cause.reason}"
        elif isinstance(cause, ProxyError):
            return f"the proxy {proxy} can't be used: {what or _excerpt(cause.original_error)}"
        elif isinstance(cause, InvalidProxyURL | InvalidSchema | InvalidURL | LocationParseError):
            what = f"the address of the proxy can't be used ({type(cause).__name__})"
        elif type(cause) is OSError and "certificate" in str(cause):
            what = _excerpt(cause)
    return what


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and all that it was made from, the deepest first."""
    found: list[BaseException] = []
    ahead: list[Any] = [error]
    while ahead:
        each = ahead.pop()
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            ahead += [each.__context__, each.__cause__, getattr(each, "reason", None), *each.args]
    return found[::-1]


def _excerpt(error: BaseException) -> str:
    return visible(str(error), _EXCERPT_CHARS)


def _kind(error: Exception) -> str:
    """Name an error and its cause, such as ``ConnectionError (NewConnectionError)``.

    The text of requests' errors holds URLs, and those hold people's identifiers: the kind says enough.
    """
    name = type(error).__name__
    below = error.args[0] if error.args else None
    below = getattr(below, "reason", below)
    return f"{name} ({type(below).__name__})" if isinstance(below, Exception) else name
