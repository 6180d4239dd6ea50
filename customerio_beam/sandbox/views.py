"""What the pages show, as JSON values: each page and its JSON twin come from the same function."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from customerio_beam.sandbox.database import Database, to_json
from customerio_beam.sandbox.people import SELECT, Person
from customerio_beam.sandbox.rules.attributes import is_unsubscribed, nest
from customerio_beam.sandbox.rules.identifiers import Identifier, from_path
from customerio_beam.sandbox.rules.limits import REQUESTS_PER_SECOND
from customerio_beam.sandbox.state import Sandbox
from customerio_beam.sandbox.workspace import Workspace

_FOUND = "instr(folded({}), folded(?))"


class Slice(NamedTuple):
    """A part of a long list: at most `limit` entries (-1 for all), after `offset` others."""

    limit: int = -1
    offset: int = 0


ALL = Slice()
_SLICE = "LIMIT {0.limit} OFFSET {0.offset}"


def people(workspace: Workspace, search: str = "", part: Slice = ALL) -> dict[str, Any]:
    """Return the people whose identifiers or attributes contain a text, ordered by email, else by id."""
    where, values = "", []
    if search.strip():
        columns = ("id", "email", "phone", "cio_id")
        found = [_FOUND.format(f"coalesce({column}, '')") for column in columns]
        found.append(f"key IN (SELECT person FROM attributes WHERE {_FOUND.format('value')})")  # noqa: S608
        where = f"WHERE {' OR '.join(found)}"
        values = [search.strip()] * len(columns) + [to_json(search.strip())[1:-1]]
    with workspace.reading() as db:
        total = db.row(f"SELECT count(*) FROM people {where}", *values)[0]  # noqa: S608 - no value in it
        order = f"ORDER BY coalesce(email_key, id, phone), cio_id {_SLICE.format(part)}"
        rows = db.rows(f"{SELECT} {where} {order}", *values)
        return {"people": [_described(workspace, db, Person(*row)) for row in rows], "total": total}


def person(workspace: Workspace, key: str, part: Slice = ALL) -> dict[str, Any] | None:
    """Return a person, by id, email, phone or `cio_` and cio_id, with activity, newest first; or None if unknown."""
    with workspace.reading() as db:
        found = _find(workspace, key)
        if found is None:
            return None
        described = _described(workspace, db, found)
        claims = db.rows("SELECT DISTINCT anonymous_id FROM claims WHERE person = ? ORDER BY 1", found.key)
        described["anonymous_ids"] = [anonymous_id for (anonymous_id,) in claims]
        return {"person": described, **_activity(workspace, db, "person = ?", [found.key], order="time", part=part)}


def line(workspace: Workspace, sequence: int) -> dict[str, Any] | None:
    """Return one line of the activity log, with the identify calls of its anonymous id; or None if unknown."""
    with workspace.reading() as db:
        found = _activity(workspace, db, "sequence = ?", [sequence], order="received", part=ALL)["activity"]
        if not found:
            return None
        claims = db.rows(
            f"SELECT received, {', '.join(Person._fields)} FROM claims JOIN people ON key = person"  # noqa: S608
            " WHERE anonymous_id = ? ORDER BY claims.rowid DESC LIMIT 20",
            found[0]["anonymous_id"],
        )
    shown = [{"received": received, "person": Person(*names).names()} for received, *names in claims]
    return {"line": {**found[0], "claims": shown}}


def activity(
    workspace: Workspace,
    *,
    person: str = "",
    kind: str = "",
    search: str = "",
    who: str = "",
    order: str = "received",
    part: Slice = ALL,
) -> dict[str, Any]:
    """Return the activity log, newest first.

    Args:
        workspace: The workspace.
        person: An id, email, phone number or `cio_` and cio_id, or empty for everybody.
        kind: An Activity Type, or empty for all.
        search: Text in the Activity Name or the identifier, ignoring case.
        who: `identified` or `anonymous`, or empty for both.
        order: `received` for the order of arrival, `time` for that of the events' own times.
        part: Which part of it.
    """
    conditions: list[str] = ["1"]
    values: list[Any] = []
    if kind:
        conditions.append("type = ?")
        values.append(kind)
    if search:
        conditions.append(f"({_FOUND.format('name')} OR {_FOUND.format('identifier')})")
        values += [search, search]
    if who:
        conditions.append("person IS NOT NULL" if who == "identified" else "person IS NULL")
    with workspace.reading() as db:
        if person:
            found = _find(workspace, person)
            conditions.append("person = ?")
            values.append(found and found.key)
        return _activity(workspace, db, " AND ".join(conditions), values, order=order, part=part)


def objects(workspace: Workspace, search: str = "", part: Slice = ALL, related: int = -1) -> dict[str, Any]:
    """Return the objects whose id or attributes contain a text, by type and id.

    Args:
        workspace: The workspace.
        search: The text.
        part: Which part of the list.
        related: At most so many relationships of each object; -1 for all.
    """
    where = f"WHERE {_FOUND.format('id')} OR {_FOUND.format('attributes')}"
    values = search.strip(), to_json(search.strip())[1:-1]
    with workspace.reading() as db:
        total = db.row(f"SELECT count(*) FROM objects {where}", *values)[0]  # noqa: S608 - no value in it
        rows = db.rows(f"SELECT * FROM objects {where} ORDER BY type, id {_SLICE.format(part)}", *values)  # noqa: S608
        return {"objects": [_object(db, row, related) for row in rows], "total": total}


def refused(workspace: Workspace, part: Slice = ALL) -> dict[str, Any]:
    """Return what was refused, or failed after it was accepted, newest first."""
    names = ("received", "status", "batch_index", "reason", "field", "message")
    with workspace.reading() as db:
        total = db.row("SELECT count(*) FROM refused")[0]
        columns = ", ".join((*names, "nullif(operation, x'')", "later"))
        rows = db.rows(f"SELECT {columns} FROM refused ORDER BY sequence DESC {_SLICE.format(part)}")  # noqa: S608
    found = [
        {**dict(zip(names, row, strict=False)), "operation": text and orjson.loads(text), "failed_later": bool(later)}
        for *row, text, later in rows
    ]
    return {"refused": found, "total": total}


def delivery(sandbox: Sandbox) -> dict[str, Any]:
    """Return the traffic: all counts, the faults, and what happened in each second."""
    limit = sandbox.faults.rate_limit_per_second or REQUESTS_PER_SECOND
    series = sandbox.meter.series()
    return {"stats": sandbox.stats(), "faults": sandbox.faults.to_json(), "limit": limit, "series": series}


def _find(workspace: Workspace, key: str) -> Person | None:
    kinds = (Identifier("id", key), Identifier("email", key), Identifier("phone", key), from_path(key))
    return next(filter(None, map(workspace.people.find, kinds)), None)


def _described(workspace: Workspace, db: Database, person: Person) -> dict[str, Any]:
    attributes = workspace.people.attributes(person)
    values = {name: value for name, value, _ in attributes}
    related = db.rows(
        "SELECT type, id, relationships.attributes FROM relationships JOIN objects ON key = object WHERE person = ?"
        " ORDER BY relationships.rowid",
        person.key,
    )
    devices = db.rows("SELECT device FROM devices WHERE person = ? ORDER BY rowid", person.key)
    return {
        **{kind: getattr(person, kind) for kind in ("id", "email", "phone", "cio_id")},
        "subscribed": not is_unsubscribed(values.get("unsubscribed")),
        "attributes": nest(values.items()),
        "attribute_times": {name: time for name, _, time in attributes},
        "devices": [orjson.loads(device) for (device,) in devices],
        "relationships": [
            {"object_type_id": kind, "object_id": name, "relationship_attributes": orjson.loads(text)}
            for kind, name, text in related
        ],
        "segments": [key for (key,) in db.rows("SELECT segment FROM segments WHERE person = ? ORDER BY 1", person.key)],
        "last_seen": db.row("SELECT max(time) FROM activity WHERE person = ?", person.key)[0],
    }


def _object(db: Database, row: tuple[Any, ...], related: int) -> dict[str, Any]:
    key, cio_object_id, kind, name, attributes = row
    members = db.rows(
        "SELECT relationships.attributes, anonymous_id, people.key, cio_id, people.id, email, phone FROM relationships"
        " LEFT JOIN people ON people.key = person WHERE object = ? ORDER BY relationships.rowid LIMIT ?",
        key,
        related,
    )
    return {
        "object_type_id": kind,
        "object_id": name,
        "cio_object_id": cio_object_id,
        "attributes": orjson.loads(attributes),
        "relationships": [
            {
                "person": {"anonymous_id": anonymous_id} if anonymous_id is not None else Person(*names).names(),
                "relationship_attributes": orjson.loads(text),
            }
            for text, anonymous_id, *names in members
        ],
        "relationship_count": db.row("SELECT count(*) FROM relationships WHERE object = ?", key)[0],
    }


def _activity(
    workspace: Workspace, db: Database, condition: str, values: list[Any], *, order: str, part: Slice
) -> dict[str, Any]:
    """Return lines of the activity log; `condition` is SQL, never made of anybody's text."""
    by = "time DESC, sequence DESC" if order == "time" else "sequence DESC"
    total = db.row(f"SELECT count(*) FROM activity WHERE {condition}", *values)[0]  # noqa: S608
    rows = db.rows(
        "SELECT sequence, type, name, anonymous_id, identifier, time, received, ulid, operation,"  # noqa: S608
        f" people.* FROM (SELECT * FROM activity WHERE {condition} ORDER BY {by} {_SLICE.format(part)}) AS lines"
        f" LEFT JOIN (SELECT {', '.join(Person._fields)} FROM people) AS people ON key = person ORDER BY {by}",
        *values,
    )
    return {"activity": [_line(workspace, row) for row in rows], "total": total}


def _line(workspace: Workspace, row: tuple[Any, ...]) -> dict[str, Any]:
    names = ("sequence", "type", "name", "anonymous_id", "identifier", "timestamp", "received", "id")
    line = dict(zip(names, row, strict=False))
    text, *person = row[len(names) :]
    operation = orjson.loads(text)
    line["person"] = Person(*person).names() if person[0] is not None else None if operation else {"forgotten": True}
    waits = line["person"] is None and line["anonymous_id"] is not None
    reason = workspace.activity.why_not_joined(line["anonymous_id"], line["received"]) if waits else None
    return {**line, "not_joined_because": reason, "attributes": operation.get("attributes", {}), "operation": operation}
