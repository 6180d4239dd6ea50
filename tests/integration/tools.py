"""Where the integration tests' programs are, and what happens when one is missing."""

from __future__ import annotations

import os
import pathlib
from typing import NoReturn

import pytest

from benchmarks.processes import program

__all__ = ["ROOT", "node_packages", "tool", "unavailable"]

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tool(name: str) -> str:
    """Returns the path of a program that ``scripts/integration_tools.sh`` provides.

    Where it is missing, the test is skipped, or fails if ``REQUIRE_INTEGRATION=1``.
    """
    try:
        return program(name)
    except FileNotFoundError as missing:
        unavailable(str(missing))


def node_packages() -> pathlib.Path:
    """Returns the folder with the packages from npm that ``scripts/integration_tools.sh`` installs."""
    folder = ROOT / "tests" / "integration" / "npm"
    if not (folder / "node_modules").is_dir():
        unavailable("packages from npm are missing: scripts/integration_tools.sh installs them")
    return folder


def unavailable(message: str) -> NoReturn:
    """Skips the test, or fails it if ``REQUIRE_INTEGRATION=1``: something that it needs is not there."""
    if os.environ.get("REQUIRE_INTEGRATION") == "1":
        pytest.fail(message)
    pytest.skip(message)
