"""Events and operations with their values masked, so that a colleague may read a report about them."""

from __future__ import annotations

import re
from typing import Any, Final

from customerio_beam.mapping import json_text
from customerio_beam.mapping.event import CALLS
from customerio_beam.profile.attributes import json_type

__all__ = ["MAX_SHOWN_CHARS", "masked_name", "masked_sentence", "shown"]

#: An example is cut here: a person reads no more, and a report stays small.
MAX_SHOWN_CHARS: Final = 2_000
#: Members of an object or list, and levels, that are shown.
_MAX_MEMBERS: Final = 50
_MAX_DEPTH: Final = 8
#: What these hold at the top is no value of a person, and a report names it elsewhere too.
_KEPT: Final = ("event", "action", "name")

# Values in our own sentences are in quotes: everything from the first quote to the last goes, as a value may hold some.
# Numbers differ from record to record.
_VALUES: Final = re.compile(r"(?<!\w)['\"].*['\"](?!\w)", re.DOTALL)
_QUERY: Final = re.compile(r"[?#].*", re.DOTALL)
_NUMBERS: Final = re.compile(r"\d[\d,.]*(?<![,.])")


def masked_name(name: str) -> str:
    """Return the name of an event or page without the query and fragment of a URL, which may hold anything."""
    if "://" not in name:
        return name
    return _QUERY.sub("?…", name, count=1)


def masked_sentence(detail: str) -> str:
    """Return a dead letter's detail without the values that it quotes."""
    return _NUMBERS.sub("N", _VALUES.sub("'…'", detail))


def shown(text: bytes, *, shows_values: bool) -> str:
    """Return JSON text as a report shows it.

    Args:
        text: An event or an operation.
        shows_values: Whether it shows values too; else it shows their types and lengths. Names of fields and events
            are always shown.

    Returns:
        JSON of at most 2,000 characters. A text that is no JSON is shown only with its values; else its length is.
    """
    if shows_values:
        return _cut(text.decode("utf-8", "backslashreplace"))
    try:
        value = json_text.loads(text)
    except json_text.InvalidJson:
        return f"(no JSON: {len(text):,} bytes)"
    masked = _masked(value, _MAX_DEPTH)
    if isinstance(value, dict) and isinstance(masked, dict):
        masked |= {name: masked_name(value[name]) for name in _KEPT if isinstance(value.get(name), str)}
        kind = value.get("type")
        if isinstance(kind, str) and kind.lower() in CALLS | {"person", "object", "delivery"}:
            masked["type"] = kind
    return _cut(json_text.dumps(masked).decode())


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_CHARS else text[: MAX_SHOWN_CHARS - 1] + "…"


def _masked(value: Any, depth: int) -> Any:
    if isinstance(value, dict) and depth:
        return {name: _masked(member, depth - 1) for name, member in list(value.items())[:_MAX_MEMBERS]}
    if isinstance(value, list) and depth:
        return [_masked(member, depth - 1) for member in value[:_MAX_MEMBERS]]
    if isinstance(value, str):
        return f"(text, {len(value):,})"
    return None if value is None else f"({json_type(value)})"
