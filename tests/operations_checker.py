"""Checks of operations that share nothing with the mapping.

``limit_faults`` knows the limits. ``specification_faults`` checks against Customer.io's published specification, with
a tool that lies beside this repository (``../shared/tools/check_operations.py``); without it those tests are skipped.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

__all__ = ["limit_faults", "needs_specification", "specification_faults"]

SHARED = Path(__file__).parents[2] / "shared"
_TOOL = SHARED / "tools" / "check_operations.py"
_EVENTS = ("event", "page", "screen")

needs_specification = pytest.mark.skipif(
    not _TOOL.exists(),
    reason="the specification's checker, ../shared/tools/check_operations.py, is not beside this repository",
)


def _size(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8"))


def limit_faults(operation: bytes, max_attributes: int = 30, *, oversize_allowed: bool = False) -> Iterator[str]:
    """Yield what is over a limit in an operation.

    Args:
        operation: As JSON.
        max_attributes: The most attributes of an identify.
        oversize_allowed: Whether attributes may be over their own limits.
    """
    parsed = json.loads(operation, parse_constant=_no_json)
    action, attributes = parsed["action"], parsed.get("attributes", {})
    if len(operation) > 32_000 and not (action in _EVENTS and _size(attributes) <= 100_000):
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
            if not oversize_allowed and (_size(name) > 150 or _size(value) > 1000):
                yield f"attribute {name[:20]!r} of {_size(name)} and {_size(value)} bytes"


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def specification_faults(operation: dict[str, Any], max_attributes: int = 30) -> list[str]:
    """Return the operation's faults against the published specification; one for v1's call may be large."""
    check, schemas = _specification()
    for_v1 = operation["action"] in _EVENTS and _size(operation["attributes"]) <= 100_000
    return [
        fault
        for fault in check(operation, schemas, max_attributes)
        if not (for_v1 and fault.startswith("operation of "))
    ]


@cache
def _specification() -> tuple[Callable[[dict[str, Any], Any, int], Iterator[str]], Any]:
    tool = _load(_TOOL)
    return tool.faults, tool.validators()


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
