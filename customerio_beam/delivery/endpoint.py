"""Which host the Track API is called on."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

__all__ = ["REGION_URLS", "is_loopback", "track_url"]

#: The Track API's hosts per account region, from Customer.io's Track API reference ("Servers").
REGION_URLS = {"us": "https://track.customer.io", "eu": "https://track-eu.customer.io"}


def track_url(account_region: str, track_endpoint: str | None = None) -> str:
    """Return the base URL that requests are sent to.

    Args:
        account_region: Where the Customer.io account lives: ``us`` or ``eu``.
        track_endpoint: A URL to use instead, such as a stand-in's or a private gateway's. Basic authentication
            sends the key with every request, so it must be https, or http to this very machine.

    Returns:
        The URL without a trailing slash.

    Raises:
        ValueError: An unknown region, or an endpoint that would expose the key.
    """
    if account_region not in REGION_URLS:
        raise ValueError(f"account_region must be one of {', '.join(REGION_URLS)}, not {account_region!r}")
    if track_endpoint is None:
        return REGION_URLS[account_region]
    parts = urlsplit(track_endpoint)
    if parts.username is not None or parts.password is not None:
        raise ValueError("track_endpoint must not hold credentials; they come from Secret Manager or the environment")
    if parts.query or parts.fragment or not parts.hostname or not _port_is_valid(track_endpoint):
        raise ValueError(f"track_endpoint must be a URL like https://host:port/path, not {track_endpoint!r}")
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return track_endpoint.rstrip("/")
    raise ValueError(
        f"track_endpoint must be https (or http on loopback only), because it carries the key, not {track_endpoint!r}"
    )


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` is this machine itself: ``localhost``, or an address of the loopback network."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _port_is_valid(url: str) -> bool:
    try:
        urlsplit(url).port  # noqa: B018  (reading it is the check)
    except ValueError:
        return False
    return True
