"""The settings of a workspace."""

from __future__ import annotations

from dataclasses import dataclass

from customerio_beam.sandbox.rules.limits import MAX_ATTRIBUTES


@dataclass(frozen=True)
class Settings:
    """How the workspace behaves where Customer.io leaves a choice.

    Attributes:
        create_unknown: Whether an event (or device, or relationship) of somebody unknown creates that person.
        max_attributes: Attributes that one identify call may carry; the sandbox drops further ones.
        merge_anonymous: Whether anonymous events are joined to people ("event merging" in a workspace's settings).
        identify_by_phone: Whether a phone number identifies a person.
        count_only: Count the operations of each request and do nothing else: no checks, no state.
    """

    create_unknown: bool = True
    max_attributes: int = MAX_ATTRIBUTES
    merge_anonymous: bool = True
    identify_by_phone: bool = False
    count_only: bool = False
