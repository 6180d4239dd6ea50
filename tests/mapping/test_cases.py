"""The cases are complete: what somebody adds to the mapping has an example."""

from __future__ import annotations

from hamcrest import assert_that, empty

from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.mapping.special_events import SPECIAL_EVENTS
from customerio_beam.setting import declarations
from tests.cases.tables import TABLES

CASES = [case for cases in TABLES.values() for case in cases]


def test_every_event_with_a_meaning_of_its_own_has_a_case() -> None:
    payloads = [case.payload for case in CASES if isinstance(case.payload, str)]
    missing = [name for name in SPECIAL_EVENTS if not any(f'"event": "{name}"' in payload for payload in payloads)]
    assert_that(missing, empty(), "add cases of these events to tests/cases/special_events.py")


def test_every_option_of_the_mapping_has_a_case() -> None:
    missing = [
        option.name
        for option in declarations(MappingSettings)
        if all(getattr(case.settings, option.name) == option.default for case in CASES)
    ]
    assert_that(missing, empty(), "add cases to tests/cases/ that set these options")
