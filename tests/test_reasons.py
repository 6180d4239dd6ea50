"""The table of reasons, the code that gives them, and the page that explains them agree."""

from __future__ import annotations

from hamcrest import assert_that, empty, equal_to

from customerio_beam.reasons import REASONS
from customerio_beam.transforms.dead_letter import dead_letter
from tests.helpers.reasons_in_code import reasons_in

PACKAGES = ("customerio_beam/mapping", "customerio_beam/reading", "transforms", "customerio_beam/delivery", "pipeline")

#: Reasons that code passes on as a value, not as text where the record is made.
_PASSED_ON = {"retries_exhausted", "replayed_too_often"}


def test_the_table_has_every_reason_that_the_code_gives() -> None:
    assert_that(_given() - REASONS.keys(), empty(), "add these reasons to customerio_beam/reasons.py")


def test_the_code_gives_every_reason_of_the_table() -> None:
    assert_that(REASONS.keys() - _given(), empty(), "customerio_beam/reasons.py has reasons that no code gives")


def test_a_record_is_as_retryable_as_its_reason() -> None:
    made = {
        code: b'"retryable":true' in dead_letter(stage="map", reason=code, detail="", payload=b"", failed_at=0)
        for code in REASONS
    }
    assert_that(made, equal_to({code: reason.is_retryable for code, reason in REASONS.items()}))


def _given() -> set[str]:
    return {reason for package in PACKAGES for reason in reasons_in(package)} | _PASSED_ON
