"""Which host the Track API is called on."""

from __future__ import annotations

from urllib.parse import urlsplit

from customerio_beam.loopback import is_loopback

__all__ = ["REGION_URLS", "track_url"]

#: The Track API's hosts per account region, from Customer.io's Track API reference ("Servers").
REGION_URLS = {"us": "https://track.customer.io", "eu": "https://track-eu.customer.io"}


def track_url(account_region: str, track_endpoint: str | None = None) -> str:
    """Return the base URL of all requests.

    Args:
        account_region: Where the Customer.io account lives: ``us`` or ``eu``.
        track_endpoint: A URL to use instead, such as the sandbox's or a private gateway's. Basic authentication
            sends the key with every request, so it must be https, or http to this very machine.

    Returns:
        The URL without a trailing slash.

    Raises:
        ValueError: An endpoint that is no URL, or that would expose the key.
    """
    if track_endpoint is None:
        return REGION_URLS[account_region]
    if "@" in track_endpoint:
        # Not repeated in the message: it may be the key.
        raise ValueError("track_endpoint must not hold credentials; they come from Secret Manager or the environment")
    try:
        parts = urlsplit(track_endpoint)
        is_url = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or parts.query or parts.fragment or not track_endpoint.isprintable():
        raise ValueError(f"track_endpoint must be a URL like https://host:port/path, not {track_endpoint!r}")
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return track_endpoint.rstrip("/")
    raise ValueError(
        f"track_endpoint must be https, or http on loopback, because requests carry the key; not {track_endpoint!r}"
    )
