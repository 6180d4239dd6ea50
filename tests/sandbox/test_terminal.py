"""The lists that a terminal shows: aligned, and safe whatever an event carries."""

from __future__ import annotations

import pytest
import wcwidth
from hamcrest import assert_that, contains_string, equal_to, has_length, less_than, starts_with

from customerio_beam.sandbox.terminal import activity_lines, main, people_lines
from tests.sandbox.conftest import Client, event, identify


def person(email: str, who: str = "u1") -> dict[str, object]:
    return {"email": email, "id": who, "subscribed": True}


def test_columns_are_aligned_whatever_the_width_of_the_characters() -> None:
    lines = people_lines([person("東京@example.com"), person("a@example.com", "한국"), person("e\u0301@example.com")])
    starts = [wcwidth.width(line[: line.index(" subscribed")]) for line in lines[1:]]
    assert_that(set(starts), has_length(1))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb\tc", "a⟨U+000A⟩b⟨U+0009⟩c"), ("\x1b[31m", "⟨U+001B⟩[31m"), ("gnp.\u202egpj", "gnp.⟨U+202E⟩gpj")],
)
def test_control_characters_and_bidirectional_marks_are_shown(text: str, shown: str) -> None:
    lines = people_lines([person(text)])
    assert_that(lines[1].split("  ")[1], starts_with(shown))


def test_a_wide_text_is_cut() -> None:
    (_, line) = people_lines([person("東" * 100)])
    assert_that(line, contains_string("…"))
    assert_that(wcwidth.width(line), less_than(80))


def test_anonymous_activity_is_named_by_its_anonymous_id() -> None:
    line = {"type": "event", "name": "E", "person": None, "anonymous_id": "a1", "timestamp": 0}
    assert_that(
        activity_lines([line])[1].split(), equal_to(["event", "E", "anonymous", "a1", "1970-01-01", "00:00:00"])
    )


def test_both_lists_are_printed_with_their_totals(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    client.batch(identify({"email": "a@example.com"}), *(event(number) for number in range(25)))
    assert_that(main([client.sandbox.url]), equal_to(0))
    shown = capsys.readouterr().out
    assert_that(shown, contains_string("People (1)"))
    assert_that(shown, contains_string("Activity (25)"))
    assert_that(shown, contains_string("... and 5 more"))
