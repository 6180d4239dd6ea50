"""The fields of an envelope that its members fall back on."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from customerio_beam.mapping import json_text
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Context, Defaults
from customerio_beam.mapping.fields import NO_FIELDS, object_value

__all__ = ["MAX_LEVELS", "context_of", "integrations_of", "read_defaults"]

#: Levels of nesting that an event, or an envelope's defaults, may have. Runners pickle elements, if only to estimate
#: their sizes; that takes two calls a level, and Python's default limit is 1,000 calls, those of the runner included.
MAX_LEVELS: Final = 400

_NO_CONTEXT: Final = Context()

_decode: Final = msgspec.json.Decoder(Defaults).decode


def read_defaults(text: bytes) -> Defaults | None:
    """Read an envelope's fields, once for all its members.

    Args:
        text: The inside of a JSON object, as ``Origin.defaults`` has it.

    Returns:
        The fields; None where the text is empty.

    Raises:
        InvalidEvent: ``invalid_field``: ``context`` or ``integrations`` is no object. ``invalid_json``: the text is not
            JSON, or nests deeper than 400 levels.
    """
    if not text:
        return None
    document = b"{" + text + b"}"
    defaults = _decoded(document)
    if defaults is None or _is_filled_list(defaults.context) or _is_filled_list(defaults.integrations):
        raise _fault(document)
    if json_text.nests_deeper(document, MAX_LEVELS):
        raise InvalidEvent("invalid_json", f"The envelope nests deeper than {MAX_LEVELS} levels.")
    return defaults


def _decoded(document: bytes) -> Defaults | None:
    """Decode the fields; None where one is of a wrong type, or the text is not JSON."""
    try:
        defaults: Defaults = _decode(document)
        if not document.isascii():
            document.decode("utf-8")  # the decoder checks only the fields that it reads
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return defaults


def _is_filled_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _fault(document: bytes) -> InvalidEvent:
    """Say what is wrong with defaults that can't be decoded."""
    try:
        fields = json_text.loads(document)
        for name in ("context", "integrations"):
            object_value(fields.get(name), name)
    except json_text.InvalidJson as no_json:
        return InvalidEvent("invalid_json", f"The envelope is not JSON: {no_json}.")
    except InvalidEvent as error:
        return InvalidEvent(error.reason, f"In the envelope: {error.detail}")
    return InvalidEvent("invalid_field", "In the envelope: a field is of a wrong type.")


def context_of(own: Any, defaults: Defaults | None) -> Context:
    """Return an event's ``context`` over its envelope's, field by field.

    Args:
        own: The event's own, as it came.
        defaults: The envelope's fields, or None.

    Raises:
        InvalidEvent: ``invalid_field``: it is a list that is not empty.
    """
    context = _context(own)
    shared = _NO_CONTEXT if defaults is None else _context(defaults.context)
    if shared is _NO_CONTEXT or context is _NO_CONTEXT:
        return shared if context is _NO_CONTEXT else context
    return Context(
        traits=shared.traits if context.traits is None else context.traits,
        page=shared.page if context.page is None else context.page,
        device=shared.device if context.device is None else context.device,
        os=shared.os if context.os is None else context.os,
        app=shared.app if context.app is None else context.app,
        locale=shared.locale if context.locale is None else context.locale,
        group_id=shared.group_id if context.group_id is None else context.group_id,
    )


def _context(value: Any) -> Context:
    if isinstance(value, Context):
        return value
    object_value(value, "context")
    return _NO_CONTEXT


def integrations_of(own: Any, defaults: Defaults | None) -> dict[str, Any]:
    """Return an event's ``integrations`` over its envelope's, entry by entry.

    Raises:
        InvalidEvent: ``invalid_field``: they are a list that is not empty.
    """
    integrations = object_value(own, "integrations")
    shared = NO_FIELDS if defaults is None else object_value(defaults.integrations, "integrations")
    return {**shared, **integrations} if shared else integrations
