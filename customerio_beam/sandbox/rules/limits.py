"""The Track API's published limits, in the units they are published in.

Source of all of them, unless a line says otherwise: Customer.io's Track API reference
(https://docs.customer.io/integrations/api/track/) and its published OpenAPI description.
"""

from __future__ import annotations

MAX_BATCH_BYTES = 500_000
"""Largest body of one batch request ("500kb"), in bytes."""

MAX_OPERATION_BYTES = 32_000
"""Largest operation, in a batch or alone ("32kb"), in bytes."""

MAX_EVENT_DATA_BYTES = 100_000
"""Largest `data` of an event sent with the v1 calls, in bytes."""

MAX_IDENTIFIER_BYTES = 150
"""Longest person or object identifier, in UTF-8 bytes."""

MAX_EVENT_NAME_BYTES = 100
"""Longest name of an event, page or screen, in UTF-8 bytes."""

MAX_ATTRIBUTE_NAME_BYTES = 150
"""Longest attribute name of a person, an object or a relationship, in UTF-8 bytes."""

MAX_ATTRIBUTE_VALUE_BYTES = 1_000
"""Longest attribute value of a person, object or relationship, in UTF-8 bytes (of its JSON text unless a string)."""

MAX_ATTRIBUTES = 300
"""Attributes that one identify call may carry; further ones are not taken."""

REQUESTS_PER_SECOND = 1_000
"""Requests a second that an account may send; "not strictly enforced"."""


def is_longer(text: str, limit: int) -> bool:
    """Tells whether a text has more than `limit` UTF-8 bytes."""
    # No character has more than four bytes: most texts need not be encoded to be measured.
    return len(text) > limit // 4 and len(text.encode()) > limit


MIN_TIMESTAMP = -62_135_596_800
"""Oldest timestamp taken, in unix seconds: the first second of year 1 (the sandbox's own choice)."""

MAX_TIMESTAMP = 10_000_000_000
"""Timestamps from here on, in unix seconds, are refused as milliseconds sent by mistake (the sandbox's own choice)."""
