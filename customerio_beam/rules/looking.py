"""The values of an event that a rules file asks for, those included that the mapping itself never reads.

The mapping decodes few fields of ``context`` and of the event. A rules file that asks for others gets a decoder made
for exactly these, so that no event is decoded whole.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import identifier_text, trimmed
from customerio_beam.mapping.origin import Origin
from customerio_beam.rules.rewriting import values_at

__all__ = ["Extras", "ExtrasReader", "Look", "look_for"]

#: The fields that the mapping doesn't decode: a struct that ``ExtrasReader`` makes, or None where none is asked for.
Extras = Any
#: Returns the values at a path of an event: several where lists are on the way.
Look = Callable[[Event, Extras], Iterable[Any]]

_CONTEXT: Final = "context"
_NOTHING: Final[tuple[Any, ...]] = ()

_ROOTS: Final[dict[str, Callable[[Event], Any]]] = {
    "type": lambda event: event.call,
    "event": lambda event: trimmed(event.fields.event) or event.fields.event,
    "name": lambda event: trimmed(event.fields.name) or event.fields.name,
    "category": lambda event: event.fields.category,
    "userId": lambda event: event.user_id,
    "anonymousId": lambda event: event.anonymous_id,
    "messageId": lambda event: event.message_id,
    "groupId": lambda event: identifier_text(event.fields.group_id),
    "previousId": lambda event: identifier_text(event.fields.previous_id),
    "timestamp": lambda event: event.fields.timestamp,
    "originalTimestamp": lambda event: event.fields.original_timestamp,
    "sentAt": lambda event: event.fields.sent_at,
    "receivedAt": lambda event: event.fields.received_at,
}


class ExtrasReader:
    """Reads the fields that the mapping doesn't decode: of ``context``, and of the event itself.

    All fields are asked for with ``getter``, then ``prepare`` makes the decoder for these, then ``read`` reads events.
    """

    def __init__(self) -> None:
        self._attributes: dict[tuple[str, str], str] = {}
        self._decode: Callable[[bytes], Any] | None = None
        self._no_context: Any = None
        self._last_defaults: tuple[bytes, Extras] = (b"", None)

    def getter(self, *fields: Sequence[str]) -> Callable[[Extras], Any]:
        """Ask for fields.

        Args:
            *fields: Each a field of the event, or ``context`` and a field of it.

        Returns:
            What finds them among the extras, each None where it is missing or null: the value of one field, or a tuple
            of several.
        """
        return attrgetter(*[self._attribute(*field) for field in fields])

    def _attribute(self, root: str, name: str = "") -> str:
        attribute = self._attributes.setdefault((root, name), f"f{len(self._attributes)}")
        return f"{_CONTEXT}.{attribute}" if name else attribute

    def prepare(self) -> None:
        """Make the decoder."""
        if not self._attributes:
            return
        own: list[tuple[str, Any, Any]] = []
        inner: list[tuple[str, Any, Any]] = []
        for (_, name), attribute in self._attributes.items():
            (inner if name else own).append((attribute, Any, None))
        rename = {attribute: name or root for (root, name), attribute in self._attributes.items()}
        options: dict[str, Any] = {"frozen": True, "gc": False, "rename": rename}
        context = msgspec.defstruct("ContextExtras", inner, **options)
        no_context = context()
        # An empty list is PHP's empty object.
        own.append((_CONTEXT, context | list[Any] | None, no_context))
        self._decode = msgspec.json.Decoder(msgspec.defstruct("Extras", own, **options)).decode
        self._no_context = no_context

    def read(self, origin: Origin) -> Extras:
        """Read the fields of an event, with those of its envelope's ``context`` where its own has none.

        Raises:
            InvalidEvent: ``invalid_json``: one of the fields has what no JSON text may have, such as half a surrogate
                pair.
        """
        decode = self._decode
        if decode is None:
            return None
        text = origin.text
        try:
            extras = decode(text)
            if type(extras.context) is not type(self._no_context):
                extras = msgspec.structs.replace(extras, context=self._no_context)
            return extras if not origin.defaults else self._over_defaults(extras, origin.defaults, decode)
        except msgspec.DecodeError as error:
            if text.startswith(codecs.BOM_UTF8):
                return self.read(msgspec.structs.replace(origin, text=text.removeprefix(codecs.BOM_UTF8)))
            raise InvalidEvent("invalid_json", f"A field that the rules ask for is not JSON: {error}.") from None

    def _over_defaults(self, extras: Extras, defaults: bytes, decode: Callable[[bytes], Any]) -> Extras:
        # The members of an envelope share one object and come one after the other.
        last, shared = self._last_defaults
        if last is not defaults and last != defaults:
            shared = decode(b"{" + defaults + b"}").context
            self._last_defaults = (defaults, shared)
        if type(shared) is not type(self._no_context):
            return extras
        own = msgspec.structs.asdict(extras.context)
        changes = {name: value for name, value in msgspec.structs.asdict(shared).items() if own[name] is None}
        return msgspec.structs.replace(extras, context=msgspec.structs.replace(extras.context, **changes))


def look_for(names: Sequence[str], reader: ExtrasReader) -> Look:
    """Return a function that finds the values at a path of an event as it came.

    Args:
        names: The names on the way. ``traits.x`` stands for ``context.traits.x`` too.
        reader: What is asked for the fields that the mapping doesn't decode.
    """
    root, *rest = names
    if root == "properties":
        [first, *inner] = rest
        if not inner:
            return lambda event, _: (event.properties[first],) if first in event.properties else _NOTHING
        return lambda event, _: values_at(event.properties, rest)
    if root == "traits":
        return lambda event, _: _of_traits(event, rest)
    if root == _CONTEXT:
        first, *inner = rest
        if first == "traits":
            return lambda event, _: values_at(event.context.traits, inner)
        return _look_for_extra(reader.getter((_CONTEXT, first)), inner)
    if root in _ROOTS:
        get = _ROOTS[root]
        return lambda event, _: (get(event),)
    return _look_for_extra(reader.getter((root,)), rest)


def _look_for_extra(get: Callable[[Extras], Any], rest: Sequence[str]) -> Look:
    if not rest:
        return lambda _, extras: (get(extras),)
    return lambda _, extras: values_at(get(extras), rest)


def _of_traits(event: Event, names: Sequence[str]) -> Iterator[Any]:
    yield from values_at(event.traits, names)
    context_traits = event.context.traits
    if context_traits is not None and context_traits is not event.traits:
        yield from values_at(context_traits, names)
