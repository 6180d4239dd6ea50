"""The choices that a user has about the mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from customerio_beam.setting import Setting, check_settings, setting

__all__ = ["IdentifyBy", "MappingSettings", "OversizeAttributes"]

IdentifyBy = Literal["auto", "id", "email"]
OversizeAttributes = Literal["dead_letter", "send"]

#: The most attributes that a person may have (Track API limits), so the most that one identify call can use.
MAX_ATTRIBUTES: Final = 300


@dataclass(frozen=True)
class MappingSettings:
    """How events become operations. Each field says what it does.

    Raises:
        ValueError: A value is out of its range.
    """

    identify_by: IdentifyBy = setting(
        "auto",
        Setting(
            "how a userId names a person. auto: as an email if it looks like one, else as an id; id: always as an id; "
            "email: by the event's email before its userId"
        ),
    )
    convert_dates: bool = setting(
        True, Setting("turn ISO 8601 dates in traits and properties into unix seconds", metavar="true|false")
    )
    max_attributes_per_identify: int = setting(
        30,
        Setting("attributes in one identify call; the rest go into further calls", least=1, most=MAX_ATTRIBUTES),
    )
    oversize_attributes: OversizeAttributes = setting(
        "dead_letter",
        Setting(
            "what happens to attributes over Customer.io's limits. dead_letter: record them and send the rest; send: "
            "send them anyway"
        ),
    )

    def __post_init__(self) -> None:
        check_settings(self)
