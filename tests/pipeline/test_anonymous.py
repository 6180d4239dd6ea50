"""Anonymous people in a backfill: whether Customer.io joins their events to the people they turn out to be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hamcrest import assert_that, contains_inanyorder, empty, equal_to, greater_than, has_entries

from customerio_beam.sandbox.server import running_sandbox
from tests.pipeline.conftest import KEY
from tests.pipeline.events import event, identify, page
from tests.pipeline.job import Job

VISITORS = 40
SMALL_BATCHES = ("--max_batch_operations=7", "--max_in_flight_requests=1")


@pytest.fixture
def slow_job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Job]:
    """A job whose sandbox receives each request ten minutes after the one before: nothing is joined by the five minutes
    after an identify.
    """
    monkeypatch.setenv("CUSTOMERIO_SITE_ID", "site")
    monkeypatch.setenv("CUSTOMERIO_API_KEY", KEY)
    clock = itertools.count(1_795_000_000, 600)
    with running_sandbox(site_id="site", api_key=KEY, clock=lambda: float(next(clock))) as sandbox:
        yield Job(sandbox, tmp_path, FnApiRunner)


def identifies_before_pages() -> list[dict[str, Any]]:
    """Visitors whose identify stands before their page in the input, and happened after it."""
    identifies = [
        identify(f"u{n}", {"plan": "pro"}, anonymousId=f"v{n}", timestamp=1_700_000_100 + n) for n in range(VISITORS)
    ]
    pages = [page(None, anonymousId=f"v{n}", name="Landing", timestamp=1_700_000_000 + n) for n in range(VISITORS)]
    return identifies + pages


def unjoined(job: Job) -> list[dict[str, Any]]:
    return [row for row in job.activity if row["person"] is None]


def test_as_they_are_events_after_their_identify_are_lost_to_the_person(slow_job: Job) -> None:
    """Shows the loss that the other choices prevent."""
    slow_job.run(*identifies_before_pages(), options=("--anonymous=as_is", "--ordering=none", *SMALL_BATCHES))
    assert_that(len(unjoined(slow_job)), greater_than(VISITORS // 2))


@pytest.mark.parametrize("ordering", ["person", "none"])
@pytest.mark.parametrize("anonymous", ["first", "stitch"])
def test_none_is_lost_to_the_person(slow_job: Job, anonymous: str, ordering: str) -> None:
    slow_job.run(
        *identifies_before_pages(),
        options=(f"--anonymous={anonymous}", f"--ordering={ordering}", *SMALL_BATCHES),
    )
    assert_that(unjoined(slow_job), empty())
    assert_that(len(slow_job.activity), equal_to(VISITORS))


def test_a_stitched_event_keeps_its_id_and_is_counted(job: Job) -> None:
    landing = page(None, anonymousId="v1", name="Landing", messageId="01M86FYZ80GN1ZQCHKBEY8FWP7")
    summary = job.run(landing, identify("u1", {}, anonymousId="v1"), options=("--anonymous=stitch",))
    stitched = has_entries(person=has_entries(id="u1"), anonymous_id=None, id="01M86FYZ80GN1ZQCHKBEY8FWP7")
    assert_that(job.activity, contains_inanyorder(stitched))
    assert_that(summary.counters[("events", "stitched")], equal_to(1))


def test_stitching_leaves_alone_what_nobody_claims(job: Job) -> None:
    job.run(
        page(None, anonymousId="v1", name="Landing"),
        identify("u1", {}, anonymousId="v2"),
        options=("--anonymous=stitch",),
    )
    assert_that(job.activity, contains_inanyorder(has_entries(person=None, anonymous_id="v1")))


def test_an_alias_of_an_anonymous_id_claims_its_events_when_stitching(job: Job) -> None:
    job.run(
        page(None, anonymousId="v1", name="Landing"),
        event("alias", userId="u1", previousId="v1"),
        options=("--anonymous=stitch",),
    )
    assert_that(job.activity, contains_inanyorder(has_entries(person=has_entries(id="u1"))))


def test_an_identify_that_opts_out_claims_nothing(job: Job) -> None:
    job.run(
        page(None, anonymousId="v1", name="Landing"),
        identify("u1", {}, anonymousId="v1", integrations={"Customer.io": False}),
        options=("--anonymous=stitch",),
    )
    assert_that(job.activity, contains_inanyorder(has_entries(person=None)))
