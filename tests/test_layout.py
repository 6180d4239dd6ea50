"""The cores can be used without Beam, and load quickly."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest
from hamcrest import assert_that, empty

from customerio_beam import delivery, mapping, profile, reading, rules

HEAVY = ("apache_beam", "google.cloud.secretmanager_v1", "google.api_core", "grpc")


@pytest.mark.parametrize(
    "package", [mapping, reading, delivery, rules, profile], ids=lambda package: str(package.__name__)
)
def test_a_core_imports_neither_beam_nor_googles_libraries(package: ModuleType) -> None:
    names = [module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    code = f"import sys, {', '.join(names)}; print(*(name for name in {HEAVY} if name in sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert_that(answer.stdout.split(), empty())
