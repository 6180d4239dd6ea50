"""Finds the reasons of dead letters that the code gives."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[2]

#: What a reason is given to, and at which position.
_REASON_AT = {"InvalidEvent": 0, "InvalidOperation": 0, "Rejected": 0, "UnsentPart": 0, "Failure": 2}


def reasons_in(package: str) -> Iterator[str]:
    """Yield the reasons that a package's code gives as literals."""
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _reasons_of(node)


def _reasons_of(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in ("counted_dead_letter", "dead_letter_output"):
        given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    elif name in _REASON_AT:
        given = call.args[_REASON_AT[name] :][:1]
    else:
        return
    yield from (value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str))
