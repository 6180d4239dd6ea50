"""What makes a bundle fail: each error's text is a sentence for the person who runs the job."""

from __future__ import annotations

__all__ = [
    "AuthenticationError",
    "Cancelled",
    "CredentialsUnavailableError",
    "DeliveryError",
    "RetriesExhaustedError",
    "UnexpectedAnswerError",
    "WrongRegionError",
]


class DeliveryError(Exception):
    """Delivery can't go on: nothing of what was being delivered may be counted as done."""


class CredentialsUnavailableError(DeliveryError):
    """The Site ID or the Track API key could not be fetched from where the settings say they are."""


class AuthenticationError(DeliveryError):
    """Customer.io refused the credentials, also after they were fetched again."""


class WrongRegionError(DeliveryError):
    """Customer.io redirected the call: the account lives in the other region."""


class RetriesExhaustedError(DeliveryError):
    """A request was retried as often and as long as the settings allow."""


class UnexpectedAnswerError(DeliveryError):
    """An answer that nobody has described; guessing what it means could lose events."""


class Cancelled(DeliveryError):
    """The bundle has failed already, so this request must not be sent (again)."""
