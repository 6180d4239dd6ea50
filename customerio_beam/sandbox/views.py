"""What the pages show, as JSON values: each page and its JSON twin are made of the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from customerio_beam.sandbox.directory import Directory
from customerio_beam.sandbox.rules.identifiers import Identifier, from_path, identifier
from customerio_beam.sandbox.rules.limits import REQUESTS_PER_SECOND
from customerio_beam.sandbox.rules.people import ObjectKey, Person
from customerio_beam.sandbox.service import Service
from customerio_beam.sandbox.store import Store
from customerio_beam.sandbox.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a long list is wanted.

    Attributes:
        limit: How many entries, or None for all.
        offset: How many to leave out before them.
    """

    limit: int | None = None
    offset: int = 0


def people(workspace: Workspace, search: str = "", part: Slice | None = None) -> dict[str, Any]:
    """Returns the active people by email, else id, that have the searched text in an identifier."""
    part = part or Slice()
    wanted = search.strip().lower()
    with workspace.reading() as (directory, _):
        found = [
            person
            for person in directory.people.values()
            if person.state == "active"
            and (not wanted or any(wanted in who.value.lower() for who in person.identifiers()))
        ]
        found.sort(key=_order)
        end = None if part.limit is None else part.offset + part.limit
        described = [person.described(directory.relationships(person)) for person in found[part.offset : end]]
    return {"people": described, "total": len(found)}


def find_person(directory: Directory, key: str) -> Person | None:
    """Returns whom a path names: by id, email, or `cio_` and cio_id; deleted people by the latter."""
    for who in (Identifier("id", key), identifier("email", key), from_path(key)):
        person = directory.find(who)
        if person is not None:
            return person
    who = from_path(key)
    if who.kind == "cio_id":
        return next((person for person in directory.people.values() if person.cio_id == who.value), None)
    return None


def person(workspace: Workspace, key: str, part: Slice | None = None) -> dict[str, Any] | None:
    """Returns a person with its activity, newest first, or None where there is none by that key."""
    with workspace.reading() as (directory, store):
        found = find_person(directory, key)
        if found is None:
            return None
        described = found.described(directory.relationships(found))
        described["state"] = found.state
        described["anonymous_ids"] = sorted({anonymous_id for anonymous_id, _ in directory.links_of(found)})
        store.activity.index_people()
        lines = _activity(directory, store, _Query("person = :person", {"person": found.key}, "time"), part or Slice())
    return {"person": described, **lines}


def activity(
    workspace: Workspace,
    *,
    kind: str = "",
    search: str = "",
    who: str = "",
    order: str = "received",
    part: Slice | None = None,
) -> dict[str, Any]:
    """Returns the activity log, newest first.

    Args:
        workspace: The workspace.
        kind: An Activity Type, or empty for all.
        search: Text that the Activity Name must have, ignoring case.
        who: `identified` or `anonymous`, or empty for both.
        order: `received` for the order of arrival, `time` for that of the events' own times.
        part: Which part of it.
    """
    conditions, parameters = ["1"], {}
    if kind:
        conditions.append("type = :kind")
        parameters["kind"] = kind
    if search:
        conditions.append("instr(lower(name), lower(:search))")
        parameters["search"] = search
    if who:
        conditions.append("person IS NOT NULL" if who == "identified" else "person IS NULL")
    with workspace.reading() as (directory, store):
        return _activity(directory, store, _Query(" AND ".join(conditions), parameters, order), part or Slice())


def objects(workspace: Workspace, search: str = "", part: Slice | None = None) -> dict[str, Any]:
    """Returns the objects by type and id that have the searched text in their id."""
    part = part or Slice()
    wanted = search.strip().lower()
    with workspace.reading() as (directory, _):
        keys = sorted(key for key in directory.objects if wanted in key[1].lower())
        end = None if part.limit is None else part.offset + part.limit
        described = [_object(directory, key) for key in keys[part.offset : end]]
    return {"objects": described, "total": len(keys)}


