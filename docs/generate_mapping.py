"""Write the tables and examples of docs/mapping.md from the cases and the code that they describe.

Run it from the repository's root after a change to ``tests/cases/`` or to the places in the mapping:
``python docs/generate_mapping.py``.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "mapping.md"

sys.path.insert(0, str(ROOT))  # the cases are in a package that is not installed

from customerio_beam.mapping.places import PLACES  # noqa: E402
from tests.cases.case import ENVELOPE, ID, NOW, Case, FilteredOut, Operations, Outcome, Refused  # noqa: E402
from tests.cases.tables import TABLES  # noqa: E402

_EXAMPLES = re.compile(r"<!-- examples: (?P<name>[^>]+) -->\n.*?<!-- end -->", re.DOTALL)
_PLACES = re.compile(r"<!-- places -->\n.*?<!-- end -->", re.DOTALL)
_RUN = re.compile(r"(.)\1{24,}")
_UNSHOWABLE_BYTES = 400
_WIDTH = 116
#: Fields of operations that the page says every example has, unless it shows another value.
_USUAL = {"id": ID, "timestamp": NOW}


def page_with_tables(page: str) -> str:
    """Return the page with everything between its markers written anew.

    Raises:
        ValueError: The page and the cases don't have the same tables.
    """
    names = [match["name"] for match in _EXAMPLES.finditer(page)]
    if sorted(names) != sorted(TABLES):
        raise ValueError(f"the page has the tables {sorted(names)}, the cases have {sorted(TABLES)}")
    page = _EXAMPLES.sub(lambda match: _examples(match["name"]), page)
    return _PLACES.sub(lambda _: _places(), page)


def _places() -> str:
    rows = [f"| {field} | {', '.join(f'`{path}`' for path in paths)} |" for field, paths in PLACES.items()]
    table = "\n".join(["| Field | Places, first to last |", "|---|---|", *rows])
    return f"<!-- places -->\n{table}\n\n<!-- end -->"


def _examples(name: str) -> str:
    """Write a short table of rules, and the numbered examples below it."""
    cases = [case for case in TABLES[name] if case.shown]
    if not cases:
        return f"<!-- examples: {name} -->\n<!-- end -->"
    rows = [
        f"| {number} | {case.rule} | {'; '.join(map(_summary, case.outcomes))} |"
        for number, case in enumerate(cases, 1)
    ]
    table = "\n".join(["| # | Rule | Becomes |", "|---|---|---|", *rows])
    block = "\n".join(line for number, case in enumerate(cases, 1) for line in _lines(number, case))
    return f"<!-- examples: {name} -->\n{table}\n\n```text\n{block}\n```\n\n<!-- end -->"


def _summary(outcome: Outcome) -> str:
    if isinstance(outcome, FilteredOut):
        return "*filtered*"
    if isinstance(outcome, Refused):
        return f"dead letter `{outcome.reason}`"
    assert isinstance(outcome, Operations)  # noqa: S101
    actions = [f"{operation['type']} `{operation['action']}`" for operation in outcome.operations]
    return ", ".join([*actions, *[f"dead letter `{reason}`" for reason in outcome.unsent]])


def _lines(number: int, case: Case) -> list[str]:
    """Write an example: the event, then each of its operations; a blank line between examples."""
    lines = [] if number == 1 else [""]
    lines += _wrapped(f"{number:>2}  ", _payload(case))
    for outcome in case.outcomes:
        if isinstance(outcome, FilteredOut):
            lines.append("    -> filtered")
        elif isinstance(outcome, Refused):
            lines.append(f"    -> dead letter {outcome.reason}")
        else:
            assert isinstance(outcome, Operations)  # noqa: S101
            for operation in outcome.operations:
                lines += _wrapped("    -> ", _operation(operation))
            lines += [f"    -> dead letter {reason}" for reason in outcome.unsent]
    return lines


def _payload(case: Case) -> str:
    if isinstance(case.payload, bytes):
        return case.payload.decode("utf-8")
    return json.dumps(_without_envelope(json.loads(case.payload)), ensure_ascii=False)


def _without_envelope(value: Any) -> Any:
    """Leave out the fields that the page says every event has."""
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


def _operation(operation: dict[str, Any]) -> str:
    rest = {
        name: value
        for name, value in operation.items()
        if name not in ("type", "action") and not (name in _USUAL and value == _USUAL[name])
    }
    return f"{operation['type']} {operation['action']}: {json.dumps(rest, ensure_ascii=False)}"


def _wrapped(prefix: str, text: str) -> list[str]:
    text = _RUN.sub(lambda match: f"{match[1] * 3}…", text)
    if len(text) > _UNSHOWABLE_BYTES:
        raise ValueError(f"an example is too long to show: {text[:80]}")
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=prefix,
        subsequent_indent=" " * (len(prefix) + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def main() -> None:
    """Write the page."""
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
