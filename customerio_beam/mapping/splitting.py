"""Splitting a payload into its events: one event, a JSON array, or a library's envelope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from customerio_beam.mapping import json_text
from customerio_beam.mapping.defaults import read_defaults
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Defaults, Rejected
from customerio_beam.mapping.origin import Origin

__all__ = ["RawEvent", "split"]

_DEFAULTS: Final = ("context", "integrations", "timestamp", "originalTimestamp", "sentAt", "receivedAt")

_decode_members: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_envelope: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class RawEvent(NamedTuple):
    """The text of one event, and the fields of its envelope that it falls back on."""

    origin: Origin
    defaults: Defaults | None


def split(payload: bytes) -> Iterator[RawEvent | Rejected]:
    """Yield the events of a payload as text, and the faults that spoil a whole payload."""
    try:
        value = json_text.loads(payload)
    except json_text.InvalidJson as error:
        if payload.strip():
            yield Rejected("invalid_json", f"The payload is not JSON: {error}.", Origin(payload))
        return
    if isinstance(value, dict) and "batch" in value and _is_envelope(value.get("type")):
        yield from _members(value["batch"], payload)
    elif isinstance(value, list):
        for member in _decode_members(payload):
            yield RawEvent(Origin(bytes(member)), None)
    else:
        yield RawEvent(Origin(payload), None)


def _is_envelope(kind: Any) -> bool:
    return kind is None or (isinstance(kind, str) and kind.lower() == "batch")


def _members(batch: Any, payload: bytes) -> Iterator[RawEvent | Rejected]:
    if not isinstance(batch, list):
        yield Rejected("invalid_field", "batch is not a list of events.", Origin(payload))
        return
    fields = _decode_envelope(payload)
    text = b",".join(b'"%b":%b' % (name.encode(), bytes(fields[name])) for name in _DEFAULTS if name in fields)
    try:
        defaults = read_defaults(text)
    except InvalidEvent as error:
        yield Rejected(error.reason, error.detail, Origin(payload))
        return
    for member in _decode_members(fields["batch"]):
        yield RawEvent(Origin(bytes(member), text), defaults)
