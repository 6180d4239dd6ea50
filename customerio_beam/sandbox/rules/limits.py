"""The Track API's published limits: the sandbox's own copy, so that it can catch a mistake in the pipeline's.

Source of all values, unless a line says otherwise: Customer.io's Track API reference
(https://docs.customer.io/integrations/api/track/) and its published OpenAPI description.
"""

from __future__ import annotations

#: Largest body of one batch request ("500kb"), in bytes.
MAX_BATCH_BYTES = 500_000
#: Largest operation, in a batch or alone ("32kb"), in bytes.
MAX_OPERATION_BYTES = 32_000
#: Largest `data` of an event sent with the v1 calls, in bytes.
MAX_EVENT_DATA_BYTES = 100_000
#: Longest person or object identifier, in UTF-8 bytes.
MAX_IDENTIFIER_BYTES = 150
#: Longest name of an event, in UTF-8 bytes.
MAX_EVENT_NAME_BYTES = 100
#: Longest attribute name of a person, object or relationship, in UTF-8 bytes.
MAX_ATTRIBUTE_NAME_BYTES = 150
#: Longest attribute value of a person, object or relationship, in UTF-8 bytes (of its JSON text unless a string).
MAX_ATTRIBUTE_VALUE_BYTES = 1_000
#: Attributes that one identify call may carry, and that one person may have.
MAX_ATTRIBUTES = 300
#: Largest JSON text of all attributes of an object, or of a relationship ("100 KB"), in bytes.
MAX_OBJECT_BYTES = 100_000
#: People that one call may add to a manual segment, or remove from it.
MAX_SEGMENT_IDS = 1_000
#: Requests per second that an account may send; "not strictly enforced".
REQUESTS_PER_SECOND = 1_000
#: Oldest accepted timestamp, in unix seconds: the first second of year 1 (the sandbox's own choice).
MIN_TIMESTAMP = -62_135_596_800
#: The sandbox refuses timestamps from here on as milliseconds sent by mistake, in unix seconds (its own choice).
MAX_TIMESTAMP = 10_000_000_000


def is_longer(text: str, limit: int) -> bool:
    """Return whether a text has more than `limit` UTF-8 bytes."""
    return len(text.encode()) > limit
