"""Whether an event is one that an entry of ``when`` is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from customerio_beam.mapping.event import Event
from customerio_beam.rules.globs import literal_text, parse_glob
from customerio_beam.rules.looking import Extras, ExtrasReader, look_for
from customerio_beam.rules.paths import parse_path

__all__ = ["Match", "compile_match", "expected_problem"]

#: Tells whether an event matches.
Match = Callable[[Event, Extras], bool]

#: Fields that are compared as text: a number among them is its decimal string.
_IDENTIFIERS: Final = frozenset({"userId", "anonymousId", "messageId", "groupId", "previousId"})


def compile_match(expected: Mapping[str, Any], reader: ExtrasReader) -> Match:
    """Compile the conditions of an entry; all of them must hold.

    Args:
        expected: By path, the value that it must have: a scalar, a glob, null for a missing value, or a list of these.
        reader: What is asked for the fields that the mapping doesn't decode.
    """
    conditions = [_condition(path, value, reader) for path, value in expected.items()]
    if len(conditions) == 1:
        return conditions[0]
    return lambda event, extras: all(condition(event, extras) for condition in conditions)


def _condition(path: str, expected: Any, reader: ExtrasReader) -> Match:
    names = parse_path(path).names
    if len(names) == 2 and names[0] == "properties" and isinstance(expected, str):
        literal = literal_text(expected)
        if literal is not None:
            return _property_is(names[1], literal)
    look = look_for(names, reader)
    wanted = expected if isinstance(expected, list) else [expected]
    takes_missing = None in wanted
    tests = [_test(str(each) if _is_number(each) and path in _IDENTIFIERS else each) for each in wanted]

    def holds(event: Event, extras: Extras) -> bool:
        is_missing = True
        for value in look(event, extras):
            if value is None:
                continue
            is_missing = False
            for test in tests:
                if test(value):
                    return True
        return is_missing and takes_missing

    return holds


def _property_is(name: str, expected: str) -> Match:
    """Compare one property: the most frequent condition, in the quickest way."""
    return lambda event, _: bool(event.properties.get(name) == expected)


def expected_problem(path: str, value: Any) -> str | None:
    """Say why a value can't be expected; None where it can be."""
    wanted = value if isinstance(value, list) else [value]
    if not wanted:
        return "An empty list matches nothing."
    if any(isinstance(each, (dict, list)) for each in wanted):
        return "The value must be a text, a number, true, false, null, or a list of these."
    if path == "type" and any(isinstance(each, str) and each != each.lower() for each in wanted):
        return "Calls are in lower case here, as track."
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _test(expected: Any) -> Callable[[Any], bool]:
    if isinstance(expected, str):
        glob = parse_glob(expected)
        return lambda value: isinstance(value, str) and glob.matches(value)
    if _is_number(expected):
        return lambda value: _is_number(value) and bool(value == expected)
    return lambda value: value is expected
