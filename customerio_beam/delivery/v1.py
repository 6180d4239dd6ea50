"""The v1 call for events that are too large for a v2 operation."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from customerio_beam.mapping import json_text

__all__ = ["v1_request"]

#: The most bytes of an event's data on v1 (Track API reference: "100kb"; decimal, to be safe).
_MAX_DATA_BYTES = 100_000


def v1_request(operation: bytes) -> tuple[str, bytes]:
    """Turn a person's event, page or screen operation into a v1 request.

    Args:
        operation: The v2 operation as JSON.

    Returns:
        The request's path, percent-encoded, and its JSON body.

    Raises:
        ValueError: v1 can't carry it: it is no such operation, or its data has more than 100,000 bytes. The mapping
            makes no such operations.
    """
    document: dict[str, Any] = json_text.loads(operation)
    action = document.get("action")
    if document.get("type") != "person" or action not in ("event", "page", "screen"):
        raise ValueError(
            f"An operation of {len(operation)} bytes is too large for a batch, and v1 can't carry "
            f"{document.get('type')} {action}."
        )
    body: dict[str, Any] = {"name": document["name"], "type": action}
    body.update((name, document[name]) for name in ("id", "timestamp") if name in document)
    path = "/api/v1/events"
    ((kind, identifier),) = document["identifiers"].items()
    if kind == "anonymous_id":
        body["anonymous_id"] = identifier
    elif kind in ("id", "email", "cio_id"):
        value = f"cio_{identifier}" if kind == "cio_id" else identifier
        path = f"/api/v1/customers/{quote(value, safe='')}/events"
    else:
        raise ValueError(f"An operation of {len(operation)} bytes names its person by {kind}, which v1 doesn't know.")
    body["data"] = document.get("attributes", {})
    data_bytes = len(json_text.dumps(body["data"]))
    if data_bytes > _MAX_DATA_BYTES:
        raise ValueError(f"An event's data of {data_bytes} bytes is more than the {_MAX_DATA_BYTES} that v1 takes.")
    return path, json_text.dumps(body)
