"""What a worker without an image of its own installs, installed as Beam's image does it, without a package index."""

from __future__ import annotations

import io
import pathlib
import pickle
import tarfile

import pytest
from hamcrest import assert_that, empty, equal_to, has_entries, has_items

from tests.deployment.conftest import STREAMING, Launch, Launched
from tests.deployment.environments import IMPORT_EVERYTHING, Environment
from tests.deployment.test_image_files import pins, pins_in

pytestmark = pytest.mark.integration

_UNPICKLE_ALL = """
import pickle, sys
from apache_beam.internal.cloudpickle import cloudpickle
for function in pickle.load(open(sys.argv[1], "rb")):
    cloudpickle.loads(function)
print("done")
"""


@pytest.fixture(scope="module")
def launched(launch: Launch, project_copy: pathlib.Path) -> Launched:
    """A launch with the packages that run_dataflow.sh names."""
    return launch(
        *STREAMING,
        f"--setup_file={project_copy / 'setup.py'}",
        f"--requirements_file={project_copy / 'requirements' / 'worker.txt'}",
        "--experiments=pip_no_build_isolation",
    )


@pytest.fixture(scope="module")
def staged(launched: Launched, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The staged files, as a worker finds them."""
    folder = tmp_path_factory.mktemp("staged")
    for path, data in launched.google.objects.items():
        (folder / path.rpartition("/")[2]).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def worker(staged: pathlib.Path, project: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with what Beam's image has, and the staged packages installed in the two steps of its boot."""
    worker = Environment(tmp_path_factory.mktemp("worker"))
    worker.lend(without=list(pins(project / "requirements" / "worker.txt")))
    pip = ("python", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--no-index")
    worker.run(*pip, "-r", staged / "requirements.txt", "--no-deps", "--find-links", staged, cwd=staged)
    worker.run(*pip, "--no-build-isolation", staged / "workflow.tar.gz", cwd=staged)
    return worker


def test_the_source_distribution_has_all_that_setup_reads(launched):
    needed = ("setup.py", "pyproject.toml", "README.md", "customerio_beam/pipeline/main.py", "customerio_beam/py.typed")
    assert_that(_files(launched), has_items(*needed))


def test_the_source_distribution_has_no_tests(launched):
    assert_that([name for name in _files(launched) if name.startswith(("tests/", "benchmarks/"))], empty())


def test_a_worker_imports_every_module_from_what_it_installed(worker, staged):
    files = worker.run("python", "-I", "-c", IMPORT_EVERYTHING, cwd=staged).splitlines()
    assert_that([file for file in files if not file.startswith(str(worker.site_packages))], empty())


def test_a_worker_loads_every_function_of_the_job(worker, staged, launched):
    (staged / "functions.pickle").write_bytes(pickle.dumps(launched.pickles))
    output = worker.run("python", "-I", "-c", _UNPICKLE_ALL, staged / "functions.pickle", cwd=staged)
    assert_that(output, equal_to("done\n"))


def test_a_worker_has_the_locked_versions_of_what_its_image_lacks(worker, staged, project):
    frozen = worker.run("python", "-m", "pip", "freeze", cwd=staged)
    assert_that(pins_in(frozen), has_entries(pins(project / "requirements" / "worker.txt")))


def _files(launched: Launched) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(launched.uploaded("workflow.tar.gz"))) as archive:
        return [name.partition("/")[2] for name in archive.getnames()]
