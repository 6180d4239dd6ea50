"""All tables, in the contract's order."""

from __future__ import annotations

from tests.cases import calls, fields, input_forms, limits, people, special_events, ulids, values
from tests.cases.case import Case

__all__ = ["TABLES"]

TABLES: dict[str, list[Case]] = {
    "input forms": input_forms.CASES,
    "type": fields.TYPE,
    "identifiers": fields.IDENTIFIERS,
    "objects": fields.OBJECTS,
    "timestamp": fields.TIMESTAMP,
    "integrations": fields.INTEGRATIONS,
    "person": people.CASES,
    "track": calls.TRACK,
    "page": calls.PAGE,
    "screen": calls.SCREEN,
    "identify": calls.IDENTIFY,
    "group": calls.GROUP,
    "alias": calls.ALIAS,
    "devices": special_events.DEVICES,
    "device tokens": special_events.TOKENS,
    "device platform": special_events.PLATFORMS,
    "deleting and suppressing": special_events.PEOPLE,
    "deleting objects": special_events.OBJECTS,
    "deliveries": special_events.DELIVERIES,
    "dates": values.DATES,
    "other values": values.EXACT,
    "ulid": ulids.CASES,
    "splitting": limits.SPLIT,
    "attribute sizes": limits.ATTRIBUTES,
    "operation sizes": limits.OPERATIONS,
}
