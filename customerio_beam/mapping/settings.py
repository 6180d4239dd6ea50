"""What a user can choose about the mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["IdentifyBy", "MappingSettings", "OversizeAttributes"]

IdentifyBy = Literal["auto", "id", "email"]
OversizeAttributes = Literal["dead_letter", "send"]

#: The most attributes that a person may have (Track API limits), so the most that one identify call can use.
MAX_ATTRIBUTES: Final = 300


@dataclass(frozen=True)
class MappingSettings:
    """The choices of one job.

    Attributes:
        identify_by: ``auto``: a userId that looks like an email is one. ``id``: a userId is never an email, for
            workspaces that use emails as plain ids. ``email``: the event's email goes before its userId, for
            workspaces where the email is the id on record.
        convert_dates: Turn ISO 8601 dates in traits and properties into unix seconds.
        max_attributes_per_identify: Attributes in one identify operation, 1 to 300; further ones go into further
            operations.
        oversize_attributes: What happens to attributes over Customer.io's limits: ``dead_letter`` sends the
            operation without them and records each one, ``send`` sends them anyway.
    """

    identify_by: IdentifyBy = "auto"
    convert_dates: bool = True
    max_attributes_per_identify: int = 30
    oversize_attributes: OversizeAttributes = "dead_letter"

    def __post_init__(self) -> None:
        if self.identify_by not in ("auto", "id", "email"):
            raise ValueError(f"identify_by is {self.identify_by!r}; it takes auto, id or email")
        if not 1 <= self.max_attributes_per_identify <= MAX_ATTRIBUTES:
            raise ValueError(
                f"max_attributes_per_identify is {self.max_attributes_per_identify}; it takes 1 to {MAX_ATTRIBUTES}"
            )
        if self.oversize_attributes not in ("dead_letter", "send"):
            raise ValueError(f"oversize_attributes is {self.oversize_attributes!r}; it takes dead_letter or send")
