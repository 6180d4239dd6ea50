r"""Globs: ``*`` stands for any characters, also none. ``\*`` is an asterisk, ``\.`` a dot, and ``\\`` a backslash.

Nothing else is special: event names have question marks and brackets in them. Matching takes time in proportion to the
text, whatever the glob: names come from outside.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from customerio_beam.mapping.event import CALLS

__all__ = ["EventGlob", "Glob", "literal_text", "parse_event_glob", "parse_glob"]

#: The calls that have names.
_NAMED_CALLS: Final = ("track", "page", "screen")

_TOKEN: Final = re.compile(r"\\(.)|(\*+)|([^\\*]+)|(\\)", re.DOTALL)


class Glob:
    """A parsed glob.

    Attributes:
        text: As it was written.
        parts: The literal texts between the asterisks; one part where there is none.
    """

    __slots__ = ("parts", "text")

    def __init__(self, text: str, parts: tuple[str, ...]) -> None:
        self.text = text
        self.parts = parts

    @property
    def literal(self) -> str | None:
        """The one text that it matches; None where it has an asterisk."""
        return self.parts[0] if len(self.parts) == 1 else None

    def matches(self, text: str) -> bool:
        """Tell whether it matches the whole of a text."""
        first, *middle = self.parts
        if not middle:
            return text == first
        last = middle.pop()
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    def covers(self, other: Glob) -> bool:
        """Tell whether it surely matches all that another glob matches."""
        # An asterisk of the other can be anything: only an asterisk of this one can match it.
        return self.matches("\ue000".join(other.parts))


class _Except(Glob):
    """A glob that never matches some texts."""

    __slots__ = ("_never",)

    def __init__(self, text: str, parts: tuple[str, ...], never: Callable[[str], bool]) -> None:
        super().__init__(text, parts)
        self._never = never

    def matches(self, text: str) -> bool:
        return super().matches(text) and not self._never(text)


def parse_glob(text: str, never: Callable[[str], bool] | None = None) -> Glob:
    """Parse a glob; a backslash before any other character than the three stands for itself.

    Args:
        text: The glob.
        never: Tells which texts an asterisk never matches; None for none.
    """
    parts = [""]
    for escaped, stars, plain, lone in _TOKEN.findall(text):
        if stars:
            parts.append("")
        elif escaped:
            parts[-1] += escaped if escaped in "*.\\" else "\\" + escaped
        else:
            parts[-1] += plain or lone
    if never is not None and len(parts) > 1:
        return _Except(text, tuple(parts), never)
    return Glob(text, tuple(parts))


def literal_text(text: str) -> str | None:
    """Return the text that a glob without an asterisk stands for; None where it has one."""
    return parse_glob(text).literal


class EventGlob:
    """A glob on events: on their names, their calls, or both.

    Attributes:
        text: As it was written.
        calls: The calls that it is for.
        name: The glob on the name; None where every event of the calls matches.
    """

    __slots__ = ("calls", "name", "text")

    def __init__(self, text: str, calls: tuple[str, ...], name: Glob | None) -> None:
        self.text = text
        self.calls = calls
        self.name = name

    def matches(self, call: str, name: str | None) -> bool:
        """Tell whether an event matches by its call and its name (None where it has none)."""
        if call not in self.calls:
            return False
        return self.name is None or (name is not None and self.name.matches(name))

    def covers(self, other: EventGlob) -> bool:
        """Tell whether it surely matches all events that another one matches."""
        if not set(self.calls) >= set(other.calls):
            return False
        return self.name is None or (other.name is not None and self.name.covers(other.name))

    @property
    def literal(self) -> str | None:
        """The one name that it matches; None where it matches several."""
        return None if self.name is None else self.name.literal


def parse_event_glob(text: str) -> EventGlob:
    """Parse a pattern of events: ``NAME``, ``CALL:NAME``, or ``CALL`` alone.

    A colon is part of a name unless a call is before it.

    Raises:
        ValueError: It can match no event. The message says why.
    """
    if not text.strip():
        raise ValueError("An event pattern can't be empty.")
    if text in CALLS:
        return EventGlob(text, (text,), None)
    prefix, colon, rest = text.partition(":")
    if colon and prefix in CALLS:
        calls: tuple[str, ...] = (prefix,)
    else:
        calls, rest = _NAMED_CALLS, text
    if len(calls) == 1 and calls[0] not in _NAMED_CALLS and rest != "*":
        raise ValueError(f"{prefix} calls have no name: write {prefix} alone.")
    if rest == "*" and len(calls) == 1:
        return EventGlob(text, calls, None)
    glob = parse_glob(rest)
    if not rest.strip() or glob.parts[0][:1].isspace() or glob.parts[-1][-1:].isspace():
        raise ValueError(f"{text!r} matches nothing: names have no white space at their ends.")
    return EventGlob(text, calls, glob)
