"""Write the tables of the docs, and docs/rules.schema.json, from the code's own declarations.

Run it from the repository's root after a change to an option, a reason, or a key of the rules file:
``python docs/generate_tables.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from customerio_beam.pipeline.arguments import GROUPS, default_text, options
from customerio_beam.pipeline.commands import COMMANDS
from customerio_beam.reasons import REASONS
from customerio_beam.rules.model import ConsentRules, EventRules, PeopleRules, RulesFile, TopFieldRules, When
from customerio_beam.setting import Declaration

DOCS = Path(__file__).parent

_TABLE = re.compile(r"<!-- table: (?P<name>[^>]+) -->\n.*?<!-- end -->", re.DOTALL)


def page_with_tables(page: str) -> str:
    """Return a page with every table between its markers written anew.

    Raises:
        KeyError: The page asks for a table that does not exist.
    """
    return _TABLE.sub(lambda match: f"<!-- table: {match['name']} -->\n{TABLES[match['name']]()}<!-- end -->", page)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def _options(declared: Iterable[Declaration]) -> str:
    return _table(["Option", "Value", "Default", "Meaning"], map(_option, declared))


def _command_options(name: str) -> str:
    """Return the table of a command's own options, without those of the job that it takes too."""
    command = COMMANDS[name]
    own = next(iter(command.settings))
    return _options(command.declared(own))


def _option(declared: Declaration) -> list[str]:
    applies_to = declared.setting.applies_to
    only = "" if applies_to is None else f" For {applies_to} only."
    meaning = declared.setting.help[:1].upper() + declared.setting.help[1:]
    default = default_text(declared)
    return [f"`--{declared.name}`", _value(declared), default and f"`{default}`", f"{meaning}.{only}"]


def _value(declared: Declaration) -> str:
    if declared.choices:
        return ", ".join(f"`{choice}`" for choice in declared.choices)
    if declared.type is bool:
        return "`true`, `false`"
    return declared.setting.metavar or {int: "a whole number", float: "a number", str: "text"}[declared.type]


def _reasons(stage: str) -> str:
    rows = [
        [f"`{reason.code}`", reason.meaning, reason.remedy, "yes" if reason.is_retryable else "no"]
        for reason in REASONS.values()
        if reason.stage == stage
    ]
    return _table(["Reason", "Meaning", "What to do", "Retryable"], rows)


def rules_schema() -> str:
    """Return the JSON Schema of a rules file, for editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(RulesFile)}
    return json.dumps(schema, indent=2) + "\n"


def _rules(model: type) -> str:
    rows = [[f"`{key}`", value, default, meaning] for key, value, default, meaning in _keys(model)]
    return _table(["Key", "Value", "Default", "Meaning"], rows)


def _keys(model: type) -> Iterator[tuple[str, str, str, str]]:
    schema = msgspec.json.schema(model)["$defs"][model.__name__]
    for key, found in schema["properties"].items():
        if "description" in found:
            default = found.get("default")
            shown = "" if default in (None, (), {}) else f"`{str(default).lower()}`"
            yield key, _kind(found), shown, found["description"]


def _kind(found: dict[str, Any]) -> str:
    if "enum" in found:
        return ", ".join(f"`{choice}`" for choice in sorted(found["enum"]))
    [kind, *_] = [each["type"] for each in found.get("anyOf", [found])]
    if kind == "object" and "additionalProperties" in found:
        inner = found["additionalProperties"]
        kinds = {"array": "lists of texts", "number": "numbers from 0 to 1", "string": "texts"}
        return f"keys with {kinds.get(inner.get('type'), _kind(inner) if 'enum' in inner else 'values')}"
    return {"array": "list of texts", "string": "text", "boolean": "`true`, `false`", "object": "keys with values"}[
        kind
    ]


#: What writes each table, by the table's name in its markers.
TABLES: dict[str, Callable[[], str]] = {
    **{
        f"rules, {name}": lambda of=model: _rules(of)
        for name, model in {
            "consent": ConsentRules,
            "people": PeopleRules,
            "events": EventRules,
            "fields": TopFieldRules,
            "when": When,
        }.items()
    },
    **{
        f"options, {title}": lambda of=settings_class: _options(options(of)) for title, settings_class in GROUPS.items()
    },
    **{f"command, {name}": lambda of=name: _command_options(of) for name in COMMANDS},
    **{f"reasons, {stage}": lambda of=stage: _reasons(of) for stage in ("parse", "map", "deliver")},
}

#: The pages that have tables.
PAGES = (DOCS / "options.md", DOCS / "dead-letters.md", DOCS / "rules.md", DOCS / "people.md", DOCS / "validate.md")

RULES_SCHEMA = DOCS / "rules.schema.json"


def main() -> None:
    """Write the pages and the schema."""
    RULES_SCHEMA.write_text(rules_schema(), encoding="utf-8")
    for page in PAGES:
        page.write_text(page_with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
