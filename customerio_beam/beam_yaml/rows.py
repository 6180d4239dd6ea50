"""Between the rows of a YAML pipeline and what the transforms take and return."""

from __future__ import annotations

import base64
from typing import Any, Optional

import apache_beam as beam
from apache_beam.typehints.row_type import RowTypeConstraint

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.mapping import json_text
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import trimmed
from customerio_beam.mapping.origin import Origin
from customerio_beam.reading.rows import fields_of, json_of

__all__ = [
    "DEAD_LETTER_ROW",
    "DELIVERED_ROW",
    "EVENT_ROW",
    "OPERATION_ROW",
    "dead_letter_row",
    "delivered_row",
    "event_row",
    "has_operations",
    "keyed_operation",
    "operation_row",
    "payload_of",
]

_PAYLOAD = "payload"
_OPTIONAL_TEXT = Optional[str]  # noqa: UP045  # Beam's schemas know no other union on Python 3.10

DEAD_LETTER_ROW = RowTypeConstraint.from_fields(
    [("reason", str), ("stage", str), ("retryable", bool), ("detail", str), (_PAYLOAD, str)]
)
DELIVERED_ROW = RowTypeConstraint.from_fields([("operations", int)])
EVENT_ROW = RowTypeConstraint.from_fields(
    [
        ("type", str),
        ("name", _OPTIONAL_TEXT),
        ("user_id", _OPTIONAL_TEXT),
        ("anonymous_id", _OPTIONAL_TEXT),
        ("message_id", _OPTIONAL_TEXT),
        ("time_ms", int),
        (_PAYLOAD, str),
    ]
)
OPERATION_ROW = RowTypeConstraint.from_fields(
    [("person_key", bytes), ("time_ms", int), ("operation", str), (_PAYLOAD, str)]
)


def payload_of(row: Any) -> bytes:
    """Return the payload of a row: its field ``payload``, or the whole row as one event.

    Args:
        row: A row, a named tuple, or a mapping.

    Returns:
        JSON text; empty where ``payload`` is null. A payload that is neither bytes nor text is written as JSON.

    Raises:
        TypeError: The element is no row.
    """
    fields = fields_of(row)
    if fields is None:
        raise TypeError(f"The input must be rows, not {type(row).__name__}.")
    if _PAYLOAD not in fields:
        return json_of(fields)
    payload = fields[_PAYLOAD]
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        return payload.encode("utf-8", "surrogatepass")
    return b"" if payload is None else json_of(payload)


def has_operations(element_type: Any) -> bool:
    """Whether a PCollection's elements are rows of ``MapToCustomerIO``."""
    constraint = RowTypeConstraint.from_user_type(element_type) or element_type
    names = {name for name, _ in getattr(constraint, "_fields", ())}
    return names >= {name for name, _ in OPERATION_ROW._fields}


def event_row(event: Event) -> beam.Row:
    """Make the row of an event that was parsed."""
    return beam.Row(
        type=event.call,
        name=trimmed(event.fields.event if event.call == "track" else event.fields.name),
        user_id=event.user_id,
        anonymous_id=event.anonymous_id,
        message_id=event.message_id,
        time_ms=event.time_ms,
        payload=event.origin.payload().decode("utf-8"),
    )


def operation_row(keyed: KeyedOperation) -> beam.Row:
    """Make the row of an operation."""
    key, (time_ms, operation, origin) = keyed
    return beam.Row(
        person_key=key,
        time_ms=time_ms,
        operation=operation.decode("utf-8"),
        payload=origin.payload().decode("utf-8"),
    )


def keyed_operation(row: Any) -> KeyedOperation:
    """Return the operation of a row of ``operation_row``."""
    return row.person_key, (row.time_ms, row.operation.encode("utf-8"), Origin(row.payload.encode("utf-8")))


def delivered_row(operations: int) -> beam.Row:
    """Make the row of a request that was accepted."""
    return beam.Row(operations=operations)


def dead_letter_row(record: bytes) -> beam.Row:
    r"""Make the row of a dead letter.

    Args:
        record: As ``transforms.dead_letter`` makes it.

    Returns:
        Its reason, stage, retryable, detail and payload. Bytes of a payload that are no UTF-8 are written as ``\xNN``.
    """
    fields = json_text.loads(record)
    payload = fields.get(_PAYLOAD)
    if payload is None:
        payload = base64.b64decode(fields["payload_base64"]).decode("utf-8", "backslashreplace")
    return beam.Row(
        reason=fields["reason"],
        stage=fields["stage"],
        retryable=fields["retryable"],
        detail=fields["detail"],
        payload=payload,
    )
