"""The cores can be used without Beam."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest
from hamcrest import assert_that, equal_to

import delivery
import mapping

MODULES = [
    module.name
    for package in (mapping, delivery)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("package", [mapping, delivery], ids=lambda package: str(package.__name__))
def test_a_core_imports_no_beam(package: object) -> None:
    names = [name for name in MODULES if name.startswith(f"{package.__name__}.")]  # type: ignore[attr-defined]
    code = f"import sys, {', '.join(names)}; print('apache_beam' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert_that(answer.stdout.strip(), equal_to("False"))
