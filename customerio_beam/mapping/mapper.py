"""Mapping: one event to Customer.io's operations, written and within the limits."""

from __future__ import annotations

from typing import Any, Final

from customerio_beam.mapping import json_text
from customerio_beam.mapping.anonymous import claim_of
from customerio_beam.mapping.calls import CALL_MAPPERS
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.limits import drop_oversize, fit
from customerio_beam.mapping.mapped import Claim, Mapped, UnsentPart
from customerio_beam.mapping.names import cut_name
from customerio_beam.mapping.operation import Parts
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.mapping.special_events import SPECIAL_EVENTS

__all__ = ["map_event"]

_WITH_LIMITED_ATTRIBUTES: Final = ("identify", "identify_anonymous")
_NAMED: Final = ("event", "page", "screen")
_CLAIMING: Final = ("identify", "merge")


def map_event(event: Event, settings: MappingSettings) -> Mapped:
    """Map one event.

    Args:
        event: The event; it is not changed.
        settings: The job's choices.

    Returns:
        Its operations, and what the later steps need to know about them.

    Raises:
        InvalidEvent: The event has no operation; docs/dead-letters.md lists the reasons.

    Example:
        >>> [event] = read_events(b'{"type": "track", "userId": "u1", "event": "Ordered", "timestamp": 1700000000}')
        >>> map_event(event, MappingSettings()).operations
        [b'{"type":"person","action":"event","identifiers":{"id":"u1"},...}']
    """
    operations: list[bytes] = []
    unsent: list[UnsentPart] = []
    names_truncated = 0
    anonymous_id: str | None = None
    claim: Claim | None = None
    try:
        for part in _parts(event, settings):
            if isinstance(part, InvalidEvent):
                unsent.append(UnsentPart(part.reason, part.detail))
                continue
            action: str = part["action"]
            if action in _WITH_LIMITED_ATTRIBUTES and settings.oversize_attributes == "dead_letter":
                part, oversize = drop_oversize(part)  # noqa: PLW2901
                unsent.extend([UnsentPart("attribute_too_long", found.detail, found) for found in oversize])
            try:
                operations += fit(part, settings)
            except InvalidEvent as error:
                if not operations:
                    raise
                # The device of an event that is sent itself.
                unsent.append(UnsentPart(error.reason, error.detail))
                continue
            if action in _NAMED:
                anonymous_id = part["identifiers"].get("anonymous_id")
                if "full_name" in part["attributes"]:
                    names_truncated += _name_was_cut(part)
            elif action == "identify_anonymous":
                anonymous_id = event.anonymous_id
            elif action in _CLAIMING:
                claim = claim_of(part, event)
    except json_text.InvalidJson as too_deep:
        raise InvalidEvent("invalid_json", f"The event is {too_deep}.") from None
    return Mapped(operations, unsent, names_truncated, anonymous_id, claim)


def _parts(event: Event, settings: MappingSettings) -> Parts:
    if event.call == "track":
        name = event.fields.event
        if isinstance(name, str) and name in SPECIAL_EVENTS:
            return SPECIAL_EVENTS[name](event, settings)
    return CALL_MAPPERS[event.call](event, settings)


def _name_was_cut(operation: dict[str, Any]) -> bool:
    full_name = operation["attributes"]["full_name"]
    return isinstance(full_name, str) and full_name != operation["name"] and cut_name(full_name) == operation["name"]
