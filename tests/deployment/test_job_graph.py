"""The Dataflow job as it is submitted: its kind, its steps, and what must not be in it."""

from __future__ import annotations

import collections
import json
import pathlib

import pytest
from hamcrest import (
    assert_that,
    contains_exactly,
    contains_string,
    equal_to,
    has_entries,
    has_item,
    has_items,
    not_,
    starts_with,
)

from tests.deployment.conftest import API_KEY, STREAMING, Launch, Launched

_NAMES = pathlib.Path(__file__).parent / "step_names"
_BATCH, _STREAMING = 1, 2  # google.dataflow.v1beta3.JobType


@pytest.fixture(scope="session", params=["streaming", "backfill"])
def launched(request: pytest.FixtureRequest) -> Launched:
    return request.getfixturevalue(request.param)


def test_a_launch_says_which_job_it_submitted(launched):
    assert_that((launched.status, launched.output), equal_to((0, "Submitted Dataflow job job-1\n")))


def test_a_subscription_makes_a_streaming_job(streaming):
    assert_that(streaming.job, has_entries(type=_STREAMING, name="customerio-streaming"))


def test_a_streaming_job_uses_streaming_engine(streaming):
    assert_that(streaming.job["environment"]["experiments"], has_item("enable_streaming_engine"))


def test_files_make_a_batch_job(backfill):
    assert_that(backfill.job, has_entries(type=_BATCH, name="customerio-backfill"))


def test_dataflow_is_told_the_most_workers_that_share_the_rate(launched):
    [pool] = launched.job["environment"]["workerPools"]
    assert_that(pool["autoscalingSettings"], has_entries(maxNumWorkers=4))


def test_a_worker_has_one_process_so_that_its_share_of_the_rate_holds(launched):
    assert_that(launched.job["environment"]["experiments"], has_item("no_use_multiple_sdk_containers"))


def test_workers_run_beams_image_of_the_launchers_versions(launched):
    [pool] = launched.job["environment"]["workerPools"]
    assert_that(pool["workerHarnessContainerImage"], starts_with("gcr.io/cloud-dataflow/v1beta3/beam_python3."))


def test_pubsub_is_read_and_written_by_dataflow_itself(streaming):
    urns = [step.spec.urn for step in streaming.graph.components.transforms.values()]
    assert_that(urns, has_items("beam:transform:pubsub_read:v1", "beam:transform:pubsub_write:v1"))


def test_step_names_are_unique(launched):
    repeated = [name for name, count in collections.Counter(launched.step_names).items() if count > 1]
    assert_that(repeated, equal_to([]))


@pytest.mark.parametrize("kind", ["streaming", "backfill"])
def test_step_names_are_those_that_an_update_finds_again(request, kind):
    """A streaming job hands its state over by these names: after a change, an update needs a mapping of old to new."""
    launched = request.getfixturevalue(kind)
    assert_that(launched.step_names, contains_exactly(*(_NAMES / f"{kind}.txt").read_text().splitlines()))


def test_an_update_names_the_job_it_replaces_and_the_steps_renamed(launch: Launch):
    running = {"id": "job-7", "name": "customerio-streaming", "currentState": "JOB_STATE_RUNNING"}
    updated = launch(*STREAMING, "--update", "--transform_name_mapping", '{"Old": "New"}', running=running)
    assert_that(updated.job, has_entries(replaceJobId="job-7", transformNameMapping={"Old": "New"}))


def test_no_secret_is_in_what_is_submitted(launched):
    assert_that(json.dumps(launched.job), not_(contains_string(API_KEY)))


def test_no_secret_is_in_what_is_uploaded(launched):
    with_secret = [path for path, data in launched.google.objects.items() if API_KEY.encode() in data]
    assert_that(with_secret, equal_to([]))


def test_no_secret_is_in_a_pickled_function(launched):
    pickles = [pickle for pickle in launched.pickles if API_KEY.encode() in pickle]
    assert_that(pickles, equal_to([]))


def test_pickled_functions_hold_the_names_of_secrets(launched):
    """Shows that the search for secrets looks into the pickles."""
    name = b"projects/shop-data/secrets/customerio-api-key"
    assert_that(any(name in pickle for pickle in launched.pickles), equal_to(True))


def test_secrets_are_named_in_the_options(launched):
    options = launched.job["environment"]["sdkPipelineOptions"]["options"]
    assert_that(options, has_entries(api_key_secret="projects/shop-data/secrets/customerio-api-key"))
