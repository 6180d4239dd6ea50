"""Write the tables of docs/mapping.md from the cases that test the mapping.

Run it from the repository's root after a change to ``tests/cases/``: ``python docs/generate_mapping.py``.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "mapping.md"

sys.path.insert(0, str(ROOT))  # the cases are in a package that is not installed

from tests.cases.case import ENVELOPE, Case, FilteredOut, Operations, Outcome, Refused  # noqa: E402
from tests.cases.tables import TABLES  # noqa: E402

_TABLE = re.compile(r"<!-- examples: (?P<name>[^>]+) -->\n.*?<!-- end -->", re.DOTALL)
_RUN = re.compile(r"(.)\1{24,}")
_UNSHOWABLE_BYTES = 400


def page_with_tables(page: str) -> str:
    """Return the page with every table between its markers written anew.

    Raises:
        ValueError: The page and the cases don't have the same tables.
    """
    names = [match["name"] for match in _TABLE.finditer(page)]
    if sorted(names) != sorted(TABLES):
        raise ValueError(f"the page has the tables {sorted(names)}, the cases have {sorted(TABLES)}")
    return _TABLE.sub(lambda match: _marked(match["name"]), page)


def _marked(name: str) -> str:
    rows = [
        f"| {case.rule} | {_payload(case)} | {'<br>'.join(map(_outcome, case.outcomes))} |"
        for case in TABLES[name]
        if case.shown
    ]
    table = "\n".join(["| Rule | Event | Becomes |", "|---|---|---|", *rows]) + "\n\n" if rows else ""
    return f"<!-- examples: {name} -->\n{table}<!-- end -->"


def _payload(case: Case) -> str:
    if isinstance(case.payload, bytes):
        return _code(case.payload.decode("utf-8"))
    return _json(_without_envelope(json.loads(case.payload)))


def _without_envelope(value: Any) -> Any:
    """Leave out what the page says that every event has."""
    if isinstance(value, list):
        return [_without_envelope(member) for member in value]
    if not isinstance(value, dict):
        return value
    if "batch" in value:
        return {**value, "batch": _without_envelope(value["batch"])}
    shown = {name: field for name, field in value.items() if ENVELOPE.get(name) != field}
    if "type" in value:
        shown |= {name: None for name in ENVELOPE if name not in value}
    return shown


def _outcome(outcome: Outcome) -> str:
    if isinstance(outcome, FilteredOut):
        return "*filtered*"
    if isinstance(outcome, Refused):
        return f"dead letter `{outcome.reason}`"
    assert isinstance(outcome, Operations)  # noqa: S101
    dead_letters = [f"and a dead letter `{reason}`" for reason in outcome.unsent]
    return "<br>".join([*map(_json, outcome.operations), *dead_letters])


def _json(value: Any) -> str:
    return _code(json.dumps(value, ensure_ascii=False))


def _code(text: str) -> str:
    text = _RUN.sub(lambda match: f"{match[1] * 3}…", text)
    if len(text) > _UNSHOWABLE_BYTES:
        raise ValueError(f"an example is too long to be shown: {text[:80]}")
    return f"`{text}`".replace("|", "\\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
