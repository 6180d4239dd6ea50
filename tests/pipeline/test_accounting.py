"""Every input event is in exactly one place: delivered, filtered, or dead-lettered."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from apache_beam.runners.direct.direct_runner import DirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hamcrest import (
    all_of,
    assert_that,
    contains_exactly,
    contains_inanyorder,
    empty,
    equal_to,
    has_entries,
    has_item,
    has_items,
    has_key,
    not_,
    only_contains,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customerio_beam.pipeline.summary import Summary
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.sandbox.server import RunningSandbox
from tests.pipeline.events import identify, page, track
from tests.pipeline.job import Job

BROKEN: list[tuple[bytes, str]] = [
    (b'{"type": "track", "event": "cut o', "invalid_json"),
    (b"\xff\xfe not UTF-8", "invalid_json"),
    (b"42", "not_an_object"),
    (b'{"type": "sneeze", "userId": "u1"}', "unknown_type"),
    (b'{"type": "track", "event": "E", "userId": {"a": 1}, "timestamp": 1795514400}', "invalid_field"),
    (b'{"type": "track", "event": "E", "userId": "u1", "timestamp": "soon"}', "invalid_timestamp"),
    (b'{"type": "track", "event": "E", "userId": "u1"}', "missing_timestamp"),
    (b'{"type": "track", "userId": "u1", "timestamp": 1700000000}', "missing_event_name"),
]


@dataclass(frozen=True)
class Run:
    """What came of a run over events of all kinds."""

    summary: Summary
    activity: list[dict[str, Any]]
    people: list[dict[str, Any]]
    dead_letters: list[dict[str, Any]]

    @property
    def names(self) -> list[str]:
        return [row["name"] for row in self.activity]


@pytest.fixture(scope="module")
def mixed(shared_job: Job) -> Run:
    summary = shared_job.run(
        track("Before"),
        *(line for line, _ in BROKEN),
        track("After"),
        {"batch": [track("In an envelope"), 43, {"type": "track", "userId": "u2"}]},
        track("Secret", integrations={"Customer.io": False}),
        track("Big", properties={"text": "x" * 1_000_000}),
        track("Long", properties={"text": "x" * 50_000}),
        identify("u1", {"plan": "pro", "long": "x" * 2000}),
    )
    return Run(summary, shared_job.activity, shared_job.people, shared_job.dead_letters())


@pytest.mark.parametrize(("line", "reason"), BROKEN)
def test_each_broken_line_is_dead_lettered_whole_with_its_reason(mixed: Run, line: bytes, reason: str) -> None:
    found = [record["reason"] for record in mixed.dead_letters if _payload(record) == line]
    assert_that(found, contains_exactly(reason))


def test_broken_lines_do_not_spoil_their_neighbours(mixed: Run) -> None:
    assert_that(mixed.names, has_items("Before", "After"))


def test_a_bad_member_of_an_envelope_does_not_spoil_its_neighbours(mixed: Run) -> None:
    assert_that(mixed.names, has_item("In an envelope"))


def test_each_bad_member_of_an_envelope_is_dead_lettered(mixed: Run) -> None:
    members = {b"43": "not_an_object", b'{"type": "track", "userId": "u2"}': "missing_timestamp"}
    found = {_payload(record): record["reason"] for record in mixed.dead_letters if _payload(record) in members}
    assert_that(found, equal_to(members))


def test_an_opted_out_event_is_filtered(mixed: Run) -> None:
    assert_that(mixed.summary.events_filtered, equal_to(1))


def test_nothing_but_what_can_be_sent_is_sent(mixed: Run) -> None:
    assert_that(mixed.names, contains_inanyorder("Before", "After", "In an envelope", "Long"))


def test_nothing_else_is_dead_lettered(mixed: Run) -> None:
    others = ["not_an_object", "missing_timestamp", "operation_too_large", "attribute_too_long"]
    reasons = [record["reason"] for record in mixed.dead_letters]
    assert_that(reasons, contains_inanyorder(*others, *(reason for _, reason in BROKEN)))


def test_the_summary_counts_the_dead_letters(mixed: Run) -> None:
    assert_that(mixed.summary.dead_letters, equal_to(Counter(record["reason"] for record in mixed.dead_letters)))


def test_a_line_of_a_megabyte_goes_somewhere(mixed: Run) -> None:
    [record] = [record for record in mixed.dead_letters if record["reason"] == "operation_too_large"]
    assert_that(json.loads(_payload(record))["event"], equal_to("Big"))


def test_an_event_over_a_batchs_limit_goes_out_on_the_v1_call(mixed: Run) -> None:
    assert_that(mixed.activity, has_item(has_entries(name="Long", attributes={"text": "x" * 50_000})))


def test_dead_letters_have_one_schema(mixed: Run) -> None:
    common = {"stage", "reason", "detail", "retryable", "failed_at", "message_id", "source"}
    assert_that([common - set(record) for record in mixed.dead_letters], only_contains(empty()))


def test_an_oversize_attribute_is_recorded(mixed: Run) -> None:
    [record] = [record for record in mixed.dead_letters if record["reason"] == "attribute_too_long"]
    assert_that(record["attribute"], equal_to({"name": "long", "size": 2000, "value": "x" * 2000}))


def test_the_rest_of_an_identify_with_an_oversize_attribute_is_sent(mixed: Run) -> None:
    person = has_entries(id="u1", attributes=all_of(has_entries(plan="pro"), not_(has_key("long"))))
    assert_that(mixed.people, has_item(person))


def test_an_empty_file_is_no_event(job: Job) -> None:
    summary = job.run()
    assert_that((summary.events_read, job.dead_letters()), equal_to((0, [])))


def test_compressed_files_are_read(job: Job) -> None:
    path = job.folder / "events.ndjson.gz"
    path.write_bytes(gzip.compress(json.dumps(track("Packed")).encode() + b"\n"))
    job.run_files(str(path))
    assert_that(job.activity, contains_exactly(has_entries(name="Packed")))


def test_a_truncated_compressed_file_fails_the_job_with_its_name(job: Job) -> None:
    path = job.folder / "cut.ndjson.gz"
    path.write_bytes(gzip.compress(json.dumps(track("Packed")).encode() + b"\n")[:-12])
    with pytest.raises(UnreadableFileError, match=r"cut\.ndjson\.gz is cut off"):
        job.run_files(str(path))


def test_dead_letters_replay_to_the_events_they_were(job: Job) -> None:
    job.run(track("Recent", timestamp=_hours_ago(1)), recent="hold")
    assert_that(job.activity, empty())
    job.run_files(
        f"{job.folder}/dead-letters-1-*.ndjson",
        options=("--input_format=dead_letters", f"--dead_letters={job.folder}/again"),
    )
    assert_that(job.activity, contains_exactly(has_entries(name="Recent")))


def test_a_line_that_is_no_dead_letter_is_said_to_be_none(job: Job) -> None:
    job.run(track("An event"), {"payload": "{}", "event_time_ms": "soon"}, options=("--input_format=dead_letters",))
    assert_that([record["reason"] for record in job.dead_letters()], equal_to(["not_a_dead_letter"] * 2))


def test_a_backfill_holds_what_could_trigger_campaigns_and_sends_the_rest(job: Job) -> None:
    summary = job.run(
        track("Young", timestamp=_hours_ago(71)),
        track("Old", timestamp=_hours_ago(73)),
        identify("u1", {"plan": "pro"}, timestamp=_hours_ago(1)),
        recent="hold",
    )
    assert_that(summary.dead_letters, equal_to({"recent_event": 1}))
    assert_that(job.activity, contains_exactly(has_entries(name="Old")))
    assert_that(job.people, contains_exactly(has_entries(attributes=has_entries(plan="pro"))))


def test_ordering_none_delivers_everything_too(job: Job) -> None:
    summary = job.run(
        *(track(f"Event {number}", f"u{number % 7}") for number in range(100)), options=("--ordering=none",)
    )
    assert_that(summary.operations_delivered, equal_to(100))


@pytest.mark.parametrize("runner", [FnApiRunner, DirectRunner])
def test_the_runners_that_run_locally_agree(sandbox: RunningSandbox, tmp_path: Any, runner: Any) -> None:
    job = Job(sandbox, tmp_path, runner)
    summary = job.run(identify("u1", {"plan": "pro"}), track("One"), page(name="Home"), b"broken")
    assert_that(summary.operations_delivered, equal_to(3))
    assert_that(summary.dead_letters, equal_to({"invalid_json": 1}))


_lines = st.one_of(
    st.builds(lambda name: json.dumps(track(name)).encode(), st.text(max_size=20)),
    st.builds(
        lambda traits: json.dumps(identify("u1", traits)).encode(),
        st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    ),
    st.builds(lambda: json.dumps(track("Out", integrations={"All": False})).encode()),
    st.sampled_from([line for line, _ in BROKEN]),
)


_forms = st.sampled_from(
    [
        b"\n".join,
        lambda lines: b"\r\n\r\n".join(lines) + b"\r\n",
        lambda lines: gzip.compress(b"\n".join(lines)),
        lambda lines: bz2.compress(b"\x1e" + b"\n\x1e".join(lines)),
    ]
)


# Each example is a run of the whole pipeline: few of them, with many lines each. tests/reading and tests/mapping have
# the parts of this rule for many more events.
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.lists(_lines, max_size=20), _forms), min_size=1, max_size=4))
def test_inputs_are_delivered_filtered_or_dead_lettered(job: Job, files: list[tuple[list[bytes], Any]]) -> None:
    folder = Path(tempfile.mkdtemp(dir=job.folder))
    for number, (lines, form) in enumerate(files):
        # What a file is, its first bytes decide: they must be those of an event.
        (folder / f"{number}.json").write_bytes(form([json.dumps(track("First")).encode(), *lines]))
    job.runs += 1
    summary = job.run_files(str(folder))
    count = sum(len(lines) + 1 for lines, _ in files)
    placed = summary.operations_delivered + summary.events_filtered + sum(summary.dead_letters.values())
    assert_that((summary.events_read, placed), equal_to((count, count)))


def _payload(record: dict[str, Any]) -> bytes:
    return record["payload"].encode() if "payload" in record else base64.b64decode(record["payload_base64"])


def _hours_ago(hours: float) -> float:
    return time.time() - hours * 3600
