"""Opting out: an event's ``integrations`` says which destinations it is for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

__all__ = ["opted_out"]


@lru_cache(maxsize=1024)
def _normalised(name: str) -> str:
    """A destination's name without case, punctuation, spaces, and the word *Actions*."""
    letters = "".join(filter(str.isalnum, name.lower()))
    return letters.replace("actions", "")


def opted_out(integrations: dict[str, Any]) -> bool:
    """Whether these integrations opt Customer.io out.

    ``{"Customer.io": false}`` does, and ``{"All": false}`` does unless Customer.io itself has a true entry. The name
    matches as *Customer.io*, *customerio*, *Customer.io (Actions)* and the like; where several do, in whatever
    order, one false entry is enough.
    """
    all_off = False
    chosen = False
    for name, value in integrations.items():
        normalised = _normalised(name)
        if normalised == "customerio":
            if value is False:
                return True
            chosen = chosen or bool(value)
        elif normalised == "all" and value is False:
            all_off = True
    return all_off and not chosen
