"""A setting, declared once: its type, default, range, and help.

A settings class is a frozen dataclass whose fields are made by ``setting``. Its ``__post_init__`` calls
``check_settings``. The command line, its validation, the Flex Template and the tables in docs/ are made from the same
declarations, see ``pipeline.arguments``.
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Literal

__all__ = ["Declaration", "Setting", "check_settings", "declarations", "is_host_port", "setting"]

AppliesTo = Literal["files", "streams"]


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a field of a settings class says about itself, besides its name, type and default.

    Attributes:
        help: One sentence for a person, without a period at its end.
        metavar: The word for its value in ``--help``; None for a word made from the type.
        least: The smallest number it takes; None for any.
        above: A number that it must exceed; None for none.
        most: The largest number it takes; None for any.
        applies_to: Whether it means something for ``files`` alone or ``streams`` alone; None for both.
        check: Returns what the value must be, such as ``"HOST:PORT"``, or None where the value is right.
        is_option: Whether the command line has an option for it.
        is_secret: Whether its value may hold a secret by mistake, so that no message repeats it.
    """

    help: str
    metavar: str | None = None
    least: float | None = None
    above: float | None = None
    most: float | None = None
    applies_to: AppliesTo | None = None
    check: Callable[[Any], str | None] | None = None
    is_option: bool = True
    is_secret: bool = False


@dataclasses.dataclass(frozen=True)
class Declaration:
    """A setting with the name, type and default of its field.

    Attributes:
        name: The field's name.
        type: ``bool``, ``int``, ``float`` or ``str``: of the value, or of each value of a list.
        default: The value where none is given.
        choices: The values it takes; empty for any.
        is_list: Whether it takes several values.
        setting: All else.
    """

    name: str
    type: type
    default: Any
    choices: tuple[str, ...]
    is_list: bool
    setting: Setting


def setting(default: Any, details: Setting) -> Any:
    """Declare a field of a settings class.

    Args:
        default: The value where none is given; a tuple for a setting with several values.
        details: What else there is to say.

    Returns:
        A dataclass field.
    """
    return dataclasses.field(default=default, metadata={"setting": details})


def declarations(settings_class: type) -> Iterator[Declaration]:
    """Yield the settings of a settings class, in their order."""
    hints = typing.get_type_hints(settings_class)
    for field in dataclasses.fields(settings_class):
        if "setting" in field.metadata:
            kind, choices, is_list = _value_type(hints[field.name])
            yield Declaration(field.name, kind, field.default, choices, is_list, field.metadata["setting"])


def check_settings(settings: Any) -> None:
    """Check every setting of a settings object against its declaration.

    Raises:
        ValueError: A value is out of its range. The sentence begins with the field's name.
    """
    for declared in declarations(type(settings)):
        value = getattr(settings, declared.name)
        for each in value if declared.is_list else (value,):
            if each is None and declared.default is None:
                continue
            wanted = _wanted(declared, each)
            if wanted is not None:
                shown = "" if declared.setting.is_secret else f", not {each!r}"
                raise ValueError(f"{declared.name} must be {wanted}{shown}")


def is_host_port(value: str) -> bool:
    """Return whether a value is ``HOST:PORT``."""
    host, _, port = value.rpartition(":")
    return bool(host) and "/" not in host and re.fullmatch(r"[0-9]{1,5}", port) is not None and 0 < int(port) < 65536


def _value_type(hint: Any) -> tuple[type, tuple[str, ...], bool]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return str, arguments, False
    if origin is tuple:
        kind, choices, _ = _value_type(arguments[0])
        return kind, choices, True
    if origin in (typing.Union, types.UnionType):
        [present] = [argument for argument in arguments if argument is not type(None)]
        return _value_type(present)
    return hint, (), False


def _wanted(declared: Declaration, value: Any) -> str | None:
    """Say what a value must be; None where it is right."""
    rule = declared.setting
    if declared.choices:
        return None if value in declared.choices else f"one of {', '.join(declared.choices)}"
    if declared.type in (int, float):
        allowed = (int,) if declared.type is int else (int, float)
        if (
            isinstance(value, bool)
            or not isinstance(value, allowed)
            or not math.isfinite(value)
            or _is_outside(rule, value)
        ):
            return _range_text(declared)
    elif not isinstance(value, declared.type):
        return "true or false" if declared.type is bool else "text"
    return rule.check(value) if rule.check is not None else None


def _is_number(value: Any, kind: type) -> bool:
    kinds = (int,) if kind is int else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)


def _is_outside(rule: Setting, value: float) -> bool:
    return (
        (rule.least is not None and value < rule.least)
        or (rule.above is not None and value <= rule.above)
        or (rule.most is not None and value > rule.most)
    )


def _range_text(declared: Declaration) -> str:
    rule = declared.setting
    kind = "a whole number" if declared.type is int else "a number"
    if rule.above is not None:
        return f"{kind} above {rule.above}"
    if rule.least is not None and rule.most is not None:
        return f"{kind} from {rule.least} to {rule.most}"
    if rule.least is not None:
        return f"{kind} of at least {rule.least}"
    return kind
