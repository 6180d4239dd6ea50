"""Paths: how a rules file names the fields of an event.

A path is the field's name, and the names inside it after dots: ``userId``, ``properties.address.city``. A ``*`` in a
name is a glob within that one name. It never matches a trait that opts a person out, nor ``context.traits``, whose
fields ``traits.*`` stands for. A list on the way stands for each of its members.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from customerio_beam.rules.globs import Glob, parse_glob
from customerio_beam.rules.problems import nearest

__all__ = ["Path", "is_preference", "is_protected", "parse_path"]

#: The fields of an event that are objects.
_OBJECTS: Final = ("traits", "properties", "context", "integrations")
#: The other common fields of the Segment spec, and those that collectors add.
_SCALARS: Final = (
    *("type", "event", "name", "category", "userId", "anonymousId", "groupId", "previousId", "messageId"),
    *("timestamp", "originalTimestamp", "sentAt", "receivedAt", "channel", "version", "projectId", "writeKey"),
    *("rudderId", "request_ip", "source_id", "workspace_id"),
)
#: Objects that collectors add to an event.
_OTHER_OBJECTS: Final = ("_metadata", "metadata")

#: The traits that opt a person out. No rule changes them: an opt-out must arrive as it was given. ``_update`` keeps an
#: opt-out from making a person.
_PROTECTED_TRAITS: Final = ("unsubscribed", "cio_subscription_preferences", "_update")
_PREFERENCES: Final = "cio_subscription_preferences"

_DOT: Final = re.compile(r"(?<!\\)(?:\\\\)*\.")


class Path:
    """A parsed path.

    Attributes:
        text: As it was written.
        steps: A glob for each name on the way.
    """

    __slots__ = ("steps", "text")

    def __init__(self, text: str, steps: tuple[Glob, ...]) -> None:
        self.text = text
        self.steps = steps

    @property
    def root(self) -> str:
        """The event's field that it begins with."""
        return self.steps[0].parts[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The names on the way, as they are in the event: those of an exact path."""
        return tuple(step.parts[0] for step in self.steps)

    def covers(self, other: Path) -> bool:
        """Tell whether the place of another path is surely at, or inside, a place of this one."""
        return len(self.steps) <= len(other.steps) and all(
            mine.covers(theirs) for mine, theirs in zip(self.steps, other.steps, strict=False)
        )

    def is_inside(self, other: Path) -> bool:
        """Tell whether it may name a place inside a place of another path."""
        return len(self.steps) > len(other.steps) and all(
            mine.covers(theirs) for mine, theirs in zip(self.steps, other.steps, strict=False)
        )

    def moved(self, source: Path, target: Path) -> Path:
        """Return the path of the same place after ``source``, which covers it, has become ``target``."""
        rest = self.steps[len(source.steps) :]
        return Path(target.text, (*target.steps, *rest))


def is_preference(trait: str) -> bool:
    """Tell whether a trait has subscription preferences: all, or one (``cio_subscription_preferences.topics.x``)."""
    return trait.startswith(_PREFERENCES) and trait[len(_PREFERENCES) :][:1] in ("", ".")


def is_protected(trait: str) -> bool:
    """Tell whether a trait is one that no rule changes."""
    return trait in _PROTECTED_TRAITS or is_preference(trait)


def parse_path(text: str, *, globs: bool = False) -> Path:
    """Parse a path.

    Args:
        text: The path.
        globs: Whether its names may have asterisks.

    Raises:
        ValueError: It is no path, or no event could have it. The message says why.
    """
    if text != text.strip():
        raise ValueError("A path has no white space at its ends.")
    if text.startswith("$"):
        raise ValueError("Write the path without $, as traits.email.")
    if re.search(r"\[[0-9*]*\]", text):
        raise ValueError("A path has no index: a list on the way stands for each of its members.")
    names = _split(text)
    if not all(names):
        raise ValueError("A path is names with single dots between them, as traits.email.")
    if "**" in text:
        raise ValueError("A * stands for one name or a part of one; there is no **.")
    steps = tuple(parse_glob(name, _never(names[:index])) for index, name in enumerate(names))
    if not globs and any(step.literal is None for step in steps):
        raise ValueError("A * is not possible here: name one field.")
    root = steps[0].literal
    known = (*_SCALARS, *_OBJECTS, *_OTHER_OBJECTS)
    if root not in known:
        raise ValueError(f"No event has a field {names[0]}.{nearest(names[0], known)}")
    if root in _SCALARS and len(steps) > 1:
        raise ValueError(f"{root} has no fields.")
    if (root in _OBJECTS and len(steps) == 1) or names == ["context", "traits"]:
        raise ValueError(
            f"Name a field of {text}, as {text}.email" + (f", or write {text}.* for all." if globs else ".")
        )
    return Path(text, steps)


def _never(before: list[str]) -> Callable[[str], bool] | None:
    """Tell what an asterisk never matches in a name, by the names before it: what only its own name may touch."""
    if before in (["traits"], ["context", "traits"]):
        return is_protected
    return _is_traits if before == ["context"] else None


def _is_traits(name: str) -> bool:
    return name == "traits"


def _split(text: str) -> list[str]:
    names, start = [], 0
    for dot in _DOT.finditer(text):
        names.append(text[start : dot.end() - 1])
        start = dot.end()
    return [*names, text[start:]]
