"""What an object is: an event, the envelope in which libraries send events, or a wrapper around one."""

from __future__ import annotations

from typing import Final

from customerio_beam.reading.cursor import Piece
from customerio_beam.reading.structure import text_of

__all__ = ["BATCH", "MARKS", "NAMES", "Outline"]

#: The field of an envelope that holds its events, and the type of an envelope that says what it is.
BATCH: Final = "batch"
#: The fields of an envelope that its members fall back on.
_DEFAULTS: Final = ("context", "integrations", "timestamp", "originalTimestamp", "sentAt", "receivedAt")
#: The fields in which Amazon EventBridge and Airbyte hold an event.
_WRAPPERS: Final = ("detail", "_airbyte_data")
#: The fields that matter.
NAMES: Final = tuple(name.encode("ascii") for name in ("type", BATCH, *_DEFAULTS, *_WRAPPERS))
#: An object whose text holds none of these is neither an envelope nor a wrapper. Nobody writes the names with escapes.
MARKS: Final = tuple(name.encode("ascii") for name in (BATCH, *_WRAPPERS))


class Outline:
    """The fields of an object that tell what it is. Of several with one name the last counts."""

    def __init__(self) -> None:
        self._fields: dict[str, Piece] = {}

    def add(self, name: str, piece: Piece) -> None:
        """Note a field."""
        if name.encode("utf-8") in NAMES:
            self._fields[name] = piece

    @property
    def is_envelope(self) -> bool:
        """Whether it has a list of events, and no type or the type *batch*."""
        return self.batch is not None and (self._type is None or self._is_batch)

    @property
    def lacks_batch(self) -> bool:
        """Whether it is meant as an envelope, and has no list of events."""
        return self.batch is None and (self._is_batch or (self._type is None and BATCH in self._fields))

    @property
    def batch(self) -> Piece | None:
        """The list of events; None where that is missing or no list."""
        batch = self._fields.get(BATCH)
        return batch if batch is not None and batch.text.startswith(b"[") else None

    @property
    def defaults(self) -> bytes:
        """What its members fall back on, as ``mapping.origin.Origin.defaults``."""
        fields = [(name, self._fields[name].text) for name in _DEFAULTS if name in self._fields]
        return b",".join(b'"%b":%b' % (name.encode("ascii"), text) for name, text in fields)

    @property
    def defaults_bytes(self) -> int:
        """The size of ``defaults``, where they are too large to be held too."""
        return sum(self._fields[name].size + len(name) + 4 for name in _DEFAULTS if name in self._fields)

    @property
    def wrapped(self) -> Piece | None:
        """The event that it is a wrapper around, as an object or as a string of JSON; None where it is none."""
        if self._type is not None:
            return None
        for name in _WRAPPERS:
            piece = self._fields.get(name)
            if piece is not None and (piece.text.startswith(b"{") or _holds_object(piece.text)):
                return piece
        return None

    @property
    def _is_batch(self) -> bool:
        return self._type is not None and self._type.lower() == BATCH

    @property
    def _type(self) -> str | None:
        piece = self._fields.get("type")
        if piece is None or piece.text == b"null":
            return None
        return text_of(piece.text) or ""


def _holds_object(text: bytes) -> bool:
    string = text_of(text)
    return string is not None and string.lstrip(" \t\r\n").startswith("{")
