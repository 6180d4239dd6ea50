"""Dead letters go back, keep their history, and in the end are parked."""

from __future__ import annotations

import dataclasses
import datetime
import json
import time
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that as assert_collection
from apache_beam.testing.util import equal_to as same_elements
from hamcrest import assert_that, contains_exactly, contains_inanyorder, empty, equal_to, greater_than, has_entries

from customerio_beam.mapping.replay import Replay, as_source, replay_of
from customerio_beam.pipeline.sources import OpenDeadLetters
from customerio_beam.reading.payload import Payload
from customerio_beam.sandbox.faults import Faults
from customerio_beam.transforms.dead_letter import dead_letter
from tests.pipeline.events import identify, page, track
from tests.pipeline.job import Job

_REPLAY = "--input_format=dead_letters"
_NAMELESS = {**track("A name"), "event": ""}


def _recent() -> str:
    return datetime.datetime.fromtimestamp(time.time() - 3600, datetime.timezone.utc).isoformat()


def _replay(job: Job, *options: str, recent: str = "hold") -> Any:
    """Sends the dead letters of the last run again."""
    pattern = f"{job.folder}/dead-letters-{job.runs}-*.ndjson"
    job.runs += 1
    return job.run_files(pattern, options=(_REPLAY, *options), recent=recent)


def test_what_failed_is_sent_again_however_young_it_is(job: Job) -> None:
    job.sandbox.state.set_faults(Faults(refuse_operations=({"name": "Young"},)))
    job.run(track("Young", timestamp=_recent()))
    assert_that(job.dead_letters(), contains_exactly(has_entries(reason="rejected")))
    job.sandbox.state.set_faults(Faults())
    _replay(job)
    assert_that(job.activity, contains_exactly(has_entries(name="Young")))


def test_what_was_held_is_held_again_while_it_is_young(job: Job) -> None:
    job.run(track("Young", timestamp=_recent()), recent="hold")
    _replay(job)
    assert_that(job.activity, empty())
    assert_that(job.dead_letters(), contains_exactly(has_entries(reason="recent_event", attempts=1)))


def test_of_an_event_with_several_records_one_that_was_held_counts(job: Job) -> None:
    text = json.dumps(track("Young", timestamp=_recent())).encode()
    letters = [
        dead_letter(stage="map", reason=reason, detail="", payload=text, failed_at=0.0)
        for reason in ("attribute_too_long", "recent_event", "rejected")
    ]
    job.run(*letters, options=(_REPLAY,), recent="hold")
    assert_that((job.activity, [record["reason"] for record in job.dead_letters()]), equal_to(([], ["recent_event"])))


def test_a_letter_that_fails_again_keeps_its_place_and_first_failure_and_counts(job: Job) -> None:
    job.run(track("Fine"), _NAMELESS)
    [first] = job.dead_letters()
    _replay(job)
    [second] = job.dead_letters()
    kept = ("id", "reason", "source", "failed_at", "payload", "message_id")
    assert_that({name: second[name] for name in kept}, equal_to({name: first[name] for name in kept}))
    assert_that((first["attempts"], second["attempts"]), equal_to((1, 2)))
    assert_that(second["last_failed_at"], greater_than(second["failed_at"]))


@pytest.fixture(scope="module")
def parked(shared_job: Job) -> Any:
    """The summary of a run whose only event has failed before, and was sent again as often as it may."""
    shared_job.run(_NAMELESS)
    _replay(shared_job, "--max_replays=1")
    return _replay(shared_job, "--max_replays=1")


@pytest.fixture
def parked_job(shared_job: Job, parked: Any) -> Job:
    """The job at that run, whatever runs came after it."""
    return dataclasses.replace(shared_job, runs=3)


def test_a_letter_that_was_sent_often_enough_is_parked(parked_job: Job) -> None:
    found = has_entries(reason="replayed_too_often", attempts=2, retryable=False)
    assert_that(parked_job.dead_letters(), contains_exactly(found))


def test_a_parked_letter_is_counted(parked: Any) -> None:
    assert_that((parked.events_read, parked.dead_letters), equal_to((1, {"replayed_too_often": 1})))


def test_a_parked_letter_goes_out_with_more_replays(parked_job: Job) -> None:
    _replay(parked_job, "--max_replays=2")
    assert_that(parked_job.dead_letters(), contains_exactly(has_entries(reason="missing_event_name", attempts=3)))


def test_a_replay_accounts_for_every_record(job: Job) -> None:
    job.run(
        _NAMELESS,
        page("u1"),
        identify("u1", {"long": "x" * 2000}),
        track("Young", timestamp=_recent()),
        b"}",
        recent="hold",
    )
    records = job.dead_letters()
    summary = _replay(job, recent="send")
    assert_that(summary.events_read, equal_to(len(records)))
    failed_again = [record["message_id"] for record in job.dead_letters() if record["reason"] != "attribute_too_long"]
    delivered = [row["name"] for row in job.activity]
    assert_that(len(failed_again) + len(delivered) + len(job.people), equal_to(len(records)))


def test_messages_are_opened_one_by_one() -> None:
    text = json.dumps(track("One")).encode()
    record = dead_letter(stage="map", reason="rejected", detail="", payload=text, failed_at=0.0, event_time_ms=7_000)
    with beam.Pipeline("FnApiRunner") as pipeline:
        messages = pipeline | beam.Create([Payload(record, "message-1"), Payload(b"no record", "message-2")])
        found = messages | OpenDeadLetters(max_replays=5, clock=lambda: 0.0)
        opened = found.payloads | beam.Map(lambda each, at=beam.DoFn.TimestampParam: (each.data, float(at)))
        reasons = found.dead_letters | beam.Map(lambda each: (json.loads(each)["reason"], json.loads(each)["source"]))
        assert_collection(opened, same_elements([(text, 7.0)]), "payloads")
        expected = [("not_a_dead_letter", {"message_id": "message-2"})]
        assert_collection(reasons, same_elements(expected), "dead letters")


def test_a_history_travels_as_a_source() -> None:
    replay = Replay({"file": "ü", "offset": 3}, "rejected", 2, "2026-01-01T00:00:00+00:00")
    assert_that(replay_of(as_source(replay)), equal_to(replay))


def test_a_path_is_no_history() -> None:
    assert_that(replay_of("gs://bucket/file"), equal_to(None))


def test_a_record_that_nobody_wrote_so_is_no_dead_letter(job: Job) -> None:
    record = json.loads(dead_letter(stage="map", reason="rejected", detail="", payload=b"{}", failed_at=0.0))
    changes = ({"event_time_ms": 10**30}, {"event_time_ms": 2**62}, {"reason": "unheard_of"}, {"attempts": "many"})
    wrong = [json.dumps({**record, **change}) for change in changes]
    job.run({**record, "payload_truncated": True}, *(line.encode() for line in wrong), options=(_REPLAY,))
    reasons = [(found["reason"], found["payload"]) for found in job.dead_letters()]
    assert_that(reasons, contains_inanyorder(("rejected", "{}"), *(("not_a_dead_letter", line) for line in wrong)))
