"""Where the integration tests' programs are, and what happens when one is missing."""

from __future__ import annotations

import os
import pathlib
import shutil
from typing import NoReturn

import pytest

__all__ = ["ROOT", "tool", "unavailable"]

ROOT = pathlib.Path(__file__).resolve().parents[2]
_GO_BIN = ROOT / ".cache" / "go-bin"


def tool(name: str) -> str:
    """Returns the path of a program that ``scripts/integration_tools.sh`` provides.

    Where it is missing, the test is skipped, or fails if ``REQUIRE_INTEGRATION=1``.
    """
    found = shutil.which(name, path=os.pathsep.join([str(_GO_BIN), os.environ.get("PATH", "")]))
    if found is None:
        unavailable(f"{name} is missing: scripts/integration_tools.sh gets it, or says what that needs")
    return found


def unavailable(message: str) -> NoReturn:
    """Skips the test, or fails it if ``REQUIRE_INTEGRATION=1``: something that it needs is not there."""
    if os.environ.get("REQUIRE_INTEGRATION") == "1":
        pytest.fail(message)
    pytest.skip(message)
