"""The options of the commands beside ``run``. Imports no Beam."""

from __future__ import annotations

from dataclasses import dataclass

from customerio_beam.people.actions import Action
from customerio_beam.setting import Setting, check_settings, setting

__all__ = ["PeopleSettings", "PurgeSettings", "ReportSettings", "ValidateSettings"]

_IDS = Setting(
    "list of people, local or gs://: one id or email a line, or CSV with the header id,email,cio_id (or a part of it)",
    metavar="FILE",
)
_DEAD_LETTERS = Setting(
    "the dead letters' files: the PREFIX that the run had, a folder, or a pattern; local or gs://", metavar="PREFIX"
)


@dataclass(frozen=True)
class PeopleSettings:
    """Whom ``people`` is about, and what it does to them."""

    ids: str | None = setting(None, _IDS)
    action: Action | None = setting(
        None,
        Setting(
            "suppress: delete them, and keep their identifiers from being added again; unsuppress: let these be added "
            "again; delete: delete them, until their next event; unsubscribe: keep them, and stop their messages"
        ),
    )
    confirm: int | None = setting(None, Setting("the number of rows in the list; without it, nothing is sent", least=1))
    receipts: str | None = setting(
        None, Setting("local file to which a receipt for each person is appended, as JSON lines", metavar="FILE")
    )
    blocklist: str | None = setting(
        None,
        Setting(
            "local file to which the people's identifiers are added, one a line, before anything is sent; with "
            "suppress and delete",
            metavar="FILE",
        ),
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class PurgeSettings:
    """Whose records ``purge`` removes, and from where."""

    dead_letters: str | None = setting(None, _DEAD_LETTERS)
    ids: str | None = setting(None, _IDS)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class ReportSettings:
    """What ``report`` reads and writes."""

    dead_letters: str | None = setting(None, _DEAD_LETTERS)
    report: str | None = setting(None, Setting("write the report here as one HTML page, too", metavar="FILE.html"))
    show_values: bool = setting(False, Setting("show the values that messages quote; they may be personal data"))

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class ValidateSettings:
    """What ``validate`` looks at and writes."""

    sample: float = setting(
        1.0,
        Setting(
            "share of the visitors whose events are looked at, such as 0.01: the same ones in each run", above=0, most=1
        ),
    )
    compare: str | None = setting(
        None,
        Setting("another rules file: say what would change if it took the place of --rules", metavar="PATH"),
    )
    tracking_plan: str | None = setting(
        None, Setting("JSON file with a JSON Schema for each event: list the events that break theirs", metavar="PATH")
    )
    report: str | None = setting(None, Setting("write the report here as one HTML page, too", metavar="FILE.html"))
    show_values: bool = setting(False, Setting("show the values of events in examples; they may be personal data"))

    def __post_init__(self) -> None:
        check_settings(self)
