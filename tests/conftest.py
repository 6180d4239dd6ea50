"""What holds for all tests."""

from __future__ import annotations

import gc

import hypothesis
import pytest

from customerio_beam.delivery import workspace

# How long an example takes depends on what else the machine does: no test may fail for it.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")


def pytest_collection_finish() -> None:
    """Keep the garbage collector off the modules and tests: they stay to the end, and are many."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def forget_workspaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test fetch its credentials: a process remembers them by URL, and its sandbox may get an old port."""
    monkeypatch.setattr(workspace, "_WORKSPACES", {})
