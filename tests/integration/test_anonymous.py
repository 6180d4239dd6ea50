"""20,000 events of anonymous visitors, with faults and a killed run: those that the input can join are all joined."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hamcrest import assert_that, equal_to, greater_than, has_entries
from msgspec.structs import replace

from customerio_beam.sandbox import views
from customerio_beam.sandbox.faults import FAULTS, Faults
from customerio_beam.sandbox.server import running_sandbox
from tests.integration.job import API_KEY, SITE_ID, Job

pytestmark = pytest.mark.integration

_EVENTS = 20_000
_VISITORS = 2_000
#: Visitors who are identified; nobody ever says who the others are.
_KNOWN = 1_500

_FAULTS = Faults(seed=7, rates=dict.fromkeys(FAULTS, 0.2 / len(FAULTS)))


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """A job whose sandbox sees ten minutes go by whenever it looks at its clock.

    Nothing is joined by the five minutes after an identify.
    """
    clock = itertools.count(1_795_000_000, 600)
    with running_sandbox(site_id=SITE_ID, api_key=API_KEY, faults=_FAULTS, clock=lambda: float(next(clock))) as sandbox:
        yield Job(sandbox, tmp_path, {"CUSTOMERIO_SITE_ID": SITE_ID, "CUSTOMERIO_API_KEY": API_KEY})


def _write_input(path: Path) -> None:
    """Write the identifies first, and the events that they claim behind them, although these happened before."""
    with path.open("w") as file:
        for number in range(_KNOWN):
            fields = {"userId": f"u{number}", "anonymousId": f"v{number}", "traits": {"plan": "pro"}}
            file.write(json.dumps({"type": "identify", "timestamp": 1_700_100_000 + number, **fields}) + "\n")
        for number in range(_EVENTS):
            fields = {"anonymousId": f"v{number % _VISITORS}", "name": "Landing", "messageId": f"m{number}"}
            file.write(json.dumps({"type": "page", "timestamp": 1_700_000_000 + number, **fields}) + "\n")


def _kill_in_mid_run(job: Job, *options: str) -> None:
    with job.started(f"--dead_letters={job.dead_letters_prefix}", *options) as process:
        while job.sandbox.state.workspace.stats()["operations"] < _EVENTS // 3:
            assert_that(process.poll(), equal_to(None), job.log)
            time.sleep(0.01)
        process.kill()


def _unjoined(job: Job) -> tuple[int, int]:
    """Count all page views, and those without a person although the input tells whose they are."""
    activity = views.activity(job.sandbox.state.workspace)["activity"]
    lost = [row for row in activity if row["person"] is None and int(row["anonymous_id"][1:]) < _KNOWN]
    return len(activity), len(lost)


@pytest.mark.parametrize(("anonymous", "ordering"), [("first", "person"), ("first", "none"), ("stitch", "person")])
def test_no_event_is_left_without_its_person(job: Job, anonymous: str, ordering: str) -> None:
    source = job.folder / "events.ndjson"
    _write_input(source)
    options = (f"--input={source}", f"--anonymous={anonymous}", f"--ordering={ordering}", "--max_batch_operations=100")
    _kill_in_mid_run(job, *options)
    assert_that(job.run(*options), equal_to(0), job.log)
    assert_that(_unjoined(job), equal_to((_EVENTS, 0)))
    faults = job.sandbox.state.meter.stats()["faults_injected"]
    assert_that(sum(faults.values()), greater_than(20))


def test_in_no_particular_order_the_loss_can_be_seen(job: Job) -> None:
    job.sandbox.state.set_faults(replace(_FAULTS, rates={}))
    source = job.folder / "events.ndjson"
    _write_input(source)
    options = ("--anonymous=as_is", "--ordering=none", "--max_in_flight_requests=1")
    assert_that(job.run(f"--input={source}", *options), equal_to(0), job.log)
    events, lost = _unjoined(job)
    assert_that({"events": events, "lost": lost}, has_entries(events=_EVENTS, lost=greater_than(_EVENTS // 2)))
