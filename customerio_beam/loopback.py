"""Which addresses are this machine itself: only these are called without TLS, and never through a proxy."""

from __future__ import annotations

import ipaddress

__all__ = ["is_loopback"]


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself: ``localhost``, or an address of the loopback network.

    Args:
        host: A name or an address; an IPv6 address may stand in brackets, as in URLs.
    """
    host = host.removeprefix("[").removesuffix("]")
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
