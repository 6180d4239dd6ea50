"""Which events there are, and when they happened."""

from __future__ import annotations

from typing import Final

import msgspec

from customerio_beam.mapping.calls import event_name
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.profile.counts import Counts
from customerio_beam.profile.masking import masked_name
from customerio_beam.profile.profile import Profile

__all__ = ["DAY_MS", "EventsProfile", "event_key", "split_name"]

DAY_MS: Final = 86_400_000
#: 27 years of days. Times far from all others are senders' mistakes.
_MAX_DAYS: Final = 10_000
_SEPARATOR: Final = ":"


class EventsProfile(Profile):
    """Events that can be read, before the rules.

    Attributes:
        settings: The job's choices about the mapping: one says how a page is named.
        shows_values: Whether names of pages keep the queries of URLs.
        names: How many there are by call and name (``event_key``).
        days: How many there are on each day (UTC), by the day's number since 1970.
        first_ms: The first event's time in unix milliseconds; None without events.
        last_ms: The last one's.
    """

    settings: MappingSettings = MappingSettings()
    shows_values: bool = False
    names: Counts = msgspec.field(default_factory=Counts)
    days: Counts = msgspec.field(default_factory=lambda: Counts(limit=_MAX_DAYS))
    first_ms: int | None = None
    last_ms: int | None = None

    def add(self, element: Event) -> None:
        """Count an event."""
        key = event_key(element, self.settings)
        self.names.add(key if self.shows_values else masked_name(key))
        self.days.add(str(element.time_ms // DAY_MS))
        self._span(element.time_ms, element.time_ms)

    def merge(self, other: EventsProfile) -> None:
        """Add the events of another part of the input."""
        self.names.merge(other.names)
        self.days.merge(other.days)
        if other.first_ms is not None and other.last_ms is not None:
            self._span(other.first_ms, other.last_ms)

    def _span(self, first_ms: int, last_ms: int) -> None:
        self.first_ms = first_ms if self.first_ms is None else min(self.first_ms, first_ms)
        self.last_ms = last_ms if self.last_ms is None else max(self.last_ms, last_ms)


def event_key(event: Event, settings: MappingSettings) -> str:
    """Return an event's call and name, as ``track:Order Completed``; ``identify:`` for calls without names."""
    return f"{event.call}{_SEPARATOR}{event_name(event, settings) or ''}"


def split_name(key: str) -> tuple[str, str]:
    """Return the call and the name that ``event_key`` has joined."""
    call, _, name = key.partition(_SEPARATOR)
    return call, name
