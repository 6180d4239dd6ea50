"""Rows of Segment's warehouse tables to the events that they were made of.

Segment's warehouse connector writes each call into the table of its kind (``identifies``, ``pages``, ...), or of its
event, with a column for each field (Segment's documentation, "Warehouse Schemas"). docs/input.md says what that loses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from customerio_beam.mapping import json_text
from customerio_beam.reading.errors import UnreadableFileError, unreadable
from customerio_beam.reading.rows import fields_of, json_of

__all__ = ["WarehouseRows", "check_path"]

#: The columns that all tables have, and the field of an event that each is.
_FIELDS: Final = {
    "id": "messageId",
    "user_id": "userId",
    "anonymous_id": "anonymousId",
    "timestamp": "timestamp",
    "original_timestamp": "originalTimestamp",
    "sent_at": "sentAt",
    "received_at": "receivedAt",
}
#: Columns of the connector itself, and the event's name as a table's.
_NO_FIELDS: Final = frozenset({"uuid", "uuid_ts", "loaded_at", "event"})

#: The tables of calls: the call, the columns that are fields of the event, and the field that all others are in.
_TABLES: Final[dict[str, tuple[str, dict[str, str], str]]] = {
    "identifies": ("identify", {}, "traits"),
    "groups": ("group", {"group_id": "groupId"}, "traits"),
    "pages": ("page", {}, "properties"),
    "screens": ("screen", {}, "properties"),
    "aliases": ("alias", {"previous_id": "previousId"}, "traits"),
}
_EVENT_TABLE: Final = ("track", {"event_text": "event"}, "properties")

_TRACKS: Final = "tracks"

#: Tables that can't be read, and why.
_REFUSED: Final = {
    _TRACKS: "Its rows lack their properties, and would keep Customer.io from taking the whole events: they have the "
    "same ids. Read the tables of the single events instead",
    "users": "It has the latest traits of each person, not the calls. Read the table identifies instead",
    "accounts": "It has the latest traits of each group, not the calls. Read the table groups instead",
}

# Names in a path: words of letters and underscores, so that digits, dots, hyphens and slashes divide them.
_WORDS: Final = re.compile(r"[a-z_]+")

_CONTEXT: Final = "context_"
#: The objects of the spec's ``context``. Of other columns of it, nobody can tell an underscore from a level.
_CONTEXT_OBJECTS: Final = (
    "app",
    "campaign",
    "device",
    "library",
    "location",
    "network",
    "os",
    "page",
    "referrer",
    "screen",
    "traits",
)
#: Fields of the spec's ``context`` with capitals. Those of traits and campaigns are their publisher's.
_CAMEL_CASE: Final = {
    "group_id": "groupId",
    "user_agent": "userAgent",
    "advertising_id": "advertisingId",
    "ad_tracking_enabled": "adTrackingEnabled",
}

#: Objects of traits that steer the mapping: the column's prefix, and the trait. They need their levels back.
_PREFERENCES: Final = "cio_subscription_preferences_topics_"
_RELATIONSHIP: Final = "relationship_attributes_"
_OBJECT: Final = "object_attributes_"


def check_path(path: str) -> None:
    """Refuse a file that its path says is of a table that can't be read.

    Args:
        path: The file's path or a pattern.

    Raises:
        UnreadableFileError: Its name or folder is ``tracks``, or its name ``users`` or ``accounts``; the message says
            why.
    """
    table = _named(path, _REFUSED, parts=2)
    if table == _TRACKS or (table is not None and _named(path, _REFUSED, parts=1)):
        raise _refused(path, table)


def _named(path: str, tables: Iterable[str], parts: int | None = None) -> str | None:
    """Return the table that a path names, the last of several: a folder, or a word of the file's name.

    Args:
        path: The path.
        tables: The tables to look for.
        parts: How many of the path's last parts to look at; None for all. A folder of people's homes is called users.
    """
    for part in path.lower().split("/")[::-1][:parts]:
        for word in _WORDS.findall(part):
            table: str = word.strip("_")
            if table in tables:
                return table
    return None


def _refused(path: str, table: str) -> UnreadableFileError:
    return unreadable(path, f"is the table {table} of Segment's warehouse. {_REFUSED[table]}.")


class WarehouseRows:
    """Turns the rows of files into events.

    One object may read any number of files. It remembers of each file what tells the table ``tracks`` from the table of
    an event without properties.
    """

    def __init__(self) -> None:
        self._paths: dict[str, str | None] = {}
        self._bare_events: dict[str, str] = {}

    def event(self, path: str, row: Any) -> bytes:
        """Turn a row into the JSON of an event.

        Args:
            path: The file's path, which names the table of rows that don't tell: those of pages, screens and people.
            row: The row's values by their column.

        Returns:
            JSON text.

        Raises:
            UnreadableFileError: It is of a table that can't be read, or nobody can tell of which.
        """
        columns = _columns(row)
        table = self._table(path)
        if columns.get("event_text") is not None or (table is None and columns.get("event") is not None):
            event = _event(columns, *_EVENT_TABLE)
            self._check_event(path, columns, event)
        else:
            event = _event(columns, *_TABLES[table or _table_by_columns(path, columns)])
        return json_of(event)

    def _table(self, path: str) -> str | None:
        if path not in self._paths:
            if _named(path, [_TRACKS], parts=2):
                raise _refused(path, _TRACKS)
            self._paths[path] = _named(path, _TABLES)
        return self._paths[path]

    def _check_event(self, path: str, columns: Mapping[str, Any], event: dict[str, Any]) -> None:
        """Refuse a file in which events of several names have no column of a property: that is ``tracks``."""
        if path in self._bare_events and not self._bare_events[path]:
            return
        if event["properties"] or any(_is_property(name) for name in columns):
            self._bare_events[path] = ""
            return
        name = str(event.get("event"))
        if self._bare_events.setdefault(path, name) != name:
            raise _refused(path, _TRACKS)


def _is_property(column: str) -> bool:
    return (
        column not in _FIELDS
        and column not in _NO_FIELDS
        and column not in _EVENT_TABLE[1]
        and not (column.startswith(_CONTEXT))
    )


def _columns(row: Any) -> Mapping[str, Any]:
    """Return a row's values by their column, in lower case: Snowflake writes capitals."""
    fields = fields_of(row) or {}
    if all(name.isupper() for name in fields):
        return {name.lower(): value for name, value in fields.items()}
    return fields


