"""The one failure record of the pipeline: what could not be delivered, why, and what to send again.

Every step makes its records here, so that all of them have one schema; ``pipeline.dead_letters`` writes them
once. This module imports no Beam: a record is built from plain values.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from typing import Any

from customerio_beam.mapping import json_text
from customerio_beam.reasons import REASONS, Stage

__all__ = ["DEAD_LETTERS", "dead_letter"]

#: The tag of every transform's dead-letter output.
DEAD_LETTERS = "dead_letters"


def dead_letter(
    *,
    stage: Stage,
    reason: str,
    detail: str,
    payload: bytes,
    failed_at: float,
    event_time_ms: int | None = None,
    message_id: str | None = None,
    attribute: Mapping[str, Any] | None = None,
    operation: bytes | None = None,
    response: Mapping[str, Any] | None = None,
) -> bytes:
    """Build one dead-letter record.

    Args:
        stage: The step that gave up: ``parse``, ``map`` or ``deliver``.
        reason: A code of ``customerio_beam.reasons``, such as ``missing_identity``.
        detail: One sentence for a person to read; it holds no secrets.
        payload: The original event's text. Kept as ``payload``, or as ``payload_base64`` where it is no UTF-8.
        failed_at: When the step gave up, in unix seconds.
        event_time_ms: The event's time in unix milliseconds. Replay falls back on it for events that carry no
            time of their own.
        message_id: The event's message id; read from ``payload`` where it is not given.
        attribute: For ``attribute_too_long``: the attribute's name, size in bytes, and value.
        operation: For ``deliver``: the operation as JSON.
        response: For ``deliver``: Customer.io's answer (status, reason, field, message).

    Returns:
        The record as one line of JSON, without a line end.
    """
    record: dict[str, Any] = {
        "stage": stage,
        "reason": reason,
        "detail": detail,
        "retryable": REASONS[reason].is_retryable,
        "failed_at": datetime.datetime.fromtimestamp(failed_at, datetime.timezone.utc).isoformat(),
        "message_id": message_id if message_id is not None else _message_id(payload),
    }
    if event_time_ms is not None:
        record["event_time_ms"] = event_time_ms
    try:
        record["payload"] = payload.decode("utf-8")
    except UnicodeDecodeError:
        record["payload_base64"] = base64.b64encode(payload).decode("ascii")
    if attribute is not None:
        record["attribute"] = dict(attribute)
    if response is not None:
        record["response"] = dict(response)
    text = json_text.dumps(record)
    # The operation is JSON already, and may nest as deeply as can be written: it goes in as it is.
    return text if operation is None else text[:-1] + b',"operation":' + operation + b"}"


def _message_id(payload: bytes) -> str | None:
    try:
        event = json_text.loads(payload)
    except json_text.InvalidJson:
        return None
    message_id = event.get("messageId") if isinstance(event, dict) else None
    if isinstance(message_id, str):
        return message_id
    return str(message_id) if isinstance(message_id, int) and not isinstance(message_id, bool) else None
