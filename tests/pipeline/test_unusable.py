"""A run whose input is mostly unusable says so in its last line, and exits with 3."""

from __future__ import annotations

import datetime
import gzip
import json
import logging
import os
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.metrics import MetricsFilter
from apache_beam.testing.util import assert_that as assert_collection
from apache_beam.testing.util import is_empty
from hamcrest import assert_that, contains_string, ends_with, equal_to, is_, not_, starts_with

from customerio_beam.pipeline.main import run
from customerio_beam.pipeline.unusable import line_number
from customerio_beam.reading.payload import Payload
from customerio_beam.transforms import ParseEvents
from customerio_beam.transforms.bundle_tally import LOGGER
from tests.pipeline.events import track

_NAMELESS = {**track("A name"), "event": ""}
_OPTED_OUT = {**track("A name"), "integrations": {"All": False}}
_HELD = {**track("A name"), "timestamp": datetime.datetime.now(datetime.timezone.utc).isoformat()}


@pytest.fixture
def dry_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run_with(*lines: dict[str, Any] | bytes, options: tuple[str, ...] = (), name: str = "in.ndjson") -> _Done:
        path = tmp_path / name
        texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        path.write_bytes(b"".join(text + b"\n" for text in texts))
        given = () if any(option.startswith("--input=") for option in options) else (f"--input={path}",)
        arguments = [f"--operations_output={tmp_path}/operations", f"--dead_letters={tmp_path}/dead"]
        status = run([*given, *arguments, *options])
        return _Done(status, (capsys.readouterr().err.strip().splitlines() or [""])[-1])

    return run_with


class _Done:
    def __init__(self, status: int, last_line: str):
        self.status = status
        self.last_line = last_line


def test_most_events_unusable_is_exit_status_3(dry_run: Any) -> None:
    assert_that(dry_run(track("One"), b"{", _NAMELESS).status, is_(3))


def test_half_of_the_events_unusable_is_exit_status_0(dry_run: Any) -> None:
    assert_that(dry_run(track("One"), _NAMELESS).status, is_(0))


def test_most_events_filtered_is_exit_status_3(dry_run: Any) -> None:
    assert_that(dry_run(track("One"), _OPTED_OUT, _OPTED_OUT).status, is_(3))


def test_events_that_were_not_asked_whether_they_opt_out_are_used(dry_run: Any) -> None:
    assert_that(dry_run(track("One"), _OPTED_OUT, _OPTED_OUT, options=("--integrations=ignore",)).status, is_(0))


def test_held_events_are_not_unusable(dry_run: Any) -> None:
    assert_that(dry_run(_HELD, _HELD).status, is_(0))


def test_whoever_allows_unusable_input_reads_the_line_and_gets_0(dry_run: Any) -> None:
    done = dry_run(b"}", options=("--allow_unusable",))
    assert_that((done.status, done.last_line.split(":")[0]), equal_to((0, "UNUSABLE INPUT")))


def test_the_line_counts_the_reasons_the_most_frequent_first_with_a_place_each(dry_run: Any, tmp_path: Path) -> None:
    done = dry_run(track("One"), _NAMELESS, _OPTED_OUT, b"{", b"}", _OPTED_OUT, _OPTED_OUT)
    at = f"{tmp_path}/in.ndjson"
    assert_that(
        done.last_line,
        starts_with(
            f"UNUSABLE INPUT: 6 of 7 events were not used: 3 filtered (first: {at}, line 3); "
            f"2 invalid_json (first: {at}, line 4); 1 missing_event_name (first: {at}, line 2)."
        ),
    )


def test_a_files_name_can_not_act_on_the_terminal(dry_run: Any) -> None:
    assert_that(dry_run(b"}", name="in\x1b[2J.ndjson").last_line, contains_string(r"in\x1b[2J.ndjson, line 1"))


def test_a_named_file_without_events_is_exit_status_3(dry_run: Any, tmp_path: Path) -> None:
    done = dry_run()
    assert_that(
        (done.status, done.last_line.split(". ")[0]),
        equal_to((3, f"UNUSABLE INPUT: there is no event in {tmp_path}/in.ndjson")),
    )


def test_a_pattern_may_match_files_without_events(dry_run: Any, tmp_path: Path) -> None:
    assert_that(dry_run(options=(f"--input={tmp_path}/*.ndjson",)).status, is_(0))


def test_dead_letters_that_fail_again_are_not_unusable_input(dry_run: Any, tmp_path: Path) -> None:
    dry_run(_NAMELESS, _NAMELESS)
    replay = (f"--input={tmp_path}/dead*.ndjson", "--input_format=dead_letters")
    assert_that(dry_run(options=replay).status, is_(0))


def test_events_where_dead_letters_should_be_are_unusable_input(dry_run: Any) -> None:
    done = dry_run(track("One"), options=("--input_format=dead_letters",))
    assert_that((done.status, "1 not_a_dead_letter" in done.last_line), equal_to((3, True)))


def test_lines_are_counted_in_the_text_of_a_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "in.gz"
    path.write_bytes(gzip.compress(b"1\n2\n3\n"))
    assert_that(line_number(str(path), 4), equal_to(3))


def test_a_pipe_has_no_line_numbers(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert_that(line_number(f"{tmp_path}/pipe", 4), is_(None))


def test_a_bundle_that_is_mostly_unusable_is_a_log_line_and_a_count(caplog: pytest.LogCaptureFixture) -> None:
    LOGGER.setLevel(logging.WARNING)
    pipeline = beam.Pipeline("FnApiRunner")
    text = b'{"private": 1}\n[]\n{"type": "secret"}\n'
    parsed = pipeline | beam.Create([Payload(text, "gs://b/in", 0, is_lines=True)]) | ParseEvents()
    assert_collection(parsed.events, is_empty())
    result = pipeline.run()
    result.wait_until_finish()
    [found] = result.metrics().query(MetricsFilter().with_name("in_unusable_bundles"))["counters"]
    [message] = [record.getMessage() for record in caplog.records if record.name == LOGGER.name]
    assert_that(found.committed, equal_to(2))
    assert_that(message, ends_with("filtered: unknown_type at byte 0 of gs://b/in"))
    assert_that(message, not_(contains_string("secret")))
