"""Backfills out of GCS, with the real client and a server that speaks its API; and runs over the same events again."""

from __future__ import annotations

import bz2
import gzip
import json
from collections import Counter

import pytest
import zstandard
from hamcrest import assert_that, contains_string, equal_to, has_length, not_

from customerio_beam.sandbox.faults import Faults
from tests.integration.event_set import make_events
from tests.integration.gcs import Gcs
from tests.integration.job import Job

pytestmark = pytest.mark.integration

_COMPRESSIONS = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": zstandard.compress,
}


def test_a_thousand_objects_plain_and_compressed_are_delivered_and_dead_letters_go_to_gcs(
    job_on_gcs: Job, gcs: Gcs
) -> None:
    events = make_events(3000, repeated=50, broken=30)
    suffixes = list(_COMPRESSIONS)
    gcs.write(
        {
            f"2024/day-{number % 30}/part-{number}.ndjson{suffix}": _COMPRESSIONS[suffix](part)
            for number, part in enumerate(events.parts(1000))
            for suffix in [suffixes[number % len(suffixes)]]
        }
    )
    gcs.write({"2024/empty.ndjson": b"", "2024/empty.ndjson.gz": gzip.compress(b""), "other/never": b"{}"})

    with job_on_gcs.started(f"--input={gcs.path('2024/**')}", f"--dead_letters={gcs.path('dead/run')}") as process:
        assert_that(process.wait(300), equal_to(0), job_on_gcs.log)

    events.check(job_on_gcs.sandbox.url)
    records = [json.loads(line) for content in gcs.read("dead/run").values() for line in content.splitlines()]
    assert_that(Counter(record["reason"] for record in records), equal_to(events.broken))


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".zst"])
def test_a_truncated_object_fails_the_job_by_name_and_running_again_doubles_nothing(
    job_on_gcs: Job, gcs: Gcs, suffix: str
) -> None:
    events = make_events(2000)
    good, last = events.parts(2)
    compressed = _COMPRESSIONS[suffix](last)
    name = f"in/last.ndjson{suffix}"
    gcs.write({"in/first.ndjson": good, name: compressed[: len(compressed) // 2]})
    options = (f"--input={gcs.path('in/*')}",)

    assert_that(job_on_gcs.run(*options), equal_to(1))
    assert_that(job_on_gcs.log, contains_string(gcs.path(name)))

    gcs.write({name: compressed})
    assert_that(job_on_gcs.run(*options), equal_to(0), job_on_gcs.log)
    events.check(job_on_gcs.sandbox.url)


@pytest.mark.parametrize("pattern", ["nothing/*", "nothing.ndjson"])
def test_a_missing_object_is_refused_by_name_before_anything_runs(job_on_gcs: Job, gcs: Gcs, pattern: str) -> None:
    assert_that(job_on_gcs.run(f"--input={gcs.path(pattern)}"), equal_to(2))
    assert_that(job_on_gcs.log, contains_string(f"{gcs.path(pattern)} matches no file"))


def test_a_missing_bucket_is_refused_by_name_in_one_line(job_on_gcs: Job) -> None:
    assert_that(job_on_gcs.run("--input=gs://no-such-bucket/*"), equal_to(2))
    assert_that(job_on_gcs.log, contains_string("gs://no-such-bucket"))
    assert_that(job_on_gcs.log, not_(contains_string("Traceback")))


def test_a_second_backfill_changes_nothing(job: Job) -> None:
    events = make_events(2000, repeated=50)
    source = job.folder / "events.ndjson"
    source.write_bytes(events.lines())
    for _ in range(2):
        assert_that(job.run(f"--input={source}"), equal_to(0), job.log)
        events.check(job.sandbox.url)


def test_an_older_backfill_never_overwrites_newer_attributes(job: Job) -> None:
    source = job.folder / "events.ndjson"
    person = {"type": "identify", "userId": "u1"}
    for year, plan in ((2025, "new"), (2024, "old")):
        traits = {"plan": plan, f"seen_{year}": True}
        source.write_text(json.dumps({**person, "timestamp": f"{year}-05-01T00:00:00Z", "traits": traits}))
        assert_that(job.run(f"--input={source}"), equal_to(0), job.log)
    (found,) = job.read("people")
    expected = {"plan": "new", "seen_2025": True, "seen_2024": True}
    assert_that({name: found["attributes"].get(name) for name in expected}, equal_to(expected))


def test_dead_letters_are_all_delivered_once_their_cause_is_gone_and_none_twice(job: Job) -> None:
    events = make_events(1000)
    source = job.folder / "events.ndjson"
    source.write_bytes(events.lines())
    job.sandbox.state.set_faults(Faults(refuse_operations=({"action": "page"}, {"action": "identify"})))
    assert_that(job.run(f"--input={source}"), equal_to(0), job.log)
    refused = job.dead_letters()
    assert_that(set(Counter(record["reason"] for record in refused)), equal_to({"rejected"}))

    job.sandbox.state.set_faults(Faults())
    replayed = job.folder / "to-replay.ndjson"
    replayed.write_text("".join(json.dumps(record) + "\n" for record in refused))
    for path in job.folder.glob("dead-letters*"):
        path.unlink()
    for _ in range(2):
        assert_that(job.run(f"--input={replayed}", "--input_format=dead_letters"), equal_to(0), job.log)
        events.check(job.sandbox.url)
    assert_that(job.dead_letters(), has_length(0))
