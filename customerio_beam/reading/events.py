"""The events of a payload, in all forms that they come in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from customerio_beam.mapping.defaults import read_defaults
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Defaults, Event, Filtered, Rejected
from customerio_beam.mapping.origin import Origin
from customerio_beam.mapping.reading import read_event, try_event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.cursor import Cursor, Damaged, Piece
from customerio_beam.reading.outline import Outline
from customerio_beam.reading.payload import DEFAULT_MAX_PAYLOAD_BYTES, HEAD_BYTES, Payload
from customerio_beam.reading.structure import each_member
from customerio_beam.reading.survey import survey
from customerio_beam.reading.syntax import is_sound
from customerio_beam.reading.unwrapping import MAX_LAYERS, Inner, outline_of, unwrap

__all__ = ["BLANK", "Blank", "Outcome", "read_events"]

_RS: Final = b"\x1e"  # stands before each value of a JSON text sequence, and within none (RFC 7464)
_BLANKS: Final = b" \t\r\n\x1e"

_DEFAULT_SETTINGS: Final = MappingSettings()


class Blank:
    """The outcome of a message that holds nothing but white space."""


BLANK: Final = Blank()

Outcome = Event | Rejected | Filtered | Blank


def read_events(
    payload: Payload | bytes,
    source_time_ms: int | None = None,
    settings: MappingSettings = _DEFAULT_SETTINGS,
    max_payload_bytes: int = DEFAULT_MAX_PAYLOAD_BYTES,
) -> Iterator[Outcome]:
    """Read the events of a payload.

    Args:
        payload: A message, or a part of a file. Bytes are a message of an unknown source.
        source_time_ms: The time that the source itself gives it (Pub/Sub's publish time), in unix milliseconds; None
            where the source has none.
        settings: The job's choices.
        max_payload_bytes: The longest message, or the longest event of a file with its envelope's defaults.

    Returns:
        An outcome for each event, in their order; also for each value that is no event, and for what can't be read.
    """
    if isinstance(payload, bytes):
        payload = Payload(payload)
    reader = _Reader(payload.source, source_time_ms, settings, max_payload_bytes)
    if payload.truncated_bytes:
        return iter([reader.too_large(payload.data, payload.offset, payload.truncated_bytes)])
    if payload.is_lines:
        return reader.lines(payload)
    if payload.offset < 0:
        return reader.message(payload)
    if payload.defaults:
        return reader.part_of_batch(payload)
    return reader.text(payload.data, _Place(payload.offset, True))


class _Place(NamedTuple):
    """Where a text begins in its file.

    Attributes:
        offset: In bytes of the file's text; -1 for a message.
        is_exact: Whether what is in the text has an offset of its own.
    """

    offset: int
    is_exact: bool

    def at(self, position: int) -> _Place:
        """Return the place of a part of the text."""
        return _Place(self.offset + position, True) if self.is_exact else self


class _Reader:
    """Reads what comes from one source."""

    def __init__(self, source: str, source_time_ms: int | None, settings: MappingSettings, limit: int):
        self._source = source
        self._time_ms = source_time_ms
        self._settings = settings
        self._limit = limit

    def lines(self, block: Payload) -> Iterator[Outcome]:
        """Read lines. Nearly all are single events, and take one try each."""
        source, time_ms, settings, limit = self._source, self._time_ms, self._settings, self._limit
        data, offset = block.data, block.offset
        has_returns = b"\r" in data
        has_long_lines = len(data) > limit
        for line in data.split(b"\n"):
            if line:
                text = line.rstrip(b"\r") if has_returns else line
                outcome: Outcome | None = None
                if not has_long_lines or len(text) <= limit:
                    outcome = try_event(Origin(text, b"", source, offset), time_ms, settings)
                if outcome is None:
                    yield from self.text(text, _Place(offset, True))
                else:
                    yield outcome
            offset += len(line) + 1

    def message(self, message: Payload) -> Iterator[Outcome]:
        """Read a message."""
        data = message.data
        if len(data) > self._limit:
            yield self.too_large(data, -1, len(data))
            return
        outcome = try_event(Origin(data, b"", self._source), self._time_ms, self._settings)
        if outcome is not None:
            yield outcome
        elif data.strip(_BLANKS):
            yield from self.text(data, _Place(-1, False))
        else:
            yield BLANK

    def part_of_batch(self, part: Payload) -> Iterator[Outcome]:
        """Read some members of a large envelope's batch."""
        place = _Place(part.offset, True)
        try:
            defaults = read_defaults(part.defaults)
        except InvalidEvent as error:
            cursor = Cursor(iter([part.data]))
            for _ in each_member(cursor):
                piece = cursor.take(len(part.data))
                origin = Origin(piece.text, part.defaults, self._source, place.at(piece.offset).offset)
                yield Rejected(error.reason, error.detail, origin)
            return
        yield from self._members(part.data, place, part.defaults, defaults)

    def text(self, text: bytes, place: _Place) -> Iterator[Outcome]:
        """Read any number of values."""
        start = 0
        while start < len(text):
            end = text.find(_RS, start)
            end = len(text) if end < 0 else end
            yield from self._values(text[start:end], place.at(start))
            start = end + 1

    def too_large(self, text: bytes, offset: int, size: int) -> Rejected:
        """Refuse what is too large to be held, let alone to be sent."""
        return Rejected(
            "payload_too_large",
            f"{size:,} bytes are more than --max_payload_bytes={self._limit}.",
            Origin(text[:HEAD_BYTES], b"", self._source, offset, size),
        )

    def _values(self, text: bytes, place: _Place) -> Iterator[Outcome]:
        cursor = Cursor(iter([text] if text else []))
        while cursor.peek_value() >= 0:
            if not cursor.begins_value():
                rest = cursor.take_rest(len(text))
                yield self._damaged(rest.text, place.at(rest.offset), "no JSON value begins here")
                return
            piece = cursor.take(len(text))
            if piece.is_finished:
                yield from self._value(piece.text, place.at(piece.offset), MAX_LAYERS)
            else:
                yield self._damaged(piece.text, place.at(piece.offset), "it ends too early")

    def _value(self, text: bytes, place: _Place, layers: int) -> Iterator[Outcome]:
        if text.startswith(b"["):
            yield from self._array(text, place)
            return
        outline = None
        if text.startswith(b"{"):
            if len(text) <= self._limit:
                outcome = try_event(Origin(text, b"", self._source, place.offset), self._time_ms, self._settings)
                if outcome is not None:
                    yield outcome
                    return
            outline = outline_of(text)
            if outline is not None and outline.batch is not None and outline.is_envelope:
                yield from self._envelope(text, place, outline, outline.batch)
                return
        if len(text) > self._limit:
            yield self.too_large(text, place.offset, len(text))
            return
        inner = unwrap(text, outline) if layers else None
        if inner is None and outline is not None and outline.lacks_batch:
            yield self._rejected("invalid_field", "batch is not a list of events.", text, place)
        elif inner is None:
            yield self._event(Origin(text, b"", self._source, place.offset), None)
        else:
            yield from self._value(inner.text, _within(place, inner), layers - 1)

    def _array(self, text: bytes, place: _Place) -> Iterator[Outcome]:
        why = _damage(text)
        if why is None:
            yield from self._members(text, place, b"", None)
        else:
            yield self._damaged(text, place, why)

    def _envelope(self, text: bytes, place: _Place, outline: Outline, batch: Piece) -> Iterator[Outcome]:
        why = _damage(text)
        if why is not None:
            yield self._damaged(text, place, why)
            return
        shared = outline.defaults
        try:
            defaults = read_defaults(shared)
        except InvalidEvent as error:
            yield self._rejected(error.reason, error.detail, text, place)
            return
        yield from self._members(batch.text, place.at(batch.offset), shared, defaults)

    def _members(self, array: bytes, place: _Place, shared: bytes, defaults: Defaults | None) -> Iterator[Outcome]:
        cursor = Cursor(iter([array]))
        for _ in each_member(cursor):
            piece = cursor.take(self._limit)
            member = place.at(piece.offset)
            size = piece.size + len(shared)
            if size > self._limit:
                yield self.too_large(piece.text, member.offset, size)
            else:
                yield self._member(piece.text, member, shared, defaults)

    def _member(self, text: bytes, place: _Place, shared: bytes, defaults: Defaults | None) -> Outcome:
        layers = MAX_LAYERS
        while True:
            outcome = self._event(Origin(text, shared, self._source, place.offset), defaults)
            inner = unwrap(text) if layers and isinstance(outcome, Rejected) else None
            if inner is None:
                return outcome
            text, place, layers = inner.text, _within(place, inner), layers - 1

    def _event(self, origin: Origin, defaults: Defaults | None) -> Outcome:
        return read_event(origin, defaults, self._time_ms, self._settings)

    def _damaged(self, text: bytes, place: _Place, why: str) -> Rejected:
        return self._rejected("invalid_json", f"The payload is not JSON: {why}.", text, place)

    def _rejected(self, reason: str, detail: str, text: bytes, place: _Place) -> Rejected:
        if len(text) > self._limit:
            return self.too_large(text, place.offset, len(text))
        return Rejected(reason, detail, Origin(text, b"", self._source, place.offset))


def _within(place: _Place, inner: Inner) -> _Place:
    return place.at(inner.position) if inner.position >= 0 else _Place(place.offset, False)


def _damage(text: bytes) -> str | None:
    """Say why an array or an envelope can't be read; None where at most single members can't."""
    if is_sound(text):
        return None
    try:
        survey(Cursor(iter([text])), len(text))
    except Damaged as damaged:
        return str(damaged)
    return None
