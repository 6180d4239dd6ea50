"""The Dockerfile's steps, in an empty environment: what Docker would do, without Docker.

``FROM python`` is an empty virtual environment of the image's Python version; what is copied from other images (Beam's
boot program and Google's launcher) is left out. All else is done as it is written.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import sys

import pytest
from hamcrest import assert_that, contains_inanyorder, empty, equal_to, is_in, not_none
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deployment.conftest import API_KEY, COMMON, STREAMING
from tests.deployment.dockerfile import instructions
from tests.deployment.environments import IMPORT_EVERYTHING, Environment
from tests.deployment.google_stand_in import running_google_stand_in

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the image has Python 3.11, and this is another"),
]


class Image:
    """An environment, a root folder and variables, as the instructions of one of the Dockerfile's stages leave them."""

    def __init__(self, folder: pathlib.Path, context: pathlib.Path, stages: dict[str, Image]) -> None:
        self.environment = Environment(folder / "python")
        self.variables: dict[str, str] = {}
        self._root = folder / "root"
        self._context = context
        self._stages = stages
        self._workdir = self._root

    def follow(self, name: str, text: str) -> None:
        """Do what one instruction says."""
        if name == "WORKDIR":
            self._workdir = self.path(text)
            self._workdir.mkdir(parents=True, exist_ok=True)
        elif name == "ENV":
            self.variables.update([text.split("=", 1)])
        elif name == "RUN":
            self.environment.run("sh", "-c", text, cwd=self._workdir, variables=self.variables)
        elif name == "COPY" and text.startswith("--from="):
            stage, source, target = text.removeprefix("--from=").split()
            if stage in self._stages:
                self._copy(self._stages[stage].path(source), self._workdir / target)
        elif name == "COPY":
            *sources, target = text.split()
            for source in sources:
                self._copy(self._context / source, self._workdir / target)
        else:
            # As whom the program is started makes no difference to what is installed.
            assert_that(name, is_in(("USER", "ENTRYPOINT")), f"{name} is not known here")

    def path(self, path: str) -> pathlib.Path:
        """Where an absolute path of the image is."""
        return self._root / path.removeprefix("/")

    def _copy(self, source: pathlib.Path, target: pathlib.Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            return
        target = target / source.name if target.is_dir() else target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


@pytest.fixture(scope="module")
def image(project: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    stages: dict[str, Image] = {}
    image = None
    for name, text in instructions(project / "Dockerfile"):
        if name == "FROM":
            base, _, stage = text.partition(" AS ")
            if base.startswith("python:"):
                image = stages[stage] = Image(tmp_path_factory.mktemp("image"), project, stages)
        elif name != "ARG":
            assert_that(image, not_none())
            image.follow(name, text)
    return stages[""]


def test_the_image_has_the_locked_versions_and_no_others(image, project, tmp_path):
    locked = map(Requirement, _requirements(project / "requirements" / "runtime.txt"))
    wanted = {canonicalize_name(need.name): str(need.specifier)[2:] for need in locked if _holds(need)}
    frozen = image.environment.run("python", "-m", "pip", "list", "--format=freeze", cwd=tmp_path)
    installed = {canonicalize_name(name): version for name, version in re.findall(r"(\S+)==(\S+)", frozen)}
    del installed["pip"], installed["customerio-beam"]
    assert_that(installed, equal_to(wanted))


def test_the_image_imports_every_module_from_what_it_installed(image, tmp_path):
    files = image.environment.run("python", "-I", "-c", IMPORT_EVERYTHING, cwd=tmp_path).splitlines()
    assert_that([file for file in files if not file.startswith(str(image.environment.site_packages))], empty())


def test_the_image_has_the_mapping_compiled(image, tmp_path):
    files = image.environment.run("python", "-I", "-c", IMPORT_EVERYTHING, cwd=tmp_path).splitlines()
    interpreted = [pathlib.Path(file).name for file in files if "/mapping/" in file and not file.endswith(".so")]
    assert_that(interpreted, contains_inanyorder("event.py", "mapped.py", "origin.py", "settings.py"))


def test_the_image_launches_the_template(image, tmp_path):
    program = image.path(image.variables["FLEX_TEMPLATE_PYTHON_PY_FILE"])
    with running_google_stand_in() as google:
        variables = {**image.variables, **google.environment(tmp_path), "CUSTOMERIO_API_KEY": API_KEY}
        job_file = "--template_location=gs://shop-customerio/staging/job_object"
        arguments = [*COMMON, *google.options, *STREAMING, job_file]
        image.environment.run("python", program, *arguments, cwd=tmp_path, variables=variables)
    assert_that("gs://shop-customerio/staging/job_object" in google.objects, equal_to(True))


def _requirements(lock: pathlib.Path) -> list[str]:
    return re.findall(r"^([^\s#][^\\]*?) *\\?$", lock.read_text(encoding="utf-8"), re.MULTILINE)


def _holds(need: Requirement) -> bool:
    return need.marker is None or need.marker.evaluate()
