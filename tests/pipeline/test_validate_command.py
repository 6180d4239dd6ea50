"""``validate``: what would be sent, in the terminal and as a page, without credentials and without sending."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hamcrest import (
    all_of,
    assert_that,
    contains_string,
    equal_to,
    has_entries,
    has_properties,
    matches_regexp,
    not_,
    starts_with,
)

from tests.pipeline.commands import Ended, Terminal

pytestmark = pytest.mark.integration  # whole pipelines, one a test

OLD = "2024-01-01T10:00:00Z"


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUSTOMERIO_SITE_ID", "CUSTOMERIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def validate(capsys: pytest.CaptureFixture[str], write_events: Callable[..., str]) -> Callable[..., Ended]:
    terminal = Terminal(capsys)

    def run(*events: Any, options: tuple[str, ...] = ()) -> Ended:
        return terminal.run("validate", f"--input={write_events(*events)}", *options)

    return run


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], str]:
    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def track(name: str = "Ordered", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "userId": "u1", "timestamp": OLD, "messageId": name, **fields}


def counts(text: str) -> dict[str, str]:
    """Return the last word of each line by what stands before it, bars left out."""
    rows = (line.strip().rstrip("█ ").rpartition("  ") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in rows}


def test_a_clean_input_is_status_0(validate: Callable[..., Ended]) -> None:
    ended = validate(track(), track("Cart Viewed"), {"type": "identify", "userId": "u1", "timestamp": OLD})
    assert_that(ended, has_properties(status=0, err="", out=contains_string("No problems were found.")))
    assert_that(
        counts(ended.out),
        has_entries(
            {
                "Events read": "3",
                "Operations": "3",
                "Requests": "1",
                "Minutes": "under 1",
                "People": "1",
                "Dead letters": "0",
                "track": "2",
                "track:Ordered": "1",
                "person event": "2",
            }
        ),
    )
    assert_that(ended.out, contains_string("The first is of 2024-01-01 10:00:00, the last of 2024-01-01 10:00:00"))


def test_dead_letters_are_status_3_with_their_place_and_without_values(validate: Callable[..., Ended]) -> None:
    ended = validate(track(), track(userId=None, properties={"who": "ada@example.com"}), b"{")
    assert_that(ended.status, equal_to(3))
    assert_that(
        ended.out,
        all_of(
            contains_string("- Events that can't be sent: 2 (see Dead letters)"),
            matches_regexp(r"missing_identity: .*/events.ndjson, byte 115\n"),
            contains_string('"properties":{"who":"(text, 15)"}'),
            not_(contains_string("ada@")),
        ),
    )
    assert_that(validate(b'{"type": "ada@example.com"}').out, not_(contains_string("ada@")))


def test_values_are_shown_when_asked_for(validate: Callable[..., Ended]) -> None:
    ended = validate(track(userId=None, properties={"who": "ada@example.com"}), options=("--show_values",))
    assert_that(ended.out, contains_string("ada@example.com"))


def test_an_attribute_over_its_limit_is_a_problem_although_the_rest_is_sent(validate: Callable[..., Ended]) -> None:
    ended = validate({"type": "identify", "userId": "u1", "timestamp": OLD, "traits": {"notes": "x" * 1_001, "a": 1}})
    assert_that(ended.status, equal_to(3))
    assert_that(ended.out, contains_string("while the rest of the event can: 1 (see"))
    assert_that(ended.out, matches_regexp(r"notes +1  text +1,001 +1,001 +1\n"))


def test_what_is_filtered_is_counted_by_integrations_and_by_rule(
    validate: Callable[..., Ended], written: Callable[[str, str], str]
) -> None:
    rules = written("rules.yaml", 'version: 1\nevents: {deny: ["Debug *"]}\n')
    events = (track(), track("Debug a"), track("Debug b"), track("Out", integrations={"All": False}))
    ended = validate(*events, options=(f"--rules={rules}",))
    assert_that(ended.status, equal_to(0))
    assert_that(ended.out, matches_regexp(r"integrations +The event opts Customer.io out +1\n"))
    assert_that(ended.out, matches_regexp(r"events.deny +A rule of the rules file +2\n"))
    assert_that(counts(ended.out), has_entries({"Operations": "1", "Filtered": "3"}))


def test_another_rules_file_is_compared(validate: Callable[..., Ended], written: Callable[[str, str], str]) -> None:
    rules = written("rules.yaml", 'version: 1\nevents: {deny: ["Debug *"]}\n')
    other = written("other.yaml", "version: 1\nevents: {deny: [Ordered]}\nfields: {drop: [properties.card]}\n")
    events = (
        track(),
        track("Debug a"),
        track("Paid", properties={"card": "4242", "total": 1}),
        track("Home"),
    )
    ended = validate(*events, options=(f"--rules={rules}", f"--compare={other}"))
    assert_that(ended.status, equal_to(0))
    assert_that(
        ended.out,
        contains_string("3 events would change, and 1 would not. Operations: 3 before, 3 after."),
    )
    assert_that(
        counts(ended.out),
        has_entries(
            {
                "sent → filtered by events.deny": "1",
                "filtered by events.deny → sent": "1",
                "sent in another form": "1",
            }
        ),
    )
    assert_that(
        ended.out,
        all_of(
            contains_string('"attributes":{"card":"(text, 4)","total":"(whole number)"}}\n'),
            contains_string('"attributes":{"total":"(whole number)"}}\n'),
            not_(contains_string("4242")),
        ),
    )


def test_rules_are_compared_with_none(validate: Callable[..., Ended], written: Callable[[str, str], str]) -> None:
    other = written("other.yaml", "version: 1\nevents: {deny: [Ordered]}\n")
    ended = validate(track(), options=(f"--compare={other}",))
    assert_that(counts(ended.out), has_entries({"sent → filtered by events.deny": "1"}))


def test_events_that_break_the_tracking_plan_are_a_problem(
    validate: Callable[..., Ended], written: Callable[[str, str], str]
) -> None:
    plan = written("plan.json", json.dumps({"Ordered": {"required": ["total"]}}))
    ended = validate(track(), track(properties={"total": 1}), track("New"), options=(f"--tracking_plan={plan}",))
    assert_that(ended.status, equal_to(3))
    assert_that(ended.out, contains_string("- Events that break the tracking plan: 1 ("))
    assert_that(ended.out, matches_regexp(r"track:Ordered +properties +required: total +1\n"))
    assert_that(ended.out, matches_regexp(r"doesn't name\n +track:New +1"))


def test_a_sample_has_visitors_whole_and_says_that_it_is_one(validate: Callable[..., Ended]) -> None:
    events = [
        event
        for number in range(400)
        for event in (
            {"type": "page", "name": "Home", "anonymousId": f"v{number}", "timestamp": OLD},
            {"type": "identify", "userId": f"u{number}", "anonymousId": f"v{number}", "timestamp": OLD},
        )
    ]
    ended = validate(*events, options=("--sample=0.25",))
    found = counts(ended.out)
    assert_that(found["Events read"], equal_to("800"))
    assert_that(found["Joinable visitors"], equal_to(found["Anonymous visitors"]))
    assert_that(60 < int(found["Joinable visitors"]) < 140, equal_to(True))
    assert_that(ended.out, contains_string("This is a sample: the events of 25 % of the visitors."))
    assert_that(found["Operations"], starts_with("about "))
    assert_that(validate(*events, options=("--sample=0.25",)).out, equal_to(ended.out))


def test_young_events_are_said_to_be_held_back(validate: Callable[..., Ended]) -> None:
    young = track("Young", timestamp="2100-01-01T00:00:00Z")
    assert_that(validate(young).out, contains_string("1 event could trigger campaigns. A backfill holds them back"))
    ended = validate(young, options=("--backfill_recent=send",))
    assert_that(ended.out, contains_string("With --backfill_recent=send they are sent."))
    assert_that(validate(track()).out, contains_string("No event is: none could trigger a campaign."))


def test_a_time_beyond_the_calendar_is_shown(validate: Callable[..., Ended]) -> None:
    assert_that(validate(track(timestamp=999_999_999_999_999_999)).status, equal_to(0))


def test_an_input_without_events_is_a_problem(validate: Callable[..., Ended]) -> None:
    assert_that(validate(), has_properties(status=3, out=contains_string("There is no event in ")))


def test_dead_letters_of_an_earlier_run_can_be_validated(
    validate: Callable[..., Ended], job: Any, tmp_path: Path
) -> None:
    job.run({"type": "track", "userId": "u1", "timestamp": OLD})
    [path] = tmp_path.glob("dead-letters-1*")
    ended = validate(*path.read_bytes().splitlines(), options=("--input_format=dead_letters",))
    assert_that(ended, has_properties(status=3, out=contains_string("missing_event_name")))


def test_more_names_than_anybody_reads_are_summed_up(validate: Callable[..., Ended]) -> None:
    ended = validate(*(track(f"Name {number}") for number in range(200)))
    assert_that(counts(ended.out), has_entries({"(others)": "150"}))


def test_the_page_holds_what_the_terminal_shows_and_is_for_this_user_alone(
    validate: Callable[..., Ended], tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    ended = validate(track("<script>alert(1)</script>\x1b[2J\u202e"), options=(f"--report={path}",))
    markup = path.read_text(encoding="utf-8")
    assert_that(markup, contains_string("&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[2J\\u202e"))
    assert_that(markup, not_(contains_string("<script")))
    assert_that(ended.out, contains_string("<script>alert(1)</script>\\x1b[2J\\u202e"))
    assert_that(stat.S_IMODE(path.stat().st_mode), equal_to(0o600))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("--report=/no/such/folder/report.html",),
            "--report=/no/such/folder/report.html can't be written to: No such",
        ),
        (("--sample=0",), "--sample must be a number above 0"),
        (("--sample=2",), "--sample must be a number"),
        (("--rules=/no/rules.yaml",), "--rules=/no/rules.yaml: "),
        (("--compare=/no/rules.yaml",), "--compare=/no/rules.yaml: "),
        (("--tracking_plan=/no/plan.json",), "--tracking_plan=/no/plan.json can't be read"),
        (("--input_subscription=x",), "There is no option --input_subscription."),
        (("--input=/no/events.ndjson",), "/no/events.ndjson"),
    ],
)
def test_an_option_that_cant_be_right_is_status_2(
    validate: Callable[..., Ended], options: tuple[str, ...], sentence: str
) -> None:
    ended = validate(track(), options=options)
    assert_that(ended, has_properties(status=2, out="", err=contains_string(sentence)))


def test_a_plan_or_rules_that_cant_be_right_are_status_2(
    validate: Callable[..., Ended], written: Callable[[str, str], str]
) -> None:
    plan = written("plan.json", "[]")
    ended = validate(track(), options=(f"--tracking_plan={plan}",))
    assert_that(
        ended, has_properties(status=2, err=contains_string("plan.json can't be used: it is not a JSON object"))
    )
    rules = written("rules.yaml", "version: 1\nevent: {}\n")
    ended = validate(track(), options=(f"--compare={rules}",))
    assert_that(ended, has_properties(status=2, err=contains_string("rules.yaml can't be used:\n")))


def test_a_file_that_cant_be_read_to_its_end_is_status_1(validate: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "bad.gz").write_bytes(b"\x1f\x8b\x08\x00cut")
    ended = validate(track(), options=(f"--input={tmp_path / 'bad.gz'}",))
    assert_that(ended, has_properties(status=1, out="", err=contains_string("The command failed: ")))
