"""The Site ID and the Track API key: where they come from, and how they stay out of sight.

What travels with a pipeline is a ``CredentialsSource``: names of environment variables and secrets. The credentials
themselves are fetched where they are needed, and can't be pickled.
"""

from __future__ import annotations

import os
import threading
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


@dataclass(frozen=True)
class Credentials:
    """A Site ID and its Track API key: user name and password of every request. Hidden in ``repr``, never pickled."""

    site_id: str = field(repr=False)
    api_key: str = field(repr=False)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle ends up in a pipeline's graph, on disks and in logs."""
        raise TypeError("Credentials can't be pickled; pass their CredentialsSource on instead.")


class ValueSource(Protocol):
    """Where one value is to be had; picklable, ``str()`` names the place and never the value."""

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
    """The Site ID itself, given as an option: it is no secret."""

    value: str

    def fetch(self) -> str:
        """Return the Site ID."""
        return self.value

    def __str__(self) -> str:
        return f"--site_id={self.value}"


@dataclass(frozen=True)
class CredentialsSource:
    """Where the Site ID and the key are to be had. Picklable, without a secret inside.

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
            CredentialsUnavailableError: One of them can't be had; the sentence says why and what to do.
        """
        return Credentials(_checked(self.site_id), _checked(self.api_key))


def _checked(source: ValueSource) -> str:
    value = source.fetch()
    if not (value.isascii() and value.isprintable()):
        # Noticed here because the HTTP library's own error would show part of the value.
        raise CredentialsUnavailableError(f"The value of {source} holds characters that none of Customer.io's has.")
    return value


class CredentialsKeeper:
    """The credentials in use, shared by all lanes; fetched again once when one of the lanes sees them refused."""

    def __init__(self, source: CredentialsSource) -> None:
        self.source = source
        self._lock = threading.Lock()
        self._current = source.fetch()

    @property
    def current(self) -> Credentials:
        """The credentials to send the next request with."""
        return self._current

    def refetch(self, refused: Credentials) -> None:
        """Fetch the credentials again, unless another lane has done so since ``refused`` were in use."""
        with self._lock:
            if self._current is refused:
                self._current = self.source.fetch()
