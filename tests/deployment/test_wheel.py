"""The wheel in somebody else's project, which has packages named like our folders."""

from __future__ import annotations

import json
import pathlib
import re
import zipfile

import pyarrow as pa
import pyarrow.parquet
import pytest
import requests
from hamcrest import assert_that, contains_exactly, contains_inanyorder, contains_string, has_entries

from customerio_beam.sandbox.server import running_sandbox
from tests.deployment.environments import Environment

pytestmark = pytest.mark.integration

_EVENT = {"type": "track", "userId": "u1", "event": "Ordered", "messageId": "m1", "timestamp": 1_700_000_000}

#: A pipeline of somebody else's, as README's example has it, in a package that is called like one of our folders.
_FOREIGN_JOB = f"""
import sys
import apache_beam as beam
import customerio_beam as cio
import delivery, mapping, sandbox, transforms

with beam.Pipeline(runner="FnApiRunner") as pipeline:
    payloads = pipeline | beam.Create([{json.dumps(_EVENT).encode()!r}])
    parsed = payloads | cio.ParseEvents()
    mapped = parsed.events | cio.KeyByPerson() | cio.MapToCustomerIO(cio.MappingSettings(identify_by="id"))
    _ = (
        mapped.operations
        | beam.Map(lambda keyed: keyed[1][1].decode())
        | beam.io.WriteToText(sys.argv[1], shard_name_template="")
    )
print(*(module.OURS for module in (delivery, mapping, sandbox, transforms)))
"""


@pytest.fixture(scope="module")
def wheel(project_copy: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("wheel")
    builder = Environment(folder / "builder")
    builder.lend(without=[])
    pip = ("python", "-m", "pip", "wheel", "--no-cache-dir", "--no-deps", "--no-build-isolation", "--quiet")
    builder.run(*pip, "--wheel-dir", folder, project_copy, cwd=folder)
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def foreign(wheel: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that has our wheel, and a project with packages of its own beside it."""
    environment = Environment(tmp_path_factory.mktemp("foreign") / "venv")
    environment.lend(without=["flask", "Flask"])
    environment.run("python", "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=environment.folder)
    for name in ("mapping", "delivery", "transforms", "pipeline", "sandbox"):
        package = environment.folder / "project" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"OURS = {name!r}\n")
    (environment.folder / "project" / "pipeline" / "__main__.py").write_text(_FOREIGN_JOB)
    return environment


def test_the_wheel_has_one_name(wheel: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition("/")[0] for name in archive.namelist()}
    version = wheel.name.split("-")[1]
    assert_that(names, contains_inanyorder("customerio_beam", f"customerio_beam-{version}.dist-info"))


def test_a_foreign_pipeline_with_packages_of_our_folders_names_runs_ours(foreign: Environment) -> None:
    project = foreign.folder / "project"
    said = foreign.run("python", "-m", "pipeline", project / "operations.ndjson", cwd=project)
    assert_that(said.split(), contains_exactly("delivery", "mapping", "sandbox", "transforms"))
    [operation] = (project / "operations.ndjson").read_text().splitlines()
    assert_that(json.loads(operation), has_entries(name="Ordered", identifiers={"id": "u1"}))


def test_the_installed_command_runs_a_backfill(foreign: Environment) -> None:
    folder = foreign.folder / "project"
    (folder / "events.ndjson").write_text(json.dumps(_EVENT))
    command = (foreign.folder / "bin" / "customerio-beam", "run", "--input", "events.ndjson")
    said = foreign.run(*command, "--operations_output", "dry-run.ndjson", cwd=folder)
    assert_that(" ".join(said.split()), contains_string("events read 1"))


def test_without_its_packages_the_sandbox_says_how_to_install_them(foreign: Environment) -> None:
    command = f"{foreign.folder / 'bin' / 'customerio-beam-sandbox'} 2>&1 || echo status $?"
    said = foreign.run("sh", "-c", command, cwd=foreign.folder)
    assert_that(said, contains_string("pip install 'customerio-beam[sandbox]'"))
    assert_that(said, contains_string("status 2"))


def test_the_yaml_pipeline_of_the_docs_runs(foreign: Environment, project: pathlib.Path) -> None:
    folder = foreign.folder / "yaml"
    (folder / "events").mkdir(parents=True)
    rows = [{**_EVENT, "properties": {"total": 12.5}}, {**_EVENT, "userId": None, "messageId": "m2"}]
    pa.parquet.write_table(pa.Table.from_pylist(rows), folder / "events" / "1.parquet")
    page = (project / "docs" / "yaml.md").read_text(encoding="utf-8")
    pipeline = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0]
    with running_sandbox(site_id="site", api_key="key") as sandbox:
        endpoint = f"account_region: us\n        track_endpoint: {sandbox.url}"
        (folder / "send.yaml").write_text(pipeline.replace("account_region: eu", endpoint))
        foreign.run(
            *("python", "-m", "apache_beam.yaml.main", "--yaml_pipeline_file=send.yaml", "--runner=FnApiRunner"),
            cwd=folder,
            variables={"CUSTOMERIO_SITE_ID": "site", "CUSTOMERIO_API_KEY": "key"},
        )
        activity = requests.get(f"{sandbox.url}/activity.json", timeout=10).json()["activity"]
    expected = has_entries(name="Ordered", identifiers={"id": "u1"}, attributes={"total": 12.5})
    assert_that([row["operation"] for row in activity], contains_exactly(expected))
    [errors] = folder.glob("errors.json-*")
    assert_that(json.loads(errors.read_text()), has_entries(reason="missing_identity", stage="map", retryable=False))


def test_the_wheel_has_the_provider_file(foreign: Environment) -> None:
    said = foreign.run("python", "-m", "customerio_beam.beam_yaml", cwd=foreign.folder)
    assert_that(pathlib.Path(said.strip()).read_text(), contains_string("SendToCustomerIO:"))
