"""The choices that a user has about the mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from customerio_beam.setting import Setting, check_settings, setting

__all__ = ["IdentifyBy", "IdentifyTimestamp", "Integrations", "MappingSettings", "OversizeAttributes", "PageName"]

IdentifyBy = Literal["auto", "id", "email", "phone"]
Integrations = Literal["respect", "ignore"]
PageName = Literal["name", "url"]
IdentifyTimestamp = Literal["event", "none"]
OversizeAttributes = Literal["dead_letter", "send"]

#: A person has at most this many attributes (Track API limits), so one identify call can't use more.
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
            "email: by the event's email before its userId; phone: as a phone number if it is in E.164 form, by the "
            "event's phone number before its userId, else as with auto"
        ),
    )
    integrations: Integrations = setting(
        "respect",
        Setting(
            "what happens to events whose integrations opt Customer.io out. respect: filter them; ignore: send them, "
            "for archives of replays that name other destinations"
        ),
    )
    page_name: PageName = setting(
        "name",
        Setting(
            "how a page is named. name: by its name, else its URL; url: by its URL, which Customer.io's segments on "
            "page views match, else its name"
        ),
    )
    identify_timestamp: IdentifyTimestamp = setting(
        "event",
        Setting(
            "the time of an identify call. event: the event's, so that an older update doesn't overwrite a newer one; "
            "none: none, so that the last to arrive wins"
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