def refused(workspace: Workspace, part: Slice | None = None) -> dict[str, Any]:
    """Returns what was refused, or failed after it was accepted, newest first."""
    part = part or Slice()
    with workspace.reading() as (_, store):
        ((total,),) = store.rows("SELECT count(*) FROM refused")
        rows = store.rows(
            "SELECT received, status, batch_index, reason, field, message, operation, later FROM refused"
            " ORDER BY sequence DESC LIMIT ? OFFSET ?",
            (-1 if part.limit is None else part.limit, part.offset),
        )
    names = ("received", "status", "batch_index", "reason", "field", "message")
    found = [
        {
            **dict(zip(names, row, strict=False)),
            "operation": orjson.loads(row[6]) if row[6] else None,
            "failed_later": bool(row[7]),
        }
        for row in rows
    ]
    return {"refused": found, "total": total}


def delivery(found: Service) -> dict[str, Any]:
    """Returns the traffic: all counts, the faults, and what happened in each second."""
    series = [
        {
            "second": second,
            "requests": entry.requests,
            "operations": entry.operations,
            "body_bytes": entry.body_bytes,
            "mean_seconds": entry.seconds / entry.requests,
            "answers": dict(entry.answers),
        }
        for second, entry in found.meter.series()
    ]
    limit = found.faults.rate_limit_per_second or REQUESTS_PER_SECOND
    return {"stats": found.stats(), "faults": found.faults.to_json(), "limit": limit, "series": series}


def _order(found: Person) -> tuple[str, str]:
    return (found.email or found.id or "").lower(), found.cio_id


def _object(directory: Directory, key: ObjectKey) -> dict[str, Any]:
    found = directory.objects[key]
    return {
        "object_type_id": key[0],
        "object_id": key[1],
        "attributes": found.attributes,
        "relationships": [
            {
                "person": member.name() if isinstance(member, Person) else {"anonymous_id": member},
                "relationship_attributes": attributes,
            }
            for member, attributes in directory.members(key)
        ],
    }


@dataclass(frozen=True, slots=True)
class _Query:
    """Which lines of the activity log are wanted.

    Attributes:
        condition: SQL, never made of anybody's text.
        parameters: The values of its parameters.
        order: `received` or `time`.
    """

    condition: str
    parameters: dict[str, Any]
    order: str


def _activity(directory: Directory, store: Store, query: _Query, part: Slice) -> dict[str, Any]:
    store.activity.spread()
    condition, parameters = query.condition, query.parameters
    by = "time DESC, sequence DESC" if query.order == "time" else "sequence DESC"
    ((total,),) = store.rows(f"SELECT count(*) FROM activity WHERE {condition}", parameters)  # noqa: S608
    rows = store.rows(
        "SELECT sequence, type, name, person, anonymous_id, identifier, time, received, ulid, operation"  # noqa: S608
        f" FROM activity WHERE {condition} ORDER BY {by} LIMIT :limit OFFSET :offset",
        {**parameters, "limit": -1 if part.limit is None else part.limit, "offset": part.offset},
    )
    lines = []
    for sequence, kind, name, key, anonymous_id, sent_as, time, received, ulid, text in rows:
        operation = orjson.loads(text)
        lines.append(
            {
                "sequence": sequence,
                "type": kind,
                "name": name,
                "person": _person_of(directory, key),
                "anonymous_id": anonymous_id,
                "identifier": sent_as,
                "timestamp": time,
                "received": received,
                "id": ulid,
                "attributes": operation.get("attributes", {}),
                "operation": operation,
            }
        )
    return {"activity": lines, "total": total}


def _person_of(directory: Directory, key: int | None) -> dict[str, Any] | None:
    if key is None:
        return None
    found = directory.people[key]
    if found.state == "suppressed":
        return {"forgotten": True}
    return found.name() if found.state == "active" else {**found.name(), "state": found.state}
