"""JSON values with changes at some places. No value is changed in place: what stays the same is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from customerio_beam.rules.globs import Glob

__all__ = ["MISSING", "Change", "Steps", "changed", "kept", "placed", "renamed", "taken", "values_at"]

#: The names on the way to a place.
Steps = tuple[Glob, ...]
#: Returns what a value becomes: ``MISSING`` to take it away.
Change = Callable[[Any], Any]

#: Stands for no value at all.
MISSING: Final = object()


def changed(node: Any, steps: Steps, change: Change) -> Any:
    """Return a value with a change made at each place that the steps lead to.

    Args:
        node: A JSON value; objects may be msgspec structs, whose fields are null where they are missing.
        steps: At least one. Lists on the way stand for each of their members.
        change: What becomes of the values there.
    """
    if isinstance(node, dict):
        return _changed_object(node, steps, change)
    if isinstance(node, list):
        members = [changed(member, steps, change) for member in node]
        return members if any(new is not old for new, old in zip(members, node, strict=True)) else node
    if isinstance(node, msgspec.Struct):
        return _changed_struct(node, steps, change)
    return node


def _changed_object(node: dict[str, Any], steps: Steps, change: Change) -> dict[str, Any]:
    step, rest = steps[0], steps[1:]
    literal = step.literal
    if literal is not None:
        names = [literal] if literal in node else []
    else:
        names = [name for name in node if step.matches(name)]
    result = node
    for name in names:
        old = node[name]
        new = changed(old, rest, change) if rest else change(old)
        if new is old:
            continue
        if result is node:
            result = dict(node)
        if new is MISSING:
            del result[name]
        else:
            result[name] = new
    return result


def _changed_struct(node: msgspec.Struct, steps: Steps, change: Change) -> msgspec.Struct:
    step, rest = steps[0], steps[1:]
    names = zip(node.__struct_fields__, node.__struct_encode_fields__, strict=True)
    changes = {}
    for field, name in names:
        old = getattr(node, field)
        if old is None or not step.matches(name):
            continue
        new = changed(old, rest, change) if rest else change(old)
        if new is not old:
            changes[field] = None if new is MISSING else new
    return msgspec.structs.replace(node, **changes) if changes else node


def kept(node: Any, places: Sequence[Steps], always: Callable[[str], bool] | None = None) -> Any:
    """Return a value with nothing but what is at some places.

    Args:
        node: A JSON value.
        places: The steps that lead to what stays. Lists on the way stand for each of their members.
        always: Names of the outermost object that stay too; None for none.

    Returns:
        The value; ``MISSING`` where it is no object or list, since nothing can be inside it.
    """
    if isinstance(node, list):
        members = [kept(member, places) for member in node]
        return [member for member in members if member is not MISSING]
    if not isinstance(node, dict):
        return MISSING
    result = {}
    for name, value in node.items():
        inner = [steps[1:] for steps in places if steps[0].matches(name)]
        if (always is not None and always(name)) or () in inner:
            result[name] = value
        elif inner:
            part = kept(value, inner)
            if part is not MISSING:
                result[name] = part
    return result


def values_at(node: Any, names: Sequence[str]) -> Iterator[Any]:
    """Yield the values at a place: several where lists are on the way, none where it is missing."""
    if not names:
        yield node
    elif isinstance(node, dict):
        if names[0] in node:
            yield from values_at(node[names[0]], names[1:])
    elif isinstance(node, list):
        for member in node:
            yield from values_at(member, names)


def taken(node: Any, names: Sequence[str]) -> tuple[Any, Any]:
    """Take the value at a place away; lists on the way are not entered.

    Returns:
        The node without it, and the value; the node itself and ``MISSING`` where there is none.
    """
    name, *rest = names
    if not isinstance(node, dict) or name not in node:
        return node, MISSING
    if not rest:
        return {key: value for key, value in node.items() if key != name}, node[name]
    inner, value = taken(node[name], rest)
    return (node, MISSING) if value is MISSING else ({**node, name: inner}, value)


def placed(node: dict[str, Any], names: Sequence[str], value: Any) -> dict[str, Any]:
    """Return an object with a value at a place, and with the objects that lead there.

    The object itself is returned where something on the way is no object: a rule does not overwrite it.
    """
    name, *rest = names
    if not rest:
        return {**node, name: value}
    inner = node.get(name)
    if inner is None:
        inner = {}
    if not isinstance(inner, dict):
        return node
    new = placed(inner, rest, value)
    return node if new is inner else {**node, name: new}


def renamed(old: str, new: str) -> Change:
    """Return the change that gives a field of objects another name, in its place among the others."""

    def change(node: Any) -> Any:
        if isinstance(node, list):
            return [change(member) for member in node]
        if not isinstance(node, dict) or old not in node:
            return node
        return {(new if name == old else name): value for name, value in node.items() if name != new}

    return change
