"""Shows a sandbox's people and activity in a terminal: `python -m customerio_beam.sandbox.terminal URL`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import requests

__all__ = ["activity_lines", "main", "people_lines"]

#: Rows of each list: a screen's worth; the pages have the rest.
_ROWS = 20
_TIMEOUT_SECS = 10


def people_lines(people: Sequence[dict[str, Any]]) -> list[str]:
    """Lists people as the People View does: by email where they have one."""
    rows = [
        (person.get("email") or "", person.get("id") or "", "subscribed" if person["subscribed"] else "unsubscribed")
        for person in people
    ]
    return _table(("Email", "Id", "Subscribed"), rows)


def activity_lines(activity: Sequence[dict[str, Any]]) -> list[str]:
    """Lists activity as the Activity View does, the newest first."""
    rows = [
        (
            entry["type"],
            entry["name"],
            _whose(entry),
            time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(entry["timestamp"])) if entry["timestamp"] else "",
        )
        for entry in activity
    ]
    return _table(("Activity Type", "Activity Name", "Person", "Time (UTC)"), rows)


def main(arguments: Sequence[str]) -> int:
    """Prints both lists. Returns the exit status."""
    [url] = arguments
    for title, path, key, lines in (
        ("People", "people", "people", people_lines),
        ("Activity", "activity", "activity", activity_lines),
    ):
        answer = requests.get(f"{url}/{path}.json", timeout=_TIMEOUT_SECS)
        answer.raise_for_status()
        document = answer.json()
        rows, total = document[key][:_ROWS], document["total"]
        print(f"\n{title} ({total:,})")
        print("\n".join(lines(rows)))
        if total > len(rows):
            print(f"  ... and {total - len(rows):,} more")
    return 0


def _whose(entry: dict[str, Any]) -> str:
    person = entry["person"]
    if person:
        return str(person.get("email") or person.get("id") or person.get("cio_id"))
    anonymous_id = entry["anonymous_id"]
    return f"anonymous {anonymous_id}" if anonymous_id else ""


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [tuple(titles), *(tuple(_printable(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def _printable(text: str) -> str:
    """A value from an event, safe for a terminal: without control characters, and not too long."""
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return shown if len(shown) <= 48 else shown[:47] + "\N{HORIZONTAL ELLIPSIS}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
