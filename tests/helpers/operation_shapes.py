"""The shapes of Track API operations, as facts of Customer.io's reference that the mapping's operations must meet.

They share nothing with the mapping. Each shape is a JSON Schema for one ``type`` and ``action``. ``shape_faults``
checks an operation against its shape, and then its id, name and time, for which a schema is too weak.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema

__all__ = ["shape_faults"]

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_IDENTIFIER: Schema = {"type": "string", "minLength": 1}
_INTEGER: Schema = {"type": "integer"}
_OBJECT: Schema = {"type": "object"}

_KNOWN = ("id", "email", "phone", "cio_id")
#: Merges and relationships name nobody by phone.
_RELATED = ("id", "email", "cio_id")
_VISITOR = ("anonymous_id",)

#: A person has one identifier, an object has these two.
_OBJECT_IDENTIFIERS: Schema = {
    "type": "object",
    "required": ["object_type_id", "object_id"],
    "properties": {"object_type_id": _IDENTIFIER, "object_id": _IDENTIFIER},
    "additionalProperties": False,
}

#: Attributes that campaigns and pages read themselves; all others take any JSON.
_EVENT_ATTRIBUTES: Schema = {
    "type": "object",
    "properties": {"recipient": _TEXT, "from_address": _TEXT, "reply_to": _TEXT},
}
_PAGE_ATTRIBUTES: Schema = {
    "type": "object",
    "properties": {
        "path": _TEXT,
        "referrer": _TEXT,
        "search": _TEXT,
        "title": _TEXT,
        "url": _TEXT,
        "keywords": {"type": "array", "items": _TEXT},
    },
}
_PERSON_ATTRIBUTES: Schema = {
    "type": "object",
    "properties": {
        "_update": {"type": "boolean"},
        "cio_subscription_preferences": {
            "type": "object",
            "properties": {"topics": {"type": "object", "additionalProperties": {"type": "boolean"}}},
        },
    },
}
_DEVICE: Schema = {
    "type": "object",
    "required": ["token", "platform"],
    "properties": {
        "token": _IDENTIFIER,
        "platform": {"enum": ["ios", "android"]},
        "last_used": _INTEGER,
        "attributes": {
            "type": "object",
            "properties": {"push_enabled": {"enum": ["true", "false"]}},
            "additionalProperties": _TEXT,
        },
    },
    "additionalProperties": False,
}

_PUSH_METRICS = ["opened", "converted", "delivered"]
_METRICS = ["bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed"]

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}").fullmatch


def _one_of(*names: str) -> Schema:
    """Describe identifiers: exactly one, by one of these names."""
    return {
        "type": "object",
        "properties": dict.fromkeys(names, _IDENTIFIER),
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _related(identifiers: Schema) -> Schema:
    """Describe ``cio_relationships``."""
    return {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["identifiers"],
            "properties": {"identifiers": identifiers, "relationship_attributes": _OBJECT},
            "additionalProperties": False,
        },
    }


def _person(*required: str, identifiers: Schema | None = None, **fields: Schema) -> Schema:
    return _operation(*required, identifiers=identifiers or _one_of(*_KNOWN), **fields)


def _object(*required: str, **fields: Schema) -> Schema:
    return _operation(*required, identifiers=_OBJECT_IDENTIFIERS, **fields)


def _operation(*required: str, **fields: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["type", "action", *[name for name in ("identifiers",) if name in fields], *required],
        "properties": {"type": _TEXT, "action": _TEXT, **fields},
        "additionalProperties": False,
    }


def _named(attributes: Schema) -> Schema:
    return _person(
        "id",
        "name",
        "attributes",
        identifiers=_one_of(*_KNOWN, *_VISITOR),
        id=_TEXT,
        name=_TEXT,
        timestamp=_INTEGER,
        attributes=attributes,
    )


_SHAPES: dict[tuple[str, str], Schema] = {
    ("person", "identify"): _person(
        "attributes",
        timestamp=_INTEGER,
        attributes=_PERSON_ATTRIBUTES,
        cio_relationships=_related(_OBJECT_IDENTIFIERS),
    ),
    ("person", "event"): _named(_EVENT_ATTRIBUTES),
    ("person", "page"): _named(_PAGE_ATTRIBUTES),
    ("person", "screen"): _named(_OBJECT),
    ("person", "delete"): _person(),
    ("person", "suppress"): _person(),
    ("person", "unsuppress"): _person(),
    ("person", "add_device"): _person("device", device=_DEVICE),
    ("person", "delete_device"): _person(
        "device",
        device={"type": "object", "required": ["token"], "properties": {"token": _IDENTIFIER}},
    ),
    ("person", "merge"): _operation("primary", "secondary", primary=_one_of(*_RELATED), secondary=_one_of(*_RELATED)),
    ("object", "identify"): _object("attributes", attributes=_OBJECT, cio_relationships=_related(_one_of(*_RELATED))),
    ("object", "identify_anonymous"): _object(
        "attributes", attributes=_OBJECT, cio_relationships=_related(_one_of(*_VISITOR))
    ),
    ("object", "delete"): _object(),
    ("object", "delete_relationships"): _object("cio_relationships", cio_relationships=_related(_one_of(*_RELATED))),
    ("delivery", "event"): _operation(
        "name",
        "attributes",
        identifiers=_one_of("id"),
        name={"enum": _PUSH_METRICS},
        attributes={
            "type": "object",
            "required": ["device_token"],
            "properties": {"device_token": _IDENTIFIER},
            "additionalProperties": False,
        },
    ),
    # A call of v1, as a dry run writes it.
    ("delivery", "metric"): _operation(
        "name",
        "attributes",
        identifiers=_one_of("id"),
        name={"enum": _METRICS},
        timestamp=_INTEGER,
        attributes={
            "type": "object",
            "properties": {"recipient": {"type": ["string", "integer"]}, "reason": _TEXT, "href": _TEXT},
            "additionalProperties": False,
        },
    ),
}


@cache
def _validator(kind: tuple[str, str]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_SHAPES[kind])


def shape_faults(operation: dict[str, Any]) -> list[str]:
    """Return the faults of an operation against its shape; none for an operation that the Track API takes."""
    kind = (operation.get("type", ""), operation.get("action", ""))
    if kind not in _SHAPES:
        return [f"there is no operation {kind}"]
    faults = [
        f"{'/'.join(map(str, error.absolute_path)) or 'the operation'}: {error.message}"
        for error in _validator(kind).iter_errors(operation)
    ]
    if faults:
        return faults
    timestamp = operation.get("timestamp")
    if timestamp is not None and not 86_400 <= timestamp < 10**10:
        faults.append(f"timestamp {timestamp!r} is not whole unix seconds")
    if kind[0] == "person" and kind[1] in ("event", "page", "screen"):
        if _ULID(operation["id"]) is None:
            faults.append(f"id {operation['id']!r} is no ULID")
        if not operation["name"] or operation["name"] != operation["name"].strip():
            faults.append(f"name {operation['name']!r} is empty or not trimmed")
    return faults
