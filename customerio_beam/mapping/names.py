"""Names of events, pages and screens: trimmed, and cut at Customer.io's limit."""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_NAME_BYTES", "cut_name"]

#: Event names are at most 100 bytes (Track API limits).
MAX_NAME_BYTES: Final = 100


def cut_name(name: str) -> str:
    """Cut a trimmed name at 100 bytes of UTF-8, on a character boundary, without white space at its end."""
    if len(name) * 4 <= MAX_NAME_BYTES:
        return name
    encoded = name.encode("utf-8")
    if len(encoded) <= MAX_NAME_BYTES:
        return name
    return encoded[:MAX_NAME_BYTES].decode("utf-8", "ignore").rstrip()
