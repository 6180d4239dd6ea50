"""Tells whom a dead letter is about, by all identifiers that the mapping would read of it."""

from __future__ import annotations

import base64
import binascii
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from customerio_beam.mapping import json_text
from customerio_beam.mapping.event import Event, Rejected
from customerio_beam.mapping.fields import identifier_text
from customerio_beam.mapping.places import PLACES
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.people.listing import Person
from customerio_beam.reading.events import read_events

__all__ = ["Lookup", "UnreadableRecord"]

_IDENTIFIERS: Final = ("userId", "anonymousId", "previousId")
#: Where the mapping looks for an email or a phone number. Each counts here, whatever the call and the options.
_CONTACTS: Final = tuple(
    dict.fromkeys(
        path
        for kind in ("email", "phone")
        for calls in ("identify", "the other calls")
        for path in PLACES[f"{kind} of {calls}"]
    )
)

#: The fields of an operation that name people, and the attributes of an identify call that do.
_NAMING: Final = ("identifiers", "primary", "secondary")
_KINDS: Final = ("id", "email", "phone", "cio_id", "anonymous_id")

#: An event that opts Customer.io out holds personal data, too. Any time does: a record may lack one.
_READ_ALL: Final = MappingSettings(integrations="ignore")
_ANY_TIME_MS: Final = 0


class UnreadableRecord(ValueError):
    """A record of which nobody can tell whom it is about. The text says why, and quotes nothing of it."""


class Lookup:
    """The people of a list, to be found in dead letters.

    An email is compared in lower case, any other identifier exactly. It counts in whatever field it is: an id of the
    list is found as ``userId``, ``anonymousId`` and ``previousId``.
    """

    def __init__(self, people: Iterable[Person]) -> None:
        """Take the identifiers of a list."""
        self._texts = {_text(kind, value) for person in people for kind, value in person.identifiers}

    def finds(self, record: bytes) -> bool:
        """Tell whether a dead letter is about one of the people.

        Args:
            record: The record, as JSON.

        Raises:
            UnreadableRecord: Nobody can tell: it is no dead letter, or the event in it can't be read.
        """
        try:
            fields = json_text.loads(record)
        except json_text.InvalidJson as error:
            raise UnreadableRecord(f"it is not JSON: {error}") from None
        if not isinstance(fields, dict):
            raise UnreadableRecord("it is no dead letter")
        operation = fields.get("operation")
        if isinstance(operation, dict) and not self._texts.isdisjoint(_of_operation(operation)):
            return True
        return not self._texts.isdisjoint(_of_payload(_payload(fields)))


def _text(kind: str, value: str) -> str:
    """Return an identifier in the form in which two of one person are equal."""
    if kind == "cio_id":
        return f"cio_{value}"
    return value.lower() if "@" in value else value


def _payload(fields: dict[str, Any]) -> bytes:
    if fields.get("payload_truncated"):
        raise UnreadableRecord("it has only the beginning of its event")
    text, encoded = fields.get("payload"), fields.get("payload_base64")
    if isinstance(text, str):
        return text.encode("utf-8")
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise UnreadableRecord("its payload_base64 is no base64") from None
    raise UnreadableRecord("it is no dead letter: it has no payload")


def _of_payload(payload: bytes) -> Iterator[str]:
    for outcome in read_events(payload, _ANY_TIME_MS, _READ_ALL, sys.maxsize):
        if isinstance(outcome, Event | Rejected):
            yield from _of_json(outcome.origin.text)
            yield from _of_json(b"{" + outcome.origin.defaults + b"}")


def _of_json(text: bytes) -> Iterator[str]:
    try:
        event = json_text.loads(text)
    except json_text.InvalidJson as error:
        raise UnreadableRecord(f"its event is not JSON: {error}") from None
    for path in (*_IDENTIFIERS, *_CONTACTS):
        value = event
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            identifier = identifier_text(value)
            if identifier is not None:
                yield _text("", identifier)


def _of_operation(operation: dict[str, Any]) -> Iterator[str]:
    named = [operation.get(name) for name in _NAMING]
    if operation.get("type") == "person":
        named.append(operation.get("attributes"))
    related = operation.get("cio_relationships")
    if isinstance(related, list):
        named += [entry.get("identifiers") for entry in related if isinstance(entry, dict)]
    for identifiers in named:
        if isinstance(identifiers, dict):
            yield from (
                _text(kind, str(value)) for kind in _KINDS if isinstance(value := identifiers.get(kind), str | int)
            )
