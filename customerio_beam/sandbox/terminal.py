"""Shows a sandbox's people and activity in a terminal: `python -m customerio_beam.sandbox.terminal URL`."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Sequence
from typing import Any

import wcwidth

from customerio_beam.sandbox.text import visible

__all__ = ["activity_lines", "main", "people_lines"]

#: Rows of each list: a screen's worth; the pages have the rest.
_ROWS = 20

_MAX_WIDTH = 48


def people_lines(people: Sequence[dict[str, Any]]) -> list[str]:
    """Return people as lines: by email if they have one, as in the People View."""
    subscribed = {True: "subscribed", False: "unsubscribed"}
    rows = [(each["email"] or "", each["id"] or "", subscribed[each["subscribed"]]) for each in people]
    return _table([("Email", "Id", "Subscribed"), *rows])


def activity_lines(activity: Sequence[dict[str, Any]]) -> list[str]:
    """Return activity as lines, as in the Activity View."""
    rows = []
    for each in activity:
        person, anonymous_id = each["person"] or {}, each["anonymous_id"]
        who = person.get("email") or person.get("id") or person.get("cio_id")
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(each["timestamp"]))
        rows.append((each["type"], each["name"], who or (f"anonymous {anonymous_id}" if anonymous_id else ""), moment))
    return _table([("Activity Type", "Activity Name", "Person", "Time (UTC)"), *rows])


def main(arguments: Sequence[str]) -> int:
    """Print both lists and return the exit status."""
    [url] = arguments
    for name, lines in (("people", people_lines), ("activity", activity_lines)):
        with urllib.request.urlopen(f"{url}/{name}.json?limit={_ROWS}", timeout=10) as response:
            document = json.load(response)
        rows, total = document[name], document["total"]
        print(f"\n{name.capitalize()} ({total:,})")
        print("\n".join(lines(rows)))
        if total > len(rows):
            print(f"  ... and {total - len(rows):,} more")
    return 0


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[_fitting(visible(cell, keep="")) for cell in row] for row in rows]
    widths = [max(map(wcwidth.width, column)) for column in zip(*cells, strict=True)]
    return ["  " + "  ".join(map(wcwidth.ljust, row, widths)).rstrip() for row in cells]


def _fitting(text: str) -> str:
    """Return a text that is not too wide; Chinese, Japanese and Korean characters take two columns each."""
    return text if wcwidth.width(text) <= _MAX_WIDTH else wcwidth.clip(text, 0, _MAX_WIDTH - 1) + "…"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
