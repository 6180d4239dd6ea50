"""``report``: what dead letters there are, in the terminal and as a page."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hamcrest import all_of, assert_that, contains_string, equal_to, has_properties, not_, starts_with

from customerio_beam.reasons import REASONS
from tests.pipeline.commands import Ended, Terminal
from tests.pipeline.job import Job


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Ended]:
    terminal = Terminal(capsys)
    return lambda *more: terminal.run("report", f"--dead_letters={tmp_path}/dead-letters", *more)


def event(**fields: Any) -> dict[str, Any]:
    return {"messageId": "m", "timestamp": "2024-01-01T00:00:00Z", **fields}


def write(folder: Path, **fields: Any) -> None:
    record = {"reason": "rejected", "detail": "No.", "failed_at": "2024-01-31T09:30:00+00:00", **fields}
    with (folder / "dead-letters-9.ndjson").open("a") as file:
        file.write(json.dumps(record) + "\n")


def test_each_reason_has_its_count_its_meaning_and_what_to_do(job: Job, report):
    job.run(event(type="page", userId="u1"), event(type="page", userId="u2"), event(type="track", userId="u1"))
    ended = report()
    assert_that((ended.status, ended.err), equal_to((3, "")))
    page, track = REASONS["missing_page_name"], REASONS["missing_event_name"]
    lines = ended.out.splitlines()
    assert_that(lines[0], starts_with("3 dead letters in "))
    assert_that(
        [line.split()[:2] for line in lines if line.startswith("missing_")],
        equal_to([[page.code, "2"], [track.code, "1"]]),
    )
    assert_that(ended.out, all_of(contains_string(f"What: {page.meaning}."), contains_string(f"Do:   {page.remedy}.")))


def test_no_dead_letters_are_status_0(report):
    assert_that(report(), has_properties(status=0, out=starts_with("0 dead letters in ")))


def test_values_are_masked_unless_they_are_asked_for(job: Job, report):
    job.run(event(type="ada@example.com", userId="u1"))
    assert_that(report().out, all_of(contains_string("type is '…'"), not_(contains_string("ada@"))))
    assert_that(report("--show_values").out, contains_string("type is 'ada@example.com'"))


def test_files_sources_and_times_are_listed(job: Job, report, tmp_path):
    job.run(event(type="page", userId="u1"))
    write(tmp_path, source={"message_id": "5"})
    out = report().out
    assert_that(out, all_of(contains_string(f"1   {tmp_path}/events-1.ndjson"), contains_string("1   (messages)")))
    assert_that(out, contains_string("1   2024-01-31 09:00"))


def test_many_hours_become_days(report, tmp_path):
    for day in (1, 2, 3):
        for hour in range(24):
            write(tmp_path, failed_at=f"2024-01-0{day}T{hour:02}:00:00+00:00")
    assert_that(report().out, contains_string("        24   2024-01-02\n"))


def test_lines_that_are_no_records_are_counted(report, tmp_path):
    (tmp_path / "dead-letters-1").write_text("one\ntwo\n\n")
    assert_that(report(), has_properties(status=3, out=contains_string("2 lines can't be read as dead letters.")))


def test_a_reason_of_another_version_is_listed(report, tmp_path):
    write(tmp_path, reason="of_the_future")
    assert_that(
        report().out, all_of(contains_string("of_the_future"), contains_string("This version has no such reason"))
    )


def test_the_page_says_what_the_terminal_says_and_is_for_this_user_alone(job: Job, report, tmp_path):
    job.run(event(type="page", userId="u1"), event(type="<script>alert(1)</script>", userId="u1"))
    path = tmp_path / "report.html"
    report(f"--report={path}", "--show_values")
    markup = path.read_text(encoding="utf-8")
    assert_that(markup, all_of(contains_string("missing_page_name"), contains_string("&lt;script&gt;alert(1)")))
    assert_that(markup, not_(contains_string("<script")))
    assert_that(stat.S_IMODE(path.stat().st_mode), equal_to(0o600))


def test_a_page_that_cant_be_written_is_said(report, tmp_path):
    ended = report(f"--report={tmp_path}/no/report.html")
    assert_that(ended, has_properties(status=2, err=contains_string("report.html can't be written to: No such file")))
