"""A rules file, read and checked whole: the rules, or everything that is wrong with them."""

from __future__ import annotations

import copy
import re
import types
import typing
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any, Final

import msgspec

from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.rules.check import check_rules
from customerio_beam.rules.document import Document, Keys, read_document
from customerio_beam.rules.model import LoadedRules, PeopleRules, RulesFile, When
from customerio_beam.rules.problems import Problem, RulesError, nearest

__all__ = ["load_rules"]

#: How many problems are reported at once.
_MAX_PROBLEMS: Final = 20

_MESSAGE: Final = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_STEP: Final = re.compile(r"\[(\d+|\.\.\.)\]|([^.\[]+)")
_ANY: Final = "..."
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_REQUIRED: Final = re.compile(r"Object missing required field `(.*)`")
_EXPECTED: Final = re.compile(r"Expected `([^`]*)`(.*)")
#: Right values of the keys that must be there.
_FILLERS: Final[dict[Any, Any]] = {
    (RulesFile, "version"): 1,
    (When, "match"): {"type": "track"},
    (PeopleRules, "block"): "-",
}
_KINDS: Final = {
    "array": "a list, as [A, B]",
    "object": "keys with values",
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
}


def load_rules(file: str, data: bytes, settings: MappingSettings | None = None) -> LoadedRules:
    """Read a rules file and check all of it.

    Args:
        file: Its path, for the messages.
        data: Its bytes: YAML.
        settings: The job's choices about the mapping: which fields identify a person.

    Raises:
        RulesError: It can't be right; the error lists all problems with their places.
    """
    document = read_document(file, data)
    rules, problems = _converted(document)
    findings = check_rules(rules, settings or MappingSettings())
    # What has been taken out can't be checked, nor what it was in.
    errors = [(keys, sentence) for keys, sentence in findings.errors if not any(_meet(keys, gone) for gone in problems)]
    if problems or errors:
        raise RulesError(file, [*problems.values(), *_located(document, errors)])
    return LoadedRules(file, sha256(data).hexdigest(), rules, tuple(sorted(_located(document, findings.warnings))))


def _meet(keys: Keys, others: Keys) -> bool:
    shorter = min(len(keys), len(others))
    return keys[:shorter] == others[:shorter]


def _located(document: Document, found: Sequence[tuple[Keys, str]]) -> list[Problem]:
    return [document.problem(keys, sentence) for keys, sentence in found]


def _converted(document: Document) -> tuple[RulesFile, dict[Keys, Problem]]:
    """Give the values their types.

    Returns:
        The rules, without what has a wrong type, and the problems with that: each was found after the one before was
        taken out.

    Raises:
        RulesError: There are too many problems.
    """
    values = copy.deepcopy(document.values)
    problems: dict[Keys, Problem] = {}
    while len(problems) < _MAX_PROBLEMS:
        try:
            return msgspec.convert(values, RulesFile), problems
        except msgspec.ValidationError as error:
            keys, problem = _problem(document, values, str(error))
            problems[keys] = problem
    raise RulesError(document.file, list(problems.values()))


def _problem(document: Document, values: dict[str, Any], message: str) -> tuple[Keys, Problem]:
    """Say where and what the cause of a message is, and take it out of the values."""
    found = _MESSAGE.fullmatch(message)
    what, path = (found["what"], found["path"] or "") if found is not None else (message, "")
    keys = _resolved(values, path, message)
    unknown, required = _UNKNOWN.fullmatch(what), _REQUIRED.fullmatch(what)
    if unknown is not None:
        name = unknown[1]
        known = _known_keys(keys)
        keys = (*keys, name)
        _take_out(values, keys)
        hint = nearest(name, known) or f" The keys here are {', '.join(known)}."
        return keys, document.problem(keys, f"There is no key {name} here.{hint}")
    if required is not None:
        _take_out(values, (*keys, required[1]))
        return (*keys, required[1]), document.problem(keys, f"The key {required[1]} is missing.{_needed(required[1])}")
    value = _at(values, keys)
    _take_out(values, keys)
    return keys, document.problem_inside(keys, f"The value must be {_wanted(what, keys)}, not {_shown(value)}.")


def _resolved(values: dict[str, Any], path: str, message: str) -> Keys:
    """Return the keys of a message's path, which does not name the keys of open mappings."""
    keys: Keys = ()
    for index, name in _STEP.findall(path):
        key = _guilty(values, keys, message) if index == _ANY else int(index) if index else name
        keys = (*keys, key)
    return keys


def _guilty(values: dict[str, Any], keys: Keys, message: str) -> str:
    """Find the entry of a mapping that a message is about: the one that alone makes it too."""
    entries: dict[str, Any] = _at(values, keys)
    for name in entries:
        alone = copy.deepcopy(values)
        place = _at(alone, keys)
        for other in [other for other in place if other != name]:
            del place[other]
        try:
            msgspec.convert(alone, RulesFile)
        except msgspec.ValidationError as error:
            if str(error) == message:
                return name
    return next(iter(entries))


def _at(values: Any, keys: Sequence[str | int]) -> Any:
    for key in keys:
        values = values[key]
    return values


def _take_out(values: dict[str, Any], keys: Keys) -> None:
    """Take a value out; put a right one in its place where there must be one, or where indexes would change."""
    *way, last = keys
    parent = _at(values, way)
    needed = (_type_at(tuple(way)), last)
    if isinstance(parent, list):
        parent[int(last)] = "" if _type_at(keys) is str else {"match": {"type": "track"}}
    elif needed in _FILLERS:
        parent[last] = _FILLERS[needed]
    else:
        del parent[last]


def _type_at(keys: Keys) -> Any:
    """Return the type that the model has at a place."""
    found: Any = RulesFile
    for key in keys:
        found = _bare(found)
        if isinstance(key, str) and isinstance(found, type) and issubclass(found, msgspec.Struct):
            found = typing.get_type_hints(found, include_extras=True).get(key)
        else:
            found = typing.get_args(found)[0 if isinstance(key, int) else 1]
    return _bare(found)


def _bare(hint: Any) -> Any:
    """Return a type without its description, and without None."""
    while True:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is Annotated:
            hint = arguments[0]
        elif origin in (typing.Union, types.UnionType):
            [hint] = [argument for argument in arguments if argument is not type(None)]
        else:
            return hint


def _known_keys(keys: Keys) -> tuple[str, ...]:
    names: tuple[str, ...] = _type_at(keys).__struct_fields__
    return names


def _wanted(what: str, keys: Keys) -> str:
    found = _type_at(keys)
    if typing.get_origin(found) is typing.Literal:
        return " or ".join(str(choice) for choice in typing.get_args(found))
    expected = _EXPECTED.match(what)
    if expected is None:
        return what
    if found is float and expected[2].strip():
        return "a number from 0 to 1"
    if "length >= 1" in expected[2]:
        return "at least one key with its value"
    return _KINDS.get(expected[1].split(" ")[0], expected[1])


def _needed(name: str) -> str:
    return " Write version: 1 at the top." if name == "version" else ""


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {None: "empty", True: "true", False: "false"}[value]
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
