"""The Site ID and the Track API key: where they come from, and how they stay secret.

What travels with a pipeline is a ``CredentialsSource``: names of environment variables and secrets. The credentials
themselves are fetched by the process that uses them, and can't be pickled.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from customerio_beam.delivery.errors import CredentialsUnavailableError

__all__ = [
    "API_KEY_VARIABLE",
    "SITE_ID_VARIABLE",
    "Credentials",
    "CredentialsKeeper",
    "CredentialsSource",
    "EnvironmentVariable",
    "Literal",
    "ValueSource",
]

SITE_ID_VARIABLE = "CUSTOMERIO_SITE_ID"
API_KEY_VARIABLE = "CUSTOMERIO_API_KEY"

#: Credentials that are old but still accepted are used on when they can't be fetched; this is when to try again.
_TRY_AGAIN_SECS = 60.0


@dataclass(frozen=True)
class Credentials:
    """A Site ID and its Track API key: user name and password of every request. Hidden in ``repr``, never pickled."""

    site_id: str = field(repr=False)
    api_key: str = field(repr=False)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle ends up in a pipeline's graph, on disks and in logs."""
        raise TypeError("Credentials can't be pickled; pass their CredentialsSource on instead.")


class ValueSource(Protocol):
    """The source of one value. Picklable; ``str()`` names the place and never a secret value."""

    def fetch(self) -> str:
        """Return the value, or raise ``CredentialsUnavailableError``."""


@dataclass(frozen=True)
class EnvironmentVariable:
    """A value in the process's environment: for local runs."""

    name: str

    def fetch(self) -> str:
        """Return the variable's value, without white space around it.

        Raises:
            CredentialsUnavailableError: It is not set, or empty.
        """
        value = os.environ.get(self.name, "").strip()
        if not value:
            raise CredentialsUnavailableError(f"The environment variable {self.name} is not set (or empty): set it.")
        return value

    def __str__(self) -> str:
        return f"environment variable {self.name}"


@dataclass(frozen=True)
class Literal:
    """The value itself: for the Site ID, which is no secret."""

    value: str

    def fetch(self) -> str:
        """Return the value."""
        return self.value

    def __str__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True)
class CredentialsSource:
    """The sources of the Site ID and the key. Picklable, without a secret inside.

    Example:
        ``CredentialsSource(site_id=Literal("abc123"), api_key=SecretVersion("projects/p/secrets/customerio-key"))``
    """

    site_id: ValueSource = EnvironmentVariable(SITE_ID_VARIABLE)
    api_key: ValueSource = EnvironmentVariable(API_KEY_VARIABLE)

    def __post_init__(self) -> None:
        if isinstance(self.api_key, Literal):
            raise TypeError(
                "The Track API key must come from Secret Manager or the environment, so that it stays secret."
            )

    def fetch(self) -> Credentials:
        """Fetch both.

        Raises:
            CredentialsUnavailableError: One of them is unavailable; the sentence says why and what to do.
        """
        return Credentials(_checked(self.site_id), _checked(self.api_key))


def _checked(source: ValueSource) -> str:
    value = source.fetch()
    if not (value.isascii() and value.isprintable()):
        # Noticed here because the HTTP library's own error would show part of the value.
        raise CredentialsUnavailableError(f"The value of {source} has characters that Customer.io doesn't use.")
    return value


class CredentialsKeeper:
    """The credentials in use, shared by all lanes. Fetched once, and again when they are refused or too old."""

    def __init__(
        self, source: CredentialsSource, *, max_age_secs: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.source = source
        self._max_age_secs = max_age_secs
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._current: Credentials | None = None
        self._fetch_again_at = 0.0

    @property
    def current(self) -> Credentials:
        """The credentials to send the next request with.

        Raises:
            CredentialsUnavailableError: They can't be fetched, and there are none yet.
        """
        current = self._current
        if current is None:
            return self._fetch(instead_of=None)
        if self._monotonic() >= self._fetch_again_at and self._lock.acquire(blocking=False):
            # One lane fetches them; the others go on meanwhile.
            try:
                return self._fetched()
            except CredentialsUnavailableError as error:
                self._fetch_again_at = self._monotonic() + _TRY_AGAIN_SECS
                logging.getLogger(__name__).warning("Going on with the credentials in use: %s", error)
            finally:
                self._lock.release()
        return current

    def refetch(self, refused: Credentials) -> None:
        """Fetch the credentials again, unless another lane has done so since ``refused`` were in use.

        Raises:
            CredentialsUnavailableError: They can't be fetched.
        """
        self._fetch(instead_of=refused)

    def _fetch(self, instead_of: Credentials | None) -> Credentials:
        with self._lock:
            if self._current is None or self._current is instead_of:
                return self._fetched()
            return self._current

    def _fetched(self) -> Credentials:
        self._current = self.source.fetch()
        self._fetch_again_at = self._monotonic() + self._max_age_secs
        return self._current
