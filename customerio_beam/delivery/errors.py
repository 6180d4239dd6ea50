"""What makes a bundle fail: each error's text is a sentence for the person who runs the job."""

from __future__ import annotations

__all__ = [
    "AuthenticationError",
    "Cancelled",
    "CredentialsUnavailableError",
    "DeliveryError",
    "DiskError",
    "PrivateFolderError",
    "RateLimitServiceError",
    "RetriesExhaustedError",
    "UnexpectedAnswerError",
    "UnreachableError",
    "WrongRegionError",
]


class DeliveryError(Exception):
    """Delivery can't go on: nothing of what was being delivered may be counted as done."""


class CredentialsUnavailableError(DeliveryError):
    """The Site ID or the Track API key could not be fetched from their source."""


class AuthenticationError(DeliveryError):
    """Customer.io refused the credentials, even after they were fetched again."""


class WrongRegionError(DeliveryError):
    """Customer.io redirected the call: the account lives in the other region."""


class UnreachableError(DeliveryError):
    """No request of this process has ever reached Customer.io, for a reason that waiting won't mend."""


class RetriesExhaustedError(DeliveryError):
    """A request was retried as often and as long as the settings allow."""


class UnexpectedAnswerError(DeliveryError):
    """The response is undocumented; guessing its meaning could lose events."""


class PrivateFolderError(DeliveryError):
    """The folder in which processes share their request rate can't be used, or isn't private."""


class DiskError(DeliveryError):
    """What a run keeps in files for a while can't be written or read."""


class RateLimitServiceError(DeliveryError):
    """The rate limit service can't be reached, or its configuration is incomplete."""


class Cancelled(DeliveryError):
    """The bundle has failed already, or the run is being stopped: this request must not be sent (again)."""
