"""The lists that a terminal shows: aligned, and safe whatever an event carries."""

from __future__ import annotations

import pytest
import wcwidth

from customerio_beam.sandbox.terminal import activity_lines, main, people_lines
from tests.sandbox.conftest import Client, event, identify


def person(email: str, who: str = "u1") -> dict[str, object]:
    return {"email": email, "id": who, "subscribed": True}


def test_columns_are_aligned_whatever_the_width_of_the_characters() -> None:
    lines = people_lines([person("東京@example.com"), person("a@example.com", "한국"), person("e\u0301@example.com")])
    starts = [wcwidth.width(line[: line.index(" subscribed")]) for line in lines[1:]]
    assert len(set(starts)) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb\tc", "a⟨U+000A⟩b⟨U+0009⟩c"), ("\x1b[31m", "⟨U+001B⟩[31m"), ("gnp.\u202egpj", "gnp.⟨U+202E⟩gpj")],
)
def test_control_characters_and_bidirectional_marks_are_shown(text: str, shown: str) -> None:
    lines = people_lines([person(text)])
    assert lines[1].split("  ")[1].startswith(shown)


def test_a_wide_text_is_cut() -> None:
    (_, line) = people_lines([person("東" * 100)])
    assert "…" in line
    assert wcwidth.width(line) < 80


def test_anonymous_activity_is_named_by_its_anonymous_id() -> None:
    line = {"type": "event", "name": "E", "person": None, "anonymous_id": "a1", "timestamp": 0}
    assert activity_lines([line])[1].split() == ["event", "E", "anonymous", "a1", "1970-01-01", "00:00:00"]


def test_both_lists_are_printed_with_their_totals(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    client.batch(identify({"email": "a@example.com"}), *(event(number) for number in range(25)))
    assert main([client.sandbox.url]) == 0
    shown = capsys.readouterr().out
    assert "People (1)" in shown
    assert "Activity (25)" in shown
    assert "... and 5 more" in shown
