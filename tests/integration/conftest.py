"""Servers and engines around the job; each on 127.0.0.1, and stopped in any case."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from customerio_beam.sandbox.server import RunningSandbox, running_sandbox
from tests.integration.flink_cluster import FlinkCluster, running_flink
from tests.integration.gcs import Gcs, running_gcs
from tests.integration.job import API_KEY, SITE_ID, Job
from tests.integration.pubsub import PubSub, running_pubsub

# A shell's job in the background ignores Ctrl-C, and so would the programs that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(site_id=SITE_ID, api_key=API_KEY) as running:
        yield running


@pytest.fixture
def job(sandbox: RunningSandbox, tmp_path: Path) -> Job:
    return Job(sandbox, tmp_path, {"CUSTOMERIO_SITE_ID": SITE_ID, "CUSTOMERIO_API_KEY": API_KEY})


@pytest.fixture
def pubsub(tmp_path: Path) -> Iterator[PubSub]:
    with running_pubsub(tmp_path) as running:
        yield running


@pytest.fixture
def gcs(tmp_path: Path) -> Iterator[Gcs]:
    with running_gcs(tmp_path) as running:
        yield running


@pytest.fixture
def job_on_gcs(job: Job, gcs: Gcs) -> Job:
    """The job, whose GCS is the server of the tests."""
    job.environment.update(gcs.environment)
    return job


@pytest.fixture(scope="session")
def flink_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlinkCluster]:
    """One cluster for all tests: it takes longest to start."""
    credentials = {"CUSTOMERIO_SITE_ID": SITE_ID, "CUSTOMERIO_API_KEY": API_KEY}
    with running_flink(tmp_path_factory.mktemp("flink"), credentials) as running:
        yield running


@pytest.fixture
def flink(flink_cluster: FlinkCluster) -> Iterator[FlinkCluster]:
    """The cluster with both TaskManagers and no job; the test, and what it starts, are in the cluster's network."""
    flink_cluster.start_missing_task_managers()
    with flink_cluster.network.entered():
        yield flink_cluster
        flink_cluster.cancel_jobs()
