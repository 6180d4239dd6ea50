"""The Dockerfile, .dockerignore, lock files and setup.py agree with each other."""

from __future__ import annotations

import importlib.metadata
import pathlib
import re

from hamcrest import assert_that, equal_to, has_item, has_items
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deployment.dockerfile import copied_from_context, instructions

_PACKAGES = {"customerio_beam", "transforms", "pipeline"}


def pins(file: pathlib.Path) -> dict[str, str]:
    return pins_in(file.read_text())


def pins_in(text: str) -> dict[str, str]:
    """Versions by names, in the one form that lock files write: pip writes a name as its package does."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_the_image_has_beam_of_the_locked_version(project):
    images = [text.split()[0] for name, text in instructions(project / "Dockerfile") if name == "FROM"]
    beam = pins(project / "requirements" / "runtime.txt")["apache-beam"]
    assert_that([image.partition("@")[0] for image in images], has_item(f"apache/beam_python3.11_sdk:{beam}"))


def test_every_base_image_has_the_tag_of_an_exact_version(project):
    images = [text.split()[0] for name, text in instructions(project / "Dockerfile") if name == "FROM"]
    exact = re.compile(r"[^@:]+:(\d+\.\d+\.\d+[-\w]*|\d{8}-rc\d\d)(@sha256:[0-9a-f]{64})?")
    assert_that([image for image in images if not exact.fullmatch(image)], equal_to([]))


def test_the_image_runs_as_a_user_and_not_as_root(project):
    after_last_from = list(instructions(project / "Dockerfile"))[-10:]
    users = [text for name, text in after_last_from if name == "USER"]
    assert_that(users, equal_to(["10001:10001"]))


def test_nothing_is_installed_as_that_user(project):
    """What the user can't write, it can't change."""
    names = [name for name, _ in instructions(project / "Dockerfile")]
    assert_that(names[names.index("USER") + 1 :], equal_to(["ENTRYPOINT"]))


def test_the_image_has_one_python(project):
    froms = " ".join(text for name, text in instructions(project / "Dockerfile") if name == "FROM")
    versions = {found.replace(".", "") for found in re.findall(r"python:?(3\.?\d\d)", froms)}
    assert_that(versions, equal_to({"311"}))


def test_the_image_gets_all_that_it_copies(project):
    ignored = {line.removeprefix("!") for line in (project / ".dockerignore").read_text().splitlines()}
    sources = [source for sources, _ in copied_from_context(project / "Dockerfile") for source in sources]
    assert_that(ignored, has_items(*sources))


def test_the_image_gets_all_packages(project):
    sources = [source for sources, _ in copied_from_context(project / "Dockerfile") for source in sources]
    assert_that(sources, has_items(*_PACKAGES))


def test_workers_without_an_image_get_what_beams_image_lacks(project):
    """Beam's image has Beam's own dependencies; any other direct one must be in requirements/worker.txt."""
    own = {canonicalize_name(Requirement(text).name) for text in _runtime_requirements("customerio-beam")}
    beams = {canonicalize_name(Requirement(text).name) for text in _runtime_requirements("apache-beam", "gcp")}
    assert_that(set(pins(project / "requirements" / "worker.txt")), equal_to(own - beams - {"apache-beam"}))


def test_workers_without_an_image_get_the_locked_versions(project):
    locked = pins(project / "requirements" / "runtime.txt")
    workers = pins(project / "requirements" / "worker.txt")
    assert_that(workers, equal_to({name: locked[name] for name in workers}))


def test_the_workers_file_is_plain_enough_for_beam(project):
    """Beam hands each of its lines to pip as one requirement: hashes, comments and continued lines would fail."""
    lines = (project / "requirements" / "worker.txt").read_text().splitlines()
    assert_that([line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line)], equal_to([]))


def _runtime_requirements(package: str, extra: str = "") -> list[str]:
    return [
        text
        for text in importlib.metadata.requires(package) or []
        if (marker := Requirement(text).marker) is None or marker.evaluate({"extra": extra})
    ]
