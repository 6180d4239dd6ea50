"""Counting the ids that are a programming language's word for nothing, so that a user can find their sender."""

from __future__ import annotations

from typing import Final

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import is_placeholder
from customerio_beam.mapping.person import placeholder_emails
from customerio_beam.mapping.places import Places, places, value_at
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.mapping.special_events import OBJECT_EVENTS

__all__ = ["placeholder_ids"]

_OBJECT_OF_IDENTIFY: Final = places("object id of identify")
_OBJECT: Final = places("object id of object events")


def placeholder_ids(event: Event, settings: MappingSettings) -> int:
    """Count the identifiers of an event that the mapping takes for missing, because they say ``undefined`` or the like.

    Args:
        event: The event, whether or not it can be mapped.
        settings: The job's choices.

    Returns:
        How many there are among its ids, the email that would have identified the person, and the object's id.
    """
    fields = event.fields
    count = placeholder_emails(event, settings.identify_by)
    # Nearly all ids are read as they are: only those that came and were taken for missing are looked at.
    if event.user_id is None and fields.user_id is not None:
        count += is_placeholder(fields.user_id)
    if event.anonymous_id is None and fields.anonymous_id is not None:
        count += is_placeholder(fields.anonymous_id)
    if event.message_id is None and fields.message_id is not None:
        count += is_placeholder(fields.message_id)
    if fields.group_id is not None:
        count += is_placeholder(fields.group_id)
    if fields.previous_id is not None:
        count += is_placeholder(fields.previous_id)
    if event.call == "identify":
        count += _count(event, _OBJECT_OF_IDENTIFY)
    elif event.call == "track" and isinstance(fields.event, str) and fields.event in OBJECT_EVENTS:
        count += _count(event, _OBJECT)
    return count


def _count(event: Event, places: Places) -> int:
    return sum([is_placeholder(value_at(event, place)) for place in places])
