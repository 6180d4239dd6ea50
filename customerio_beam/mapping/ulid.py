"""The id of an event, page or screen operation: a ULID that depends on the message alone.

Customer.io ignores an operation whose ULID it has seen. An id that any retry, rerun or replay of the same message
makes again is therefore what turns at-least-once delivery into exactly once in effect.

How likely are two messages to share one? 80 bits come from a hash. Among n messages of the *same millisecond* the
chance that any two agree is about n**2 / 2**81 (birthday bound); for ten million messages that all claim the same
millisecond it is 1e14 / 2.4e24, about 4 in 100 billion. Spread over time it is smaller still.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

__all__ = ["is_ulid", "make_ulid"]

# Crockford's base 32, as the ULID specification (github.com/ulid/spec) has it: no I, L, O, U.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Two characters hold ten bits, so 13 look-ups write a ULID.
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_HASH_BYTES: Final = 10  # a ULID's 80 bits of randomness
_new_hash: Final = blake2b(digest_size=_HASH_BYTES).copy  # copying a hash is quicker than setting one up
_MAX_TIME_MS: Final = (1 << 48) - 1

_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.IGNORECASE | re.ASCII).fullmatch


def is_ulid(text: str) -> bool:
    """Whether a string is a ULID, in upper or lower case."""
    return len(text) == 26 and _ULID(text) is not None


def make_ulid(time_ms: int, message: bytes) -> str:
    """Make the ULID of a message.

    Args:
        time_ms: The client's own time in unix milliseconds; clamped to what 48 bits hold. ULIDs sort by it.
        message: What makes the message itself and no other: its message id, or its canonical JSON.

    Returns:
        26 characters: 48 bits of time, then 80 bits of BLAKE2b over ``message``.
    """
    hashed = _new_hash()
    hashed.update(message)
    digest = hashed.digest()
    # In halves: larger numbers are slow to take apart.
    high, low = int.from_bytes(digest[:5], "big"), int.from_bytes(digest[5:], "big")
    if not 0 <= time_ms <= _MAX_TIME_MS:
        time_ms = 0 if time_ms < 0 else _MAX_TIME_MS
    pairs = _PAIRS
    return (
        f"{pairs[time_ms >> 40]}{pairs[time_ms >> 30 & 1023]}{pairs[time_ms >> 20 & 1023]}"
        f"{pairs[time_ms >> 10 & 1023]}{pairs[time_ms & 1023]}"
        f"{pairs[high >> 30]}{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}{pairs[high & 1023]}"
        f"{pairs[low >> 30]}{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}{pairs[low & 1023]}"
    )
