"""What would be sent: operations, the requests that carry them, and what they set."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.delivery.v1 import goes_by_v1
from customerio_beam.mapping import json_text
from customerio_beam.mapping.campaigns import can_trigger
from customerio_beam.profile.attributes import Attributes
from customerio_beam.profile.counts import Counts
from customerio_beam.profile.masking import masked_name
from customerio_beam.profile.profile import Profile

__all__ = ["OperationsProfile"]

#: Whose attributes the operations of an entity hold: of its own kind for these actions, else of an event.
_IDENTIFYING: Final = ("identify", "identify_anonymous")


class OperationsProfile(Profile):
    """Operations that would be sent.

    Attributes:
        recent_from_ms: Events from this time on can trigger campaigns, in unix milliseconds.
        shows_values: Whether names of pages keep the queries of URLs.
        kinds: How many there are by entity and action, as ``person event``.
        batched: How many go in batches.
        batched_bytes: Their size in these, with the commas between them.
        single: How many need a v1 call of their own.
        recent: Events that could trigger campaigns, by their name.
        person_attributes: The attributes of people.
        object_attributes: The attributes of objects.
        event_properties: The properties of events.
    """

    recent_from_ms: int = 0
    shows_values: bool = False
    kinds: Counts = msgspec.field(default_factory=Counts)
    batched: int = 0
    batched_bytes: int = 0
    single: int = 0
    recent: Counts = msgspec.field(default_factory=Counts)
    person_attributes: Attributes = msgspec.field(default_factory=Attributes)
    object_attributes: Attributes = msgspec.field(default_factory=Attributes)
    event_properties: Attributes = msgspec.field(default_factory=Attributes)

    def add(self, element: KeyedOperation) -> None:
        """Count an operation."""
        _, (time_ms, operation, _) = element
        if goes_by_v1(operation):
            self.single += 1
        else:
            self.batched += 1
            self.batched_bytes += len(operation) + 1
        fields: dict[str, Any] = json_text.loads(operation)
        self.kinds.add(f"{fields['type']} {fields['action']}")
        if time_ms >= self.recent_from_ms and can_trigger(fields):
            name = str(fields.get("name", ""))
            self.recent.add(name if self.shows_values else masked_name(name))
        attributes = fields.get("attributes")
        if attributes:
            if fields["action"] not in _IDENTIFYING:
                self.event_properties.add_all(attributes, limited=False)
            elif fields["type"] == "object":
                self.object_attributes.add_all(attributes, limited=True)
            else:
                self.person_attributes.add_all(attributes, limited=True)

    def merge(self, other: OperationsProfile) -> None:
        """Add the operations of another part of the input."""
        self.kinds.merge(other.kinds)
        self.batched += other.batched
        self.batched_bytes += other.batched_bytes
        self.single += other.single
        self.recent.merge(other.recent)
        self.person_attributes.merge(other.person_attributes)
        self.object_attributes.merge(other.object_attributes)
        self.event_properties.merge(other.event_properties)

    @property
    def total(self) -> int:
        """How many there are."""
        return self.batched + self.single

    def requests(self, settings: DeliverySettings, share: float = 1.0) -> int:
        """Return how many requests carry them, if every batch is full.

        Args:
            settings: How large a batch may be.
            share: Which share of all operations these are; the result is about all of them.
        """
        by_bytes = self.batched_bytes / share / settings.max_batch_bytes
        by_count = self.batched / share / settings.max_batch_operations
        return math.ceil(max(by_bytes, by_count)) + math.ceil(self.single / share)
