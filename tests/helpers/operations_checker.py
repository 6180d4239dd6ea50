"""Checks of operations against Customer.io's limits, which share nothing with the mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["limit_faults"]

_EVENTS = ("event", "page", "screen")
_PREFERENCES = "cio_subscription_preferences"


def _size(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8"))


def limit_faults(operation: bytes, max_attributes: int = 30, *, oversize_allowed: bool = False) -> Iterator[str]:
    """Yield every excess over a limit in an operation.

    Args:
        operation: As JSON.
        max_attributes: The most attributes of an identify.
        oversize_allowed: Whether attributes may be over their own limits.
    """
    parsed = json.loads(operation, parse_constant=_no_json)
    action, attributes = parsed["action"], parsed.get("attributes", {})
    for_v1 = parsed["type"] == "person" and action in _EVENTS and "phone" not in parsed["identifiers"]
    if len(operation) > 32_000 and not (for_v1 and _size(attributes) <= 100_000):
        yield f"an operation of {len(operation)} bytes"
    if action in _EVENTS and parsed["type"] == "person" and _size(parsed["name"]) > 100:
        yield f"a name of {_size(parsed['name'])} bytes"
    for holder in ("identifiers", "primary", "secondary"):
        for name, value in parsed.get(holder, {}).items():
            if not 1 <= _size(value) <= 150:
                yield f"{name} of {_size(value)} bytes"
    if action in ("identify", "identify_anonymous"):
        counted = len(attributes) - ("_update" in attributes and max_attributes == 1)
        if counted > max_attributes:
            yield f"{counted} attributes"
        related = [entry.get("relationship_attributes", {}) for entry in parsed.get("cio_relationships", [])]
        for name, value in [item for one in (attributes, *related) for item in one.items()]:
            fits = _size(name) <= 150 and (_size(value) <= 1000 or name == _PREFERENCES)
            if not oversize_allowed and not fits:
                yield f"attribute {name[:20]!r} of {_size(name)} and {_size(value)} bytes"


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
