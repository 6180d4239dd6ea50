"""Anonymous people in a backfill: whether Customer.io joins their events to the people they turn out to be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hamcrest import assert_that, contains_exactly, empty, equal_to, greater_than, has_entries

from customerio_beam.pipeline.summary import Summary
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


@pytest.fixture(scope="module")
def stitched(shared_job: Job) -> Summary:
    """The summary of a run that stitches the pages of four visitors."""
    return shared_job.run(
        page(None, anonymousId="v1", name="Claimed", messageId="01M86FYZ80GN1ZQCHKBEY8FWP7"),
        identify("u1", {}, anonymousId="v1"),
        page(None, anonymousId="v2", name="Unclaimed"),
        identify("u2", {}, anonymousId="another visitor"),
        page(None, anonymousId="v3", name="Aliased"),
        event("alias", userId="u3", previousId="v3"),
        page(None, anonymousId="v4", name="Opted out"),
        identify("u4", {}, anonymousId="v4", integrations={"Customer.io": False}),
        options=("--anonymous=stitch",),
    )


def test_stitched_events_are_counted(stitched: Summary) -> None:
    assert_that(stitched.counters[("events", "stitched")], equal_to(2))


@pytest.mark.usefixtures("stitched")
@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(
            {
                "name": "Claimed",
                "person": has_entries(id="u1"),
                "anonymous_id": None,
                "id": "01M86FYZ80GN1ZQCHKBEY8FWP7",
            },
            id="a stitched event keeps its id",
        ),
        pytest.param(
            {"name": "Unclaimed", "person": None, "anonymous_id": "v2"}, id="stitching leaves alone what nobody claims"
        ),
        pytest.param({"name": "Aliased", "person": has_entries(id="u3")}, id="an alias claims its events"),
        pytest.param({"name": "Opted out", "person": None}, id="an identify that opts out claims nothing"),
    ],
)
def test_a_stitched_event_is_the_persons_who_claims_it(shared_job: Job, expected: dict[str, Any]) -> None:
    found = [row for row in shared_job.activity if row["name"] == expected["name"]]
    assert_that(found, contains_exactly(has_entries(expected)))
