"""Opting out: an event's ``integrations`` says which destinations it is for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

__all__ = ["opted_out"]

_NAME: Final = "customerio"
#: Longer names stay out of the cache: they come from outside, and the cache must stay small.
_MAX_CACHED_LENGTH: Final = 64


def _normalised(name: str) -> str:
    """A destination's name without case, punctuation, spaces, and the word *Actions*."""
    letters = "".join(filter(str.isalnum, name.lower()))
    return letters.replace("actions", "")


_normalised_short: Final = lru_cache(maxsize=1024)(_normalised)


def opted_out(integrations: dict[str, Any]) -> bool:
    """Tell whether these integrations opt Customer.io out.

    ``{"Customer.io": false}`` does, and ``{"All": false}`` does unless Customer.io itself has a true entry. The name
    matches as *Customer.io*, *customerio*, *Customer.io (Actions)* and the like; where several names match, one false
    entry is enough. *Customer.io Data Pipelines* is another destination.
    """
    all_off = False
    chosen = False
    for name, value in integrations.items():
        normalised = _normalised_short(name) if len(name) <= _MAX_CACHED_LENGTH else _normalised(name)
        if normalised == _NAME:
            if value is False:
                return True
            chosen = chosen or bool(value)
        elif normalised == "all" and value is False:
            all_off = True
    return all_off and not chosen
