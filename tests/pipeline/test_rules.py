"""The job with a rules file: what leaves, what is counted, what dead letters keep, and what is refused at launch."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.runners.direct.direct_runner import DirectRunner
from hamcrest import (
    assert_that,
    calling,
    contains_exactly,
    contains_string,
    empty,
    equal_to,
    has_entries,
    has_item,
    is_not,
    matches_regexp,
    raises,
    starts_with,
)

from customerio_beam.pipeline.build import build_pipeline
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.main import run
from customerio_beam.pipeline.options import parse_options
from customerio_beam.pipeline.rules import job_rules
from customerio_beam.sandbox.server import RunningSandbox
from tests.pipeline.events import identify, page, track
from tests.pipeline.job import Job

RULES = """
version: 1
consent: {require: [Ads]}
events: {deny: ["Debug *"]}
fields:
  drop: [properties.card]
  hash: {traits.phone: sha256}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Callable[[str], str]:
    """Writes a rules file and returns the option that names it."""

    def write(text: str) -> str:
        path = tmp_path / "rules.yaml"
        path.write_text(text)
        return f"--rules={path}"

    return write


@pytest.fixture
def refusal(write_events: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a job that is refused before it writes anything, and returns why."""

    def run_refused(*options: str) -> str:
        output = tmp_path / "operations.ndjson"
        status = run([f"--input={write_events(track())}", f"--operations_output={output}", *options])
        assert_that((status, output.exists()), equal_to((2, False)))
        return capsys.readouterr().err

    return run_refused


def consent(granted: bool) -> dict[str, Any]:
    return {"consent": {"categoryPreferences": {"Ads": granted}}}


def test_events_leave_as_the_rules_say_and_all_are_accounted_for(job: Job, rules: Callable[[str], str]) -> None:
    summary = job.run(
        track("Order", properties={"card": "4242", "total": 5}),
        identify("u2", {"phone": "+41 44 668 18 00"}),
        track("Debug This"),
        page(name="Home", context=consent(False)),
        track("Order", integrations={"All": False}),
        b"{ broken",
        options=(rules(RULES),),
    )
    assert_that(job.activity, contains_exactly(has_entries(name="Order", attributes={"total": 5})))
    hashed = hashlib.sha256(b"+41446681800").hexdigest()
    assert_that(job.people, has_item(has_entries(attributes=has_entries(phone=hashed))))
    assert_that(summary.filtered_by_rule, equal_to({"consent.require": 1, "events.deny": 1}))
    assert_that(
        (summary.events_read, summary.operations_delivered, summary.events_filtered, summary.events_unusable),
        equal_to((6, 2, 3, 1)),
    )


def test_a_reduced_opt_out_is_sent_and_counted(job: Job, rules: Callable[[str], str]) -> None:
    opt_out = identify("u1", {"plan": "free", "unsubscribed": True}, context=consent(False))
    summary = job.run(identify("u1", {"email": "ada@example.com"}), opt_out, options=(rules(RULES),))
    assert_that(
        job.people,
        contains_exactly(has_entries(attributes=equal_to({"email": "ada@example.com", "unsubscribed": True}))),
    )
    assert_that(summary.counters, has_entries({("events", "reduced_opt_outs"): 1}))
    assert_that(summary.events_filtered, equal_to(0))


def test_the_older_runner_applies_rules_too(
    sandbox: RunningSandbox, tmp_path: Path, rules: Callable[[str], str]
) -> None:
    job = Job(sandbox, tmp_path, DirectRunner)
    summary = job.run(track("Order"), track("Debug This"), options=(rules(RULES),))
    assert_that(job.activity, contains_exactly(has_entries(name="Order")))
    assert_that(summary.filtered_by_rule, equal_to({"events.deny": 1}))


def test_nothing_leaves_about_blocked_people(job: Job, rules: Callable[[str], str], tmp_path: Path) -> None:
    blocked = tmp_path / "erased.txt"
    blocked.write_text("u1\nada@example.com\n")
    summary = job.run(
        track(user_id="u1"),
        track(user_id="u2"),
        identify("u3", {"email": "ADA@example.com"}),
        options=(rules(f"version: 1\npeople: {{block: {blocked}}}"),),
    )
    assert_that(job.people, contains_exactly(has_entries(id="u2")))
    assert_that(summary.filtered_by_rule, equal_to({"people.block": 2}))


def test_what_rules_filter_is_no_unusable_input(
    rules: Callable[[str], str], write_events: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = write_events(track("Debug This"), track("Debug That"), track("Order"))
    outputs = [f"--operations_output={tmp_path}/operations.ndjson", f"--dead_letters={tmp_path}/dead-letters"]
    status = run([f"--input={events}", *outputs, rules(RULES)])
    assert_that(status, equal_to(0))
    said = " ".join(capsys.readouterr().out.split())
    assert_that(said, contains_string("events read 3 filtered 2 opted out 0 events.deny 2 unusable 0 mapped 1"))


UNMAPPABLE = {"type": "track", "userId": "u1", "timestamp": 1795514400, "properties": {"card": "4242"}}


def test_dead_letters_hold_the_event_as_it_came(job: Job, rules: Callable[[str], str]) -> None:
    job.run(UNMAPPABLE, options=(rules(RULES),))
    [record] = job.dead_letters()
    assert_that(json.loads(record["payload"]), equal_to(UNMAPPABLE))


def test_redacted_dead_letters_hold_nothing_that_is_dropped(job: Job, rules: Callable[[str], str]) -> None:
    job.run(UNMAPPABLE, b'{ "card": "4242"', options=(rules(RULES), "--dead_letters_redacted"))
    records = {record["reason"]: record for record in job.dead_letters()}
    assert_that(json.loads(records["missing_event_name"]["payload"])["properties"], equal_to({}))
    assert_that(records["invalid_json"], has_entries(payload="", payload_truncated=True, payload_bytes=16))
    assert_that(json.dumps(list(records.values())), is_not(contains_string("4242")))


def test_a_field_that_the_rules_can_not_read_is_a_dead_letter(job: Job, rules: Callable[[str], str]) -> None:
    line = json.dumps(track("Order", context={"timezone": "Z"})).replace('"Z"', "1e999").encode()
    summary = job.run(line, options=(rules("version: 1\nfields: {copy: {context.timezone: properties.zone}}"),))
    [record] = job.dead_letters()
    assert_that(record, has_entries(stage="parse", reason="invalid_json", payload=line.decode()))
    assert_that((summary.events_read, summary.events_unusable), equal_to((1, 1)))


def options_of(*arguments: str) -> Any:
    return parse_options(["--input=events.ndjson", *arguments])


def test_without_rules_the_job_has_no_step_for_them() -> None:
    options = options_of()
    pipeline = beam.Pipeline(options=options)
    build_pipeline(pipeline, options)
    names = [step.unique_name for step in pipeline.to_runner_api().components.transforms.values()]
    assert_that([name for name in names if name.startswith(("ApplyRules", "Redact"))], empty())


def test_the_files_sha_256_is_in_the_options_and_in_the_log(
    rules: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    options = options_of(rules(RULES))
    build_pipeline(beam.Pipeline(options=options), options)
    sha256 = hashlib.sha256(RULES.encode()).hexdigest()
    assert_that(options.get_all_options(), has_entries(rules_sha256=sha256))
    assert_that(caplog.text, contains_string(sha256))


def test_a_warning_is_logged_with_its_place(rules: Callable[[str], str], caplog: pytest.LogCaptureFixture) -> None:
    options = options_of(rules("version: 1\nevents: {deny: [A, A]}"))
    build_pipeline(beam.Pipeline(options=options), options)
    assert_that(caplog.text, matches_regexp(r"rules\.yaml:2:20: events\.deny\[1\]: This never applies"))


def test_a_salt_of_the_environment_is_in_no_graph(
    job: Job, rules: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HASH_SALT", "pepper-of-the-tests")
    option = rules("version: 1\nfields: {hash: {traits.phone: sha256}, salt_secret: HASH_SALT}")
    options = options_of(option)
    pipeline = beam.Pipeline(options=options)
    build_pipeline(pipeline, options)
    assert_that(b"pepper-of-the-tests" in pipeline.to_runner_api().SerializeToString(), equal_to(False))
    job.run(identify("u1", {"phone": "A"}), options=(option,))
    hashed = hashlib.sha256(b"pepper-of-the-testsa").hexdigest()
    assert_that(job.people, contains_exactly(has_entries(attributes=has_entries(phone=hashed))))


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        (
            "version: 1\nevents: {dney: [A]}",
            (),
            r"--rules=.* can't be used:\n.*rules\.yaml:2:10: events\.dney",
        ),
        ("version: 1\npeople: {block: /no/such/file}", (), r"--rules=.*: /no/such/file can't be read: .*No such file"),
        ("version: 1\npeople: {block: nowhere://x}", (), r"nowhere://x can't be read"),
        ("version: 1\nfields: {salt_secret: NO_SUCH_SALT}", (), r"The environment variable NO_SUCH_SALT is not set"),
        (
            "version: 1",
            (f"--rules_sha256={'0' * 64}",),
            r"has the SHA-256 [0-9a-f]{64}, and --rules_sha256=0+ is that of another file",
        ),
        (
            "version: 1",
            ("--rules_sha256=abc",),
            r"--rules_sha256 must be 64 hexadecimal digits",
        ),
    ],
)
def test_what_can_not_be_right_is_refused_before_anything_runs(
    text: str, options: tuple[str, ...], sentence: str, rules: Callable[[str], str], refusal: Callable[..., str]
) -> None:
    assert_that(refusal(rules(text), *options), matches_regexp(sentence))


@pytest.mark.parametrize("option", ["--dead_letters_redacted", f"--rules_sha256={'0' * 64}"])
def test_an_option_about_rules_needs_rules(option: str, refusal: Callable[..., str]) -> None:
    assert_that(refusal(option), matches_regexp(r"^--\w+=\w+ needs --rules\.$"))


def test_a_missing_rules_file_is_refused(refusal: Callable[..., str]) -> None:
    assert_that(refusal("--rules=no-such.yaml"), starts_with("--rules=no-such.yaml: no-such.yaml can't be read: "))


DATAFLOW = (
    *("--runner=DataflowRunner", "--project=p", "--region=r", "--temp_location=gs://b/t", "--max_num_workers=2"),
    *("--dead_letters=gs://b/d", "--site_id=s", "--api_key_secret=projects/p/secrets/k"),
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("version: 1\npeople: {block: ids.txt}", r"Dataflow's workers can't read people\.block: ids\.txt\."),
        ("version: 1\nfields: {salt_secret: SALT}", r"Dataflow's workers don't see this machine's environment"),
    ],
)
def test_what_dataflows_workers_can_not_reach_is_refused(text: str, sentence: str, rules: Callable[[str], str]) -> None:
    options = options_of(*DATAFLOW, rules(text))
    assert_that(calling(job_rules).with_args(options), raises(OptionError, sentence))
