"""scripts/pin_images.sh: it writes the digests that Docker tells, all of them or none."""

from __future__ import annotations

import pathlib
import re
import shutil
import stat
import subprocess

import pytest
from hamcrest import assert_that, contains_string, equal_to

#: Stands in for docker: tells a digest made of each image's length, or what it is told to.
_DOCKER = """\
#!/bin/sh
[ "$1 $2 $3 $5" = "buildx imagetools inspect --format" ] || exit 9
case "$4" in $FAILS) echo "no such host" >&2; exit 1 ;; esac
case "$4" in $SILENT) exit 0 ;; esac
printf 'sha256:%064d\\n' "${#4}"
"""


@pytest.fixture
def pin(project: pathlib.Path, tmp_path: pathlib.Path):
    for name in ("Dockerfile", "scripts/pin_images.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(project / name, tmp_path / name)
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(_DOCKER)
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)

    def run(*, path: str = f"{docker.parent}:/usr/bin:/bin", fails: str = "-", silent: str = "-"):
        environment = {"PATH": path, "FAILS": fails, "SILENT": silent}
        command = ["/bin/bash", str(tmp_path / "scripts/pin_images.sh")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    run.file = tmp_path / "Dockerfile"
    return run


def images(file: pathlib.Path) -> list[str]:
    return re.findall(r"^ARG [A-Z]+_IMAGE=(.*)$", file.read_text(), re.MULTILINE)


def test_every_base_image_gets_its_digest_behind_its_tag(pin, project):
    assert_that(pin().returncode, equal_to(0))
    expected = [f"{image}@sha256:{len(image):064}" for image in images(project / "Dockerfile")]
    assert_that(images(pin.file), equal_to(expected))


def test_nothing_else_changes(pin, project):
    pin()
    unpinned = re.sub(r"@sha256:[0-9a-f]{64}", "", pin.file.read_text())
    assert_that(unpinned, equal_to((project / "Dockerfile").read_text()))


def test_a_digest_is_replaced_by_todays(pin):
    pin()
    first = pin.file.read_text()
    pin.file.write_text(first.replace("sha256:0", "sha256:f"))
    pin()
    assert_that(pin.file.read_text(), equal_to(first))


@pytest.mark.parametrize("trouble", [{"fails": "gcr.io/*"}, {"silent": "gcr.io/*"}])
def test_nothing_is_written_unless_every_digest_was_read(pin, project, trouble):
    ran = pin(**trouble)
    assert_that((ran.returncode, pin.file.read_text()), equal_to((1, (project / "Dockerfile").read_text())))


def test_without_docker_it_says_so(pin, tmp_path):
    (tmp_path / "bin" / "docker").unlink()
    (tmp_path / "bin" / "dirname").symlink_to("/usr/bin/dirname")
    ran = pin(path=str(tmp_path / "bin"))
    assert_that(
        (ran.returncode, ran.stderr),
        equal_to((1, "docker is missing: it reads the digests from the images' registries.\n")),
    )


def test_an_image_whose_registry_does_not_answer_is_named(pin):
    assert_that(pin(fails="gcr.io/*").stderr, contains_string("The digest of gcr.io/dataflow-templates-base/"))
