"""The one failure record of the pipeline: what could not be delivered, why, and what to send again.

Every step makes its records here, so that all of them have one schema; ``pipeline.dead_letters`` writes them
once. This module imports no Beam: a record is built from plain values.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from customerio_beam.mapping import json_text
from customerio_beam.mapping.origin import Origin
from customerio_beam.mapping.replay import Replay, replay_of
from customerio_beam.reading.payload import HEAD_BYTES
from customerio_beam.reasons import REASONS, Stage

__all__ = ["DEAD_LETTERS", "dead_letter", "shortened"]

#: The tag of every transform's dead-letter output.
DEAD_LETTERS = "dead_letters"


def dead_letter(
    *,
    stage: Stage,
    reason: str,
    detail: str,
    payload: bytes | Origin,
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
        payload: The original event's text, with its place in the input where that is known. Kept as ``payload``, or as
            ``payload_base64`` where it is no UTF-8.
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
    origin = payload if isinstance(payload, Origin) else Origin(payload)
    replay = replay_of(origin.source)
    source = replay.source if replay else _source(origin)
    failed_text = datetime.datetime.fromtimestamp(failed_at, datetime.timezone.utc).isoformat()
    record: dict[str, Any] = {
        "id": _record_id(stage, reason, source, origin.payload(), operation, attribute),
        "stage": stage,
        "reason": reason,
        "detail": detail,
        "retryable": REASONS[reason].is_retryable,
        "failed_at": (replay and replay.failed_at) or failed_text,
        "attempts": _attempts(replay, reason),
        "message_id": message_id if message_id is not None else _message_id(origin.text),
        "source": source,
    }
    if replay:
        record["last_failed_at"] = failed_text
    if event_time_ms is not None:
        record["event_time_ms"] = event_time_ms
    _add_payload(record, origin)
    if attribute is not None:
        record["attribute"] = dict(attribute)
    if response is not None:
        record["response"] = dict(response)
    text = json_text.dumps(record)
    # The operation is JSON already, and may nest as deeply as can be written: it goes in as it is.
    return text if operation is None else text[:-1] + b',"operation":' + operation + b"}"


def _attempts(replay: Replay | None, reason: str) -> int:
    if replay is None:
        return 1
    return replay.attempts + (reason != "recent_event")  # what is held again has not failed again


def _record_id(*content: Any) -> str:
    """Return an id that depends on what the record is about alone, so that a repeated record has it again."""
    return hashlib.blake2b(repr(content).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _source(origin: Origin) -> dict[str, Any] | None:
    if origin.offset >= 0:
        return {"file": origin.source, "offset": origin.offset}
    return {"message_id": origin.source} if origin.source else None


def _add_payload(record: dict[str, Any], origin: Origin) -> None:
    payload = origin.payload()
    if origin.truncated_bytes:
        record["payload_truncated"] = True
        record["payload_bytes"] = origin.truncated_bytes
    try:
        record["payload"] = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        if origin.truncated_bytes and error.start >= len(payload) - 3:  # cut within a character
            record["payload"] = payload[: error.start].decode("utf-8")
        else:
            record["payload_base64"] = base64.b64encode(payload).decode("ascii")


def shortened(record: bytes) -> bytes:
    """Cut what a record has of an event, for a place that takes no long records.

    Args:
        record: A record, as ``dead_letter`` makes it.

    Returns:
        The record with the first 64 KB of its payload (``payload_truncated``), and of the attribute's value where it
        has one. It can't be sent again.
    """
    fields = json_text.loads(record)
    is_text = "payload" in fields
    payload = fields["payload"].encode("utf-8") if is_text else base64.b64decode(fields.pop("payload_base64"))
    size = fields.get("payload_bytes", len(payload))
    _add_payload(fields, Origin(payload[:HEAD_BYTES], truncated_bytes=size))
    attribute = fields.get("attribute")
    if attribute is not None:
        value = json_text.dumps(attribute["value"])
        if len(value) > HEAD_BYTES:
            attribute["value"] = value[:HEAD_BYTES].decode("utf-8", "ignore")
            attribute["truncated"] = True
    return json_text.dumps(fields)


class _Fields(msgspec.Struct, rename="camel"):
    """What a record takes out of an event."""

    message_id: Any = None


_decode_fields = msgspec.json.Decoder(_Fields).decode


def _message_id(text: bytes) -> str | None:
    try:
        message_id = _decode_fields(text).message_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(message_id, str):
        return message_id
    return str(message_id) if isinstance(message_id, int) and not isinstance(message_id, bool) else None
