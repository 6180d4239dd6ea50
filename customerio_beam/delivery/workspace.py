"""The state that all sinks of a process share about one Customer.io workspace."""

from __future__ import annotations

import pickle
import threading

from customerio_beam.delivery.credentials import CredentialsKeeper, CredentialsSource

__all__ = ["Workspace", "shared_workspace"]


class Workspace:
    """A workspace as this process knows it.

    Attributes:
        base_url: The URL that the Track API's paths are appended to.
        credentials: Its credentials.
        reached: Set as soon as any request got a response: then trouble with names and certificates is passing trouble.
    """

    def __init__(self, base_url: str, credentials: CredentialsKeeper) -> None:
        self.base_url = base_url
        self.credentials = credentials
        self.reached = threading.Event()

    @property
    def identity(self) -> str:
        """What tells it from others: the Site ID and the URL.

        Raises:
            CredentialsUnavailableError: The credentials can't be fetched.
        """
        return f"{self.credentials.current.site_id} {self.base_url}"


_LOCK = threading.Lock()
_WORKSPACES: dict[tuple[bytes, str, float], Workspace] = {}


def shared_workspace(source: CredentialsSource, base_url: str, secret_max_age_secs: float) -> Workspace:
    """Return this process's one workspace for these arguments, however many copies of the source there are."""
    key = (pickle.dumps(source), base_url, secret_max_age_secs)
    with _LOCK:
        if key not in _WORKSPACES:
            _WORKSPACES[key] = Workspace(base_url, CredentialsKeeper(source, max_age_secs=secret_max_age_secs))
        return _WORKSPACES[key]
