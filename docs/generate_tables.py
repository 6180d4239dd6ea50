"""Write the tables of docs/options.md and docs/dead-letters.md from the code's own declarations.

Run it from the repository's root after a change to an option or a reason: ``python docs/generate_tables.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from customerio_beam.pipeline.arguments import GROUPS, default_text, options
from customerio_beam.reasons import REASONS
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


def _options(settings_class: type) -> str:
    return _table(["Option", "Value", "Default", "Meaning"], map(_option, options(settings_class)))


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


#: What writes each table, by the table's name in its markers.
TABLES: dict[str, Callable[[], str]] = {
    **{f"options, {title}": lambda of=settings_class: _options(of) for title, settings_class in GROUPS.items()},
    **{f"reasons, {stage}": lambda of=stage: _reasons(of) for stage in ("parse", "map", "deliver")},
}

#: The pages that have tables.
PAGES = (DOCS / "options.md", DOCS / "dead-letters.md")


def main() -> None:
    """Write the pages."""
    for page in PAGES:
        page.write_text(page_with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
