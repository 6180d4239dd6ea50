"""Launches: the job's own command line, run against the stand-in for Google Cloud."""

from __future__ import annotations

import base64
import bz2
import contextlib
import io
import pathlib
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from customerio_beam.pipeline.main import run
from tests.deployment.google_stand_in import GoogleStandIn, running_google_stand_in

#: Is in the launching machine's environment, and must be nowhere in what is launched.
API_KEY = "launcher-secret-4711"

STREAMING = (
    "--input_subscription=projects/shop-data/subscriptions/customerio",
    "--dead_letter_topic=projects/shop-data/topics/customerio-dead",
    "--streaming",
    "--enable_streaming_engine",
    "--job_name=customerio-streaming",
)
BACKFILL = (
    "--input=gs://shop-events/**",
    "--dead_letters=gs://shop-customerio/dead-letters/part",
    "--job_name=customerio-backfill",
)
COMMON = (
    "--runner=DataflowRunner",
    "--project=shop-data",
    "--region=europe-west1",
    "--temp_location=gs://shop-customerio/temp",
    "--max_num_workers=4",
    "--site_id_secret=projects/shop-data/secrets/customerio-site-id",
    "--api_key_secret=projects/shop-data/secrets/customerio-api-key",
)


@dataclass(frozen=True)
class Launched:
    """What a launch left behind.

    Attributes:
        status: The exit status of the command.
        output: What it printed.
        google: The stand-in, with the submitted job and the uploaded objects.
    """

    status: int
    output: str
    google: GoogleStandIn

    @property
    def job(self) -> dict[str, Any]:
        """The job that was submitted, as the REST API took it."""
        return self.google.jobs[-1]

    @property
    def graph(self) -> beam_runner_api_pb2.Pipeline:
        """The pipeline that its workers would run."""
        return beam_runner_api_pb2.Pipeline.FromString(self.uploaded("pipeline.pb"))

    @property
    def step_names(self) -> list[str]:
        """The full names of all steps, sorted."""
        graph = self.graph
        steps = graph.components.transforms
        return sorted(step.unique_name for name, step in steps.items() if name not in graph.root_transform_ids)

    @property
    def pickles(self) -> list[bytes]:
        """Everything in the graph that Beam pickled, unpacked: Beam stores it as base64 of bz2."""
        begin = base64.b64encode(b"BZh9")[:5]  # bz2's magic number at the highest compression level
        texts = re.findall(re.escape(begin) + rb"[A-Za-z0-9+/]+", self.graph.SerializeToString())
        return [bz2.BZ2Decompressor().decompress(base64.b64decode(text[: len(text) // 4 * 4])) for text in texts]

    def uploaded(self, name: str) -> bytes:
        """The one uploaded object of that file name."""
        [data] = [data for path, data in self.google.objects.items() if path.endswith(f"/{name}")]
        return data


Launch = Callable[..., Launched]


@pytest.fixture(scope="session")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """Launch the job with these options, each time into a project of its own, where ``running`` runs already."""
    with contextlib.ExitStack() as stand_ins:

        def launch(*arguments: str, running: dict[str, Any] | None = None) -> Launched:
            google = stand_ins.enter_context(running_google_stand_in())
            google.jobs += [running] if running else []
            google.objects["gs://shop-events/day.ndjson"] = b"{}\n"
            output = io.StringIO()
            with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
                patch.setenv("CUSTOMERIO_API_KEY", API_KEY)
                for name, value in google.environment(tmp_path_factory.mktemp("google")).items():
                    patch.setenv(name, value)
                status = run([*COMMON, *google.options, *arguments])
            return Launched(status, output.getvalue(), google)

        yield launch


@pytest.fixture(scope="session")
def streaming(launch: Launch) -> Launched:
    """The launched streaming job."""
    return launch(*STREAMING)


@pytest.fixture(scope="session")
def backfill(launch: Launch) -> Launched:
    """The launched backfill."""
    return launch(*BACKFILL)


@pytest.fixture(scope="session")
def project() -> pathlib.Path:
    """The project's folder."""
    return pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="session")
def project_copy(project: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A clone of the project, for builds: they leave files behind, and these would hide the installed metadata."""
    folder = tmp_path_factory.mktemp("clone") / "project"
    subprocess.run(["git", "clone", "--quiet", project, folder], check=True)
    return folder
