"""Events of the Segment spec, and the rows that Segment's warehouse connector makes of them."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Row = dict[str, Any]

TIMES = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace(" ", "_").lower()


def flattened(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Objects become columns, lists their JSON (Segment's documentation, "Warehouse Schemas")."""
    for name, each in value.items():
        column = prefix + snake(name)
        if isinstance(each, dict):
            yield from flattened(each, column + "_")
        else:
            yield column, json.dumps(each) if isinstance(each, list) else each


def row_of(event: Mapping[str, Any]) -> Row:
    """Write an event as the row of its table."""
    row: Row = {"id": event["messageId"], "uuid_ts": "2026-01-03T00:00:00Z"}
    for name in ("userId", "anonymousId", "groupId", "previousId", "name", "category"):
        if name in event:
            row[snake(name)] = event[name]
    for name in TIMES:
        if name in event:
            row[snake(name)] = datetime.datetime.fromisoformat(event[name].replace("Z", "+00:00"))
    if "event" in event:
        row |= {"event": snake(event["event"]), "event_text": event["event"]}
    for name in ("properties", "traits"):
        row |= {column: value for column, value in flattened(event.get(name, {})) if column not in row}
    return row | dict(flattened(event.get("context", {}), "context_"))