def _table_by_columns(path: str, columns: Mapping[str, Any]) -> str:
    if columns.get("group_id") is not None:
        return "groups"
    if columns.get("previous_id") is not None:
        return "aliases"
    table = _named(path, _REFUSED, parts=2)
    if table is not None:
        raise _refused(path, table)
    raise unreadable(
        path,
        "has rows of no table that can be told. Name its folder or the file after the table of Segment's warehouse: "
        f"{', '.join(_TABLES)}. Only rows of events tell it themselves, by their column event_text.",
    )


def _event(columns: Mapping[str, Any], call: str, fields: Mapping[str, str], others: str) -> dict[str, Any]:
    event: dict[str, Any] = {"type": call}
    context: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for column, value in columns.items():
        field = _FIELDS.get(column) or fields.get(column)
        if value is None or column in _NO_FIELDS:
            continue
        if field is not None:
            event[field] = value
        elif column.startswith(_CONTEXT):
            _put_context(context, column.removeprefix(_CONTEXT), _array(value))
        else:
            rest[column] = _array(value)
    if call in ("page", "screen"):
        event |= {name: rest[name] for name in ("name", "category") if name in rest}
    if others == "traits":
        rest = dict(_traits(rest))
    return {**event, "context": context, others: rest}


def _put_context(context: dict[str, Any], column: str, value: Any) -> None:
    part, _, name = column.partition("_")
    if part not in _CONTEXT_OBJECTS or not name:
        context[_CAMEL_CASE.get(column, column)] = value
        return
    held = context.setdefault(part, {})
    if isinstance(held, dict):
        held[name if part in ("traits", "campaign") else _CAMEL_CASE.get(name, name)] = value


def _array(value: Any) -> Any:
    """Read a list that the connector wrote as its JSON text."""
    if isinstance(value, str) and value[:1] == "[" and value[-1:] == "]":
        try:
            return json_text.loads(value.encode("utf-8", "surrogatepass"))
        except json_text.InvalidJson:
            return value
    return value


def _traits(columns: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give the traits that steer the mapping the names and levels that it looks for."""
    has_object = columns.get("object_id") is not None and columns.get("object_type_id") is not None
    levels: dict[str, dict[str, Any]] = {_PREFERENCES: {}, _RELATIONSHIP: {}, _OBJECT: {}}
    for column, value in columns.items():
        prefix = next((prefix for prefix in levels if column.startswith(prefix)), None)
        if prefix is not None and column != prefix:
            levels[prefix][column.removeprefix(prefix)] = value
        else:
            yield ("objectId" if column == "object_id" and has_object else column), value
    if levels[_PREFERENCES]:
        yield "cio_subscription_preferences", {"topics": levels[_PREFERENCES]}
    if levels[_RELATIONSHIP]:
        yield "relationshipAttributes", levels[_RELATIONSHIP]
    if levels[_OBJECT]:
        yield "objectAttributes", levels[_OBJECT]
