"""Values kept in Google Cloud Secret Manager.

Google's libraries are imported where they are used: that takes most of a second, which only jobs with secrets pay.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from customerio_beam.delivery.errors import CredentialsUnavailableError
from customerio_beam.loopback import is_loopback

__all__ = ["EMULATOR_VARIABLE", "SecretVersion"]

#: Names an emulator (``HOST:PORT`` on loopback, without TLS) to use in place of Google's service.
EMULATOR_VARIABLE = "SECRET_MANAGER_EMULATOR_HOST"

_SECRET = re.compile(r"projects/[\w.:-]+(/locations/[\w-]+)?/secrets/[\w-]{1,255}(/versions/[\w-]+)?", re.ASCII)

#: Seconds that fetching a secret may take, the client's own retries included.
_FETCH_TIMEOUT_SECS = 60.0


@dataclass(frozen=True)
class SecretVersion:
    """A secret's value, by resource name.

    Attributes:
        resource: ``projects/P/secrets/S`` (for the latest version) or ``projects/P/secrets/S/versions/V``.

    Raises:
        ValueError: The name is not of that form. The message doesn't repeat it: it may be the secret itself.
    """

    resource: str

    def __post_init__(self) -> None:
        if not _SECRET.fullmatch(self.resource):
            raise ValueError(
                "resource must be a Secret Manager name like projects/PROJECT/secrets/SECRET or "
                "projects/PROJECT/secrets/SECRET/versions/VERSION (the given value is not shown: it may be a secret)"
            )

    def __str__(self) -> str:
        return f"secret {self._version}"

    @property
    def _version(self) -> str:
        return self.resource if "/versions/" in self.resource else f"{self.resource}/versions/latest"

    def fetch(self) -> str:
        """Fetch the secret, without white space around it (a file's line end is often stored along with it).

        Raises:
            CredentialsUnavailableError: It is unavailable; the sentence says why and what to do.
        """
        from google.api_core import exceptions
        from google.auth.exceptions import GoogleAuthError

        version = self._version
        try:
            client = _client()
            try:
                response = client.access_secret_version(name=version, timeout=_FETCH_TIMEOUT_SECS)
            finally:
                client.transport.close()
        except exceptions.NotFound:
            problem = f"The secret {version} does not exist: create it, or correct its name."
        except (exceptions.PermissionDenied, exceptions.Unauthenticated):
            problem = (
                f"No permission to read the secret {version}: give this account the role "
                "roles/secretmanager.secretAccessor on it."
            )
        except exceptions.FailedPrecondition:
            problem = f"The secret version {version} is disabled or destroyed: enable it, or name another version."
        except GoogleAuthError:
            problem = (
                f"There are no Google credentials to read the secret {version}: run "
                "'gcloud auth application-default login', or run as a service account."
            )
        except exceptions.GoogleAPIError as error:
            problem = f"Secret Manager failed to return {version}: {type(error).__name__}."
        else:
            return self._text(response.payload.data)
        raise CredentialsUnavailableError(problem) from None

    def _text(self, data: bytes) -> str:
        try:
            value = data.decode("utf-8").strip()
        except UnicodeDecodeError:
            value = ""
        if not value:
            raise CredentialsUnavailableError(
                f"The secret {self._version} holds no plain text: store the value as it is, without encoding."
            )
        return value


def _client() -> Any:
    from google.cloud import secretmanager_v1

    emulator = os.environ.get(EMULATOR_VARIABLE)
    if not emulator:
        return secretmanager_v1.SecretManagerServiceClient()
    if not is_loopback(emulator.rpartition(":")[0]):
        raise CredentialsUnavailableError(
            f"{EMULATOR_VARIABLE} must be HOST:PORT on this machine, because the secret travels unencrypted."
        )
    import grpc
    from google.cloud.secretmanager_v1.services.secret_manager_service import transports

    channel = grpc.insecure_channel(emulator, options=[("grpc.enable_http_proxy", 0)])
    return secretmanager_v1.SecretManagerServiceClient(
        transport=transports.SecretManagerServiceGrpcTransport(channel=channel)
    )
