"""The hosted workflows: they are valid, and they test the Pythons that the package supports."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from hamcrest import assert_that, contains_inanyorder, empty, equal_to
from packaging.specifiers import SpecifierSet

from tests.integration.tools import tool

_PYTHONS = [f"3.{minor}" for minor in range(8, 30)]


def test_ci_runs_every_python_that_setup_supports(project):
    [matrix] = re.findall(r"^ +python: (\[.*\])$", (project / ".github/workflows/ci.yml").read_text(), re.MULTILINE)
    [supported] = re.findall(r'python_requires="(.*)"', (project / "setup.py").read_text())
    assert_that(json.loads(matrix), contains_inanyorder(*SpecifierSet(supported).filter(_PYTHONS)))


def test_the_classifiers_name_the_same_pythons(project):
    text = (project / "setup.py").read_text()
    [supported] = re.findall(r'python_requires="(.*)"', text)
    named = re.findall(r"Python :: (3\.\d+)", text)
    assert_that(named, contains_inanyorder(*SpecifierSet(supported).filter(_PYTHONS)))


def test_actions_run_with_no_more_than_they_need(project):
    """Each workflow begins with the permission to read; a job that needs another names it."""
    texts = {file.name: file.read_text() for file in (project / ".github/workflows").iterdir()}
    without = [name for name, text in texts.items() if "\npermissions:\n  contents: read\n" not in text]
    assert_that(without, empty())


@pytest.mark.integration
def test_actionlint_finds_no_fault(project):
    files = sorted((project / ".github/workflows").iterdir())
    # Without the other linters that it runs where they happen to be installed.
    command = [tool("actionlint"), "-oneline", "-shellcheck=", "-pyflakes=", *files]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert_that((ran.stdout, ran.returncode), equal_to(("", 0)))
