"""Patterns of file names: what they match, and what they leave out."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ANY_DEPTH", "HIDDEN", "compile_pattern", "has_wildcards"]

#: Matches any number of folders.
ANY_DEPTH: Final = "**"

#: Names that begin so are left out, unless the pattern says so itself: systems keep unfinished and inner files in them.
HIDDEN: Final = (".", "_")
# At the beginning of a name: the wildcard must not match what begins a hidden one, nor nothing at all.
_VISIBLE: Final = rf"(?![{''.join(HIDDEN)}/]|\Z)"

_ELEMENT: Final = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)


def has_wildcards(text: str) -> bool:
    """Whether a text is a pattern at all."""
    return any(wildcard in text for wildcard in "*?[")


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of paths.

    Args:
        pattern: ``*`` and ``?`` match within a name, ``[...]`` one of some characters (``[!...]`` any other), and
            ``**`` matches across folders; ``**/`` also none.

    Returns:
        A regular expression for ``fullmatch``.
    """
    parts: list[str] = []
    begins_name = True
    for element in _ELEMENT.findall(pattern):
        visible = _VISIBLE if begins_name else ""
        if element == "**/" and begins_name:
            parts.append(f"(?:{_VISIBLE}[^/]+/)*")
        elif element.startswith("**"):
            parts.append(f"{visible}(?:[^/]|/{_VISIBLE})*" + ("/" if element.endswith("/") else ""))
        elif element == "*":
            parts.append(f"{visible}[^/]*")
        elif element == "?":
            parts.append(f"{visible}[^/]")
        elif len(element) > 2:
            parts.append((visible if element[1] == "!" else "") + _characters(element))
        else:
            parts.append(re.escape(element))
        begins_name = element.endswith("/")
    return re.compile("".join(parts), re.DOTALL)


def _characters(element: str) -> str:
    """Translate ``[...]``."""
    negated = element[1] == "!"
    inside = element[2 if negated else 1 : -1]
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside)
    characters = f"(?!/)[{'^' if negated else ''}{escaped}]"
    try:
        re.compile(characters)
    except re.error:  # a range that ends before it begins
        return re.escape(element)
    return characters
