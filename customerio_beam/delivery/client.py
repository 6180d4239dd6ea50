"""One HTTP attempt: a request goes out, an answer comes back, nothing is decided here."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Literal

import requests
from requests.auth import HTTPBasicAuth

from customerio_beam.delivery.answers import Answer
from customerio_beam.delivery.credentials import Credentials
from customerio_beam.version import __version__

__all__ = ["HttpRequest", "TrackClient"]

_USER_AGENT = f"customerio-beam/{__version__} python/{platform.python_version()}"


@dataclass(frozen=True)
class HttpRequest:
    """A request to the Track API.

    Attributes:
        method: ``GET`` or ``POST``.
        path: The path below the base URL, percent-encoded.
        body: The JSON body.
        operations: How many operations it carries.
    """

    method: Literal["GET", "POST"]
    path: str
    body: bytes = b""
    operations: int = 1

    def __str__(self) -> str:
        return f"{self.method} {self.path_pattern} ({self.operations} operations, {len(self.body)} bytes)"

    @property
    def path_pattern(self) -> str:
        """The path without the person in it, for messages."""
        parts = self.path.split("/")
        if parts[1:4] == ["api", "v1", "customers"]:
            parts[4] = "{identifier}"
        return "/".join(parts)


class TrackClient:
    """A keep-alive connection to the Track API. Used by one thread at a time; not picklable."""

    def __init__(self, base_url: str, *, connect_timeout_secs: float, read_timeout_secs: float) -> None:
        self._base_url = base_url
        self._timeout = (connect_timeout_secs, read_timeout_secs)
        self._session = requests.Session()
        self._session.headers.update(
            {"User-Agent": _USER_AGENT, "Content-Type": "application/json", "Accept": "application/json"}
        )

    def attempt(self, request: HttpRequest, credentials: Credentials) -> Answer:
        """Send a request once and return what came back, broken connections and timeouts included.

        Redirects are not followed: the body holds personal data, and the key goes with it.
        """
        try:
            response = self._session.request(
                request.method,
                self._base_url + request.path,
                data=request.body or None,
                auth=HTTPBasicAuth(credentials.site_id, credentials.api_key),
                timeout=self._timeout,
                allow_redirects=False,
            )
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
        ) as error:
            # The text of requests' errors holds URLs, and those hold people's identifiers: the kind says enough.
            return Answer(None, failure=_kind(error))
        return Answer(
            response.status_code,
            response.content,
            retry_after=response.headers.get("Retry-After"),
            location=response.headers.get("Location"),
        )

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


def _kind(error: requests.RequestException) -> str:
    """Name an error and what lies below it, such as ``ConnectionError (NameResolutionError)``."""
    name = type(error).__name__
    below = error.args[0] if error.args else None
    below = getattr(below, "reason", below)
    return f"{name} ({type(below).__name__})" if isinstance(below, Exception) else name
