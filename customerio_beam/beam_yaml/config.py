"""The config of a transform in a YAML pipeline: the declared settings, checked, and documented for Beam."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

from customerio_beam.setting import Declaration, declarations
from customerio_beam.visible import visible

__all__ = ["ERROR_HANDLING", "SettingsGroup", "document", "error_output", "read_settings", "settings_group"]

ERROR_HANDLING = "error_handling"

_ERROR_HANDLING_HELP = (
    "Where dead letters go: a mapping with output, the name of the output that has them as rows of reason, stage, "
    "retryable, detail and payload. Without it, a dead letter fails the pipeline."
)


class SettingsGroup(NamedTuple):
    """Settings of one class that a transform takes.

    Attributes:
        settings_class: The class.
        declared: Its settings that are taken, by their name.
    """

    settings_class: type
    declared: Mapping[str, Declaration]


def settings_group(settings_class: type, *names: str, also: Sequence[str] = ()) -> SettingsGroup:
    """Choose settings of a class.

    Args:
        settings_class: The class.
        *names: The settings; all that are options of the command line where none is named.
        also: Further settings.
    """
    found = {each.name: each for each in declarations(settings_class)}
    chosen = names or [name for name, each in found.items() if each.setting.is_option]
    return SettingsGroup(settings_class, {name: found[name] for name in (*chosen, *also)})


def read_settings(groups: Sequence[SettingsGroup], config: Mapping[str, Any]) -> list[Any]:
    """Make the settings of a config.

    Args:
        groups: What it may hold.
        config: The values, by the setting's name. None is as good as missing.

    Returns:
        An object of each group's class.

    Raises:
        ValueError: A key is unknown, or a value is out of its range. The sentence names both.
    """
    known = [name for group in groups for name in group.declared]
    for name in config:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join([*known, ERROR_HANDLING])}."
            raise ValueError(f"There is no setting {visible(name)}. {hint}")
    given = {name: value for name, value in config.items() if value is not None}
    return [
        group.settings_class(**{name: value for name, value in given.items() if name in group.declared})
        for group in groups
    ]


def error_output(error_handling: Any) -> str | None:
    """Read ``error_handling``.

    Args:
        error_handling: A mapping (or a row, as a provider of another process gets it) with ``output``, or None.

    Returns:
        The output's name; None without error handling.

    Raises:
        ValueError: It is something else.
    """
    if error_handling is None:
        return None
    if hasattr(error_handling, "_asdict"):
        error_handling = error_handling._asdict()
    if (
        not isinstance(error_handling, Mapping)
        or error_handling.keys() != {"output"}
        or not isinstance(error_handling["output"], str)
        or not error_handling["output"]
    ):
        raise ValueError("error_handling must be a mapping with output, the name of an output, and nothing else")
    return error_handling["output"]


def document(constructor: Any, name: str, about: str, groups: Sequence[SettingsGroup]) -> None:
    """Give a constructor the name, the signature and the docstring that Beam makes the config's schema of.

    Args:
        constructor: A function that takes the config as keywords.
        name: The transform's type in YAML.
        about: What it does.
        groups: The settings that it takes.
    """
    declared = [each for group in groups for each in group.declared.values()]
    keyword = inspect.Parameter.KEYWORD_ONLY
    # Optional, not "| None": Beam's schemas of Python 3.10 know no other union.
    parameters = [
        inspect.Parameter(each.name, keyword, default=None, annotation=Optional[each.type])  # noqa: UP045
        for each in declared
    ]
    handling = Optional[Mapping[str, str]]  # noqa: UP045
    parameters.append(inspect.Parameter(ERROR_HANDLING, keyword, default=None, annotation=handling))
    lines = [f"    {each.name}: {_help(each)}" for each in declared]
    lines.append(f"    {ERROR_HANDLING}: {_ERROR_HANDLING_HELP}")
    constructor.__name__ = constructor.__qualname__ = name
    constructor.__signature__ = inspect.Signature(parameters)
    constructor.__doc__ = f"{about}\n\nArgs:\n" + "\n".join(lines) + "\n"


def _help(declared: Declaration) -> str:
    text = declared.setting.help[:1].upper() + declared.setting.help[1:] + "."
    if declared.choices:
        text += f" One of {', '.join(declared.choices)}."
    if declared.setting.applies_to is not None:
        text += f" For {'bounded' if declared.setting.applies_to == 'files' else 'unbounded'} input only."
    return text if declared.default is None else f"{text} Default: {_default(declared.default)}."


def _default(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"
