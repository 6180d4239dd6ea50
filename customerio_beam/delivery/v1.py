"""The v1 calls, one operation each, for operations that a v2 batch can't carry."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from customerio_beam.delivery.client import HttpRequest
from customerio_beam.delivery.invalid_operation import InvalidOperation
from customerio_beam.mapping import json_text
from customerio_beam.mapping.limits import MAX_OPERATION_BYTES, MAX_V1_DATA_BYTES

__all__ = ["goes_by_v1", "v1_request"]

_METRIC_FIELDS = ("recipient", "reason", "href")


def goes_by_v1(operation: bytes) -> bool:
    """Tell whether an operation needs a v1 call of its own: it is too large for a batch, or a delivery's metric.

    Args:
        operation: The operation as JSON.
    """
    if len(operation) > MAX_OPERATION_BYTES:
        return True
    # Nearly all operations are told apart by this search, without reading the JSON.
    if b'"metric"' not in operation or b'"delivery"' not in operation:
        return False
    try:
        document = json_text.loads(operation)
    except json_text.InvalidJson:
        return False
    return _is_metric(document)


def v1_request(operation: bytes) -> HttpRequest:
    """Turn an operation that needs a v1 call into that call.

    Args:
        operation: A person's event, page or screen, or a delivery's metric, as JSON.

    Raises:
        InvalidOperation: v1 can't carry it: it is no such operation, or its data has more than 100,000 bytes.
    """
    try:
        document = json_text.loads(operation)
    except json_text.InvalidJson as error:
        raise InvalidOperation("invalid_operation", f"The operation is not JSON: {error}.") from None
    if _is_metric(document):
        return _metric(document)
    if not _is_event(document):
        raise InvalidOperation(
            "operation_too_large",
            f"An operation of {len(operation)} bytes is too large for a batch, and v1 carries only a person's event, "
            "page or screen.",
        )
    return _event(document)


def _is_metric(document: Any) -> bool:
    return isinstance(document, dict) and (document.get("type"), document.get("action")) == ("delivery", "metric")


def _metric(document: dict[str, Any]) -> HttpRequest:
    identifiers, attributes = document.get("identifiers"), document.get("attributes", {})
    if not isinstance(identifiers, dict) or not isinstance(attributes, dict):
        raise InvalidOperation(
            "invalid_operation", "A delivery's metric needs identifiers with an id, and attributes that are an object."
        )
    body = {
        "delivery_id": identifiers.get("id"),
        "metric": document.get("name"),
        "timestamp": document.get("timestamp"),
        **{name: attributes.get(name) for name in _METRIC_FIELDS},
    }
    present = {name: value for name, value in body.items() if value is not None}
    return HttpRequest("POST", "/api/v1/metrics", json_text.dumps(present), needs_credentials=False)


def _is_event(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and document.get("type") == "person"
        and document.get("action") in ("event", "page", "screen")
        and isinstance(document.get("name"), str)
        and isinstance(document.get("identifiers"), dict)
        and len(document["identifiers"]) == 1
        and isinstance(document.get("attributes", {}), dict)
    )


def _event(document: dict[str, Any]) -> HttpRequest:
    body: dict[str, Any] = {"name": document["name"], "type": document["action"]}
    body.update((name, document[name]) for name in ("id", "timestamp") if name in document)
    path = "/api/v1/events"
    ((kind, identifier),) = document["identifiers"].items()
    if kind == "anonymous_id":
        body["anonymous_id"] = identifier
    elif kind in ("id", "email", "cio_id") and isinstance(identifier, str | int):
        value = f"cio_{identifier}" if kind == "cio_id" else str(identifier)
        if value in ("", ".", ".."):
            raise InvalidOperation(
                "operation_too_large", f"v1 names the person in its path, and {value!r} would name a folder there."
            )
        path = f"/api/v1/customers/{quote(value, safe='')}/events"
    else:
        raise InvalidOperation(
            "operation_too_large", f"A large event names its person by {kind!r}, and v1 doesn't know that identifier."
        )
    body["data"] = document.get("attributes", {})
    data_bytes = len(json_text.dumps(body["data"]))
    if data_bytes > MAX_V1_DATA_BYTES:
        raise InvalidOperation(
            "operation_too_large", f"An event's data has {data_bytes} bytes; v1 accepts {MAX_V1_DATA_BYTES}."
        )
    return HttpRequest("POST", path, json_text.dumps(body))
