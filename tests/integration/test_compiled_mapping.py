"""The compiled mapping does what the mapping does as Python: its tests pass with it."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hamcrest import assert_that, contains_string, equal_to

from benchmarks.compiled import can_compile, compiled_copy
from tests.integration.tools import unavailable

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def project() -> Iterator[pathlib.Path]:
    if not can_compile():
        unavailable("The mapping can't be compiled: that needs requirements/compile.txt and a C compiler")
    with compiled_copy() as folder:
        yield folder


def test_the_mapping_is_compiled(project: pathlib.Path) -> None:
    code = "from customerio_beam.mapping import mapper, reading; print(mapper.__file__, reading.__file__)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)
    assert_that([file.endswith(".so") for file in ran.stdout.split()], equal_to([True, True]))


def test_the_mappings_tests_pass(project: pathlib.Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/mapping",
        "tests/transforms/test_parse_and_map.py",
        "--numprocesses=auto",
    ]
    ran = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert_that(ran.returncode, equal_to(0), ran.stdout[-4000:])
    assert_that(ran.stdout, contains_string(" passed"))
