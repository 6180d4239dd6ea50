"""The Flex Template: its parameters are the job's options, and the launcher's command makes a job file."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from google.cloud.dataflow_v1beta3.types import ParameterType, TemplateMetadata
from google.protobuf import json_format
from hamcrest import assert_that, contains_inanyorder, equal_to, has_entries

from customerio_beam.pipeline.arguments import GROUPS, options
from customerio_beam.pipeline.options import parse_options
from tests.deployment.conftest import STREAMING, Launch, Launched

_DATAFLOW = {"max_num_workers", "sdk_container_image"}
_LAUNCHERS_OWN = (
    "--template_location=gs://shop-customerio/staging/job_object",
    "--sdk_container_image=europe-docker.pkg.dev/shop-data/images/customerio:1",
    "--staging_location=gs://shop-customerio/staging",
    '--labels={"goog-dataflow-provided-template-type": "flex"}',
)


@pytest.fixture(scope="module")
def template(project: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> TemplateMetadata:
    file = tmp_path_factory.mktemp("template") / "metadata.json"
    subprocess.run([sys.executable, project / "scripts" / "flex_template_metadata.py", file], check=True)
    template = TemplateMetadata()
    json_format.Parse(file.read_text(encoding="utf-8"), template._pb)  # refuses fields that Dataflow's API doesn't have
    return template


def test_every_option_is_a_parameter_but_the_check(template):
    declared = {option.name for settings_class in GROUPS.values() for option in options(settings_class)}
    names = declared - {"check_connection"} | _DATAFLOW
    assert_that([parameter.name for parameter in template.parameters], contains_inanyorder(*names))


def test_what_the_job_needs_on_dataflow_is_required(template):
    required = {parameter.name for parameter in template.parameters if not parameter.is_optional}
    assert_that(required, equal_to(_DATAFLOW))


def test_the_job_takes_each_default_as_it_is_written(template):
    given = [
        f"--{parameter.name}={parameter.default_value}" for parameter in template.parameters if parameter.default_value
    ]
    with_defaults = parse_options(["--input=gs://shop-events/**", "--operations_output=gs://shop-customerio/o", *given])
    without = parse_options(["--input=gs://shop-events/**", "--operations_output=gs://shop-customerio/o"])
    assert_that(with_defaults.get_all_options(), has_entries(without.get_all_options()))


def test_choices_are_offered_as_such(template):
    kinds = {parameter.name: parameter.param_type for parameter in template.parameters if parameter.enum_options}
    assert_that(kinds, has_entries(account_region=ParameterType.ENUM, ordering=ParameterType.ENUM))


@pytest.fixture(scope="module")
def launched(launch: Launch) -> Launched:
    return launch(*STREAMING, *_LAUNCHERS_OWN)


@pytest.fixture(scope="module")
def job_file(launched: Launched) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(launched.google.objects["gs://shop-customerio/staging/job_object"])
    return job


def test_the_launchers_command_succeeds(launched):
    assert_that(launched.status, equal_to(0))


def test_the_launchers_command_submits_nothing_itself(launched):
    assert_that(launched.google.jobs, equal_to([]))


def test_the_launchers_command_leaves_a_job_file(job_file):
    assert_that(job_file, has_entries(name="customerio-streaming", type="JOB_TYPE_STREAMING"))


def test_the_workers_get_the_templates_image(job_file):
    [pool] = job_file["environment"]["workerPools"]
    assert_that(pool["workerHarnessContainerImage"], equal_to("europe-docker.pkg.dev/shop-data/images/customerio:1"))
