"""Elements of profiles, made of events as the pipeline makes them."""

from __future__ import annotations

import json
from typing import Any

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.mapping import json_text
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.person import identifiers_key, person_key
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import read_events
from customerio_beam.reading.payload import Payload

__all__ = ["SETTINGS", "TIME", "claims", "event", "operations"]

SETTINGS = MappingSettings()
TIME = "2026-11-24T10:00:00Z"


def event(**fields: Any) -> Event:
    """Read one event; it is a track call named Ordered unless the fields say otherwise."""
    given = {"type": "track", "event": "Ordered", "userId": "u1", "timestamp": TIME, **fields}
    [found] = read_events(Payload(json.dumps(given).encode(), "events.ndjson", 0))
    assert isinstance(found, Event)
    return found


def operations(found: Event) -> list[KeyedOperation]:
    key = person_key(found, SETTINGS.identify_by)
    return [(key, (found.time_ms, text, found.origin)) for text in map_event(found, SETTINGS).operations]


def claims(found: Event) -> list[KeyedOperation]:
    claim = map_event(found, SETTINGS).claim
    if claim is None:
        return []
    visitor = identifiers_key({"anonymous_id": claim.anonymous_id})
    return [(visitor, (found.time_ms, json_text.dumps(claim.person), found.origin))]
