"""Dead letters without the fields that may not be kept: what the rules drop is gone, what they hash is hashed.

A redacted payload is still an event that can be sent again, with the same rules and the same id: hashes are marked, so
that a replay doesn't hash them twice, and an event without a messageId gets the ULID that it would have had.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from customerio_beam.mapping import json_text
from customerio_beam.mapping.defaults import read_defaults
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Defaults, Event
from customerio_beam.mapping.fields import identifier_text
from customerio_beam.mapping.message import message_ulid
from customerio_beam.mapping.origin import Origin
from customerio_beam.mapping.reading import read_event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.rules.compiled import Rules
from customerio_beam.rules.fields import IDENTIFIERS, Paths
from customerio_beam.rules.globs import Glob
from customerio_beam.rules.paths import Path, is_protected
from customerio_beam.rules.rewriting import MISSING, Steps, changed, kept

__all__ = ["Redactor"]

#: The fields of the wrappers that an event may be in.
_WRAPPERS: Final = ("detail", "_airbyte_data")
_MAX_LAYERS: Final = 4

_CONTEXT: Final = Glob("context", ("context",))
_PREVIOUS_ID: Final = (Glob("previousId", ("previousId",)),)

#: The fields of a record that say what it is about.
_CONTENT: Final = ("stage", "reason", "payload", "payload_bytes", "source", "operation", "attribute")

#: Time of an event that has none; a redaction doesn't depend on it.
_SOME_TIME_MS: Final = 1


class Redactor:
    """Redacts dead letters.

    Args:
        rules: The rules, compiled.
        settings: The job's choices about the mapping.
    """

    def __init__(self, rules: Rules, settings: MappingSettings) -> None:
        self._rules = rules
        self._hasher = rules.hasher.marking()
        self._settings = settings

    def record(self, record: bytes) -> bytes:
        """Redact the payload of a dead letter.

        Args:
            record: One line of JSON, as ``transforms.dead_letter`` makes it.

        Returns:
            The record with its payload redacted. A payload that is no whole JSON can't be: it is taken out, and
            ``payload_bytes`` gives its size.
        """
        fields: dict[str, Any] = json_text.loads(record)
        payload = _payload_of(fields)
        redacted = None if payload is None or fields.get("payload_truncated") else self.payload(payload)
        fields.pop("payload_base64", None)
        if redacted is not None:
            fields["payload"] = redacted.decode("utf-8")
        else:
            fields["payload"] = ""
            fields["payload_truncated"] = True
            fields.setdefault("payload_bytes", 0 if payload is None else len(payload))
        # The id is a hash of all that the record had: whoever knows the rest could find out what is dropped.
        fields["id"] = _record_id(fields)
        return json_text.dumps(fields)

    def payload(self, payload: bytes) -> bytes | None:
        """Redact the events of a payload; None where it is not JSON, or holds something else."""
        try:
            return json_text.dumps(self._value(json_text.loads(payload), None, _MAX_LAYERS))
        except (json_text.InvalidJson, RecursionError):
            return None

    def _value(self, value: Any, defaults: Mapping[str, Any] | None, layers: int) -> Any:
        """Redact what a payload may be: an event, an envelope, a list of events, or one of these in a wrapper."""
        if isinstance(value, list):
            return [self._value(each, defaults, layers) for each in value]
        if isinstance(value, str) and layers:
            return json_text.dumps(self._value(json_text.loads(value.encode("utf-8")), defaults, layers - 1)).decode()
        if not isinstance(value, dict):
            raise json_text.InvalidJson("no event is in it")
        call = value.get("type")
        if isinstance(value.get("batch"), list) and (call is None or str(call).lower() == "batch"):
            return self._envelope(value, layers)
        wrapper = next((name for name in _WRAPPERS if isinstance(value.get(name), (dict, str))), None)
        if call is None and wrapper is not None and layers:
            return {wrapper: self._value(value[wrapper], defaults, layers - 1)}
        return self._event(value, defaults)

    def _envelope(self, envelope: dict[str, Any], layers: int) -> dict[str, Any]:
        own = {name: value for name, value in envelope.items() if name != "batch"}
        members = [self._value(member, own, layers) for member in envelope["batch"]]
        return {**self._changed(own, self._rules.all_paths), "batch": members}

    def _event(self, fields: dict[str, Any], defaults: Mapping[str, Any] | None) -> dict[str, Any]:
        event = self._read(fields, defaults)
        if event is None:
            return self._changed(fields, self._rules.all_paths)
        if event.message_id is None:
            fields = {**fields, "messageId": message_ulid(event)}
        try:
            paths = self._rules.field_paths(event)
        except InvalidEvent:
            paths = self._rules.all_paths
        return self._changed(fields, paths)

    def _read(self, fields: dict[str, Any], defaults: Mapping[str, Any] | None) -> Event | None:
        shared: Defaults | None = None
        inner = b""
        if defaults is not None:
            inner = json_text.dumps(defaults)[1:-1]
            try:
                shared = read_defaults(inner)
            except InvalidEvent:
                return None
        origin = Origin(json_text.dumps(fields), inner)
        event = read_event(origin, shared, _SOME_TIME_MS, self._settings)
        return event if isinstance(event, Event) else None

    def _changed(self, fields: dict[str, Any], paths: Paths) -> dict[str, Any]:
        for steps in _all_steps(paths.drop):
            fields = changed(fields, steps, _gone)
        for places in paths.allow:
            for part in ("traits", "properties"):
                inside = [path.steps[1:] for path in places if path.root == part]
                if isinstance(fields.get(part), dict):
                    fields = {**fields, part: kept(fields[part], inside, is_protected if part == "traits" else None)}
        for path in paths.hash:
            change = self._hashed_id if path.root in IDENTIFIERS else self._hasher.value
            for steps in _all_steps([path]):
                fields = changed(fields, steps, change)
        if any(path.root == "userId" for path in paths.hash):
            fields = changed(fields, _PREVIOUS_ID, self._hashed_id)
        return fields

    def _hashed_id(self, value: Any) -> Any:
        text = identifier_text(value) if isinstance(value, (str, int, float)) else None
        return value if text is None else self._hasher.text(text)


def _record_id(fields: Mapping[str, Any]) -> str:
    """Return an id that is the same for the same record, however often and whenever it failed."""
    content = {name: fields.get(name) for name in _CONTENT}
    return blake2b(json_text.dumps_canonical(content), digest_size=16).hexdigest()


def _payload_of(fields: Mapping[str, Any]) -> bytes | None:
    payload = fields.get("payload")
    if isinstance(payload, str):
        return payload.encode("utf-8")
    try:
        return base64.b64decode(str(fields.get("payload_base64")), validate=True)
    except binascii.Error:
        return None


def _gone(_: Any) -> Any:
    return MISSING


def _all_steps(paths: Sequence[Path]) -> list[Steps]:
    """Return the steps of paths, those of ``context.traits`` included, which ``traits.x`` stands for too."""
    steps = [path.steps for path in paths]
    return steps + [(_CONTEXT, *path.steps) for path in paths if path.root == "traits"]
