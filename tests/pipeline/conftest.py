from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from customerio_beam.delivery import workspace
from customerio_beam.sandbox.server import RunningSandbox, running_sandbox
from tests.pipeline.job import Job

KEY = "the-api-key-of-the-tests"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    monkeypatch.setenv("CUSTOMERIO_SITE_ID", "site")
    monkeypatch.setenv("CUSTOMERIO_API_KEY", KEY)
    with running_sandbox(site_id="site", api_key=KEY) as running:
        yield running


@pytest.fixture
def job(sandbox: RunningSandbox, tmp_path: Path) -> Job:
    """Runs the job over events, to the sandbox, on the runner that local runs use."""
    return Job(sandbox, tmp_path, FnApiRunner)


@pytest.fixture(scope="module")
def shared_job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """A job whose run several tests of a module look at: each looks at one thing, and none runs it again."""
    with pytest.MonkeyPatch.context() as patch, running_sandbox(site_id="site", api_key=KEY) as running:
        patch.setenv("CUSTOMERIO_SITE_ID", "site")
        patch.setenv("CUSTOMERIO_API_KEY", KEY)
        patch.setattr(workspace, "_WORKSPACES", {})
        yield Job(running, tmp_path_factory.mktemp("shared"), FnApiRunner)


@pytest.fixture
def write_events(tmp_path: Path) -> Callable[..., str]:
    def write(*events: Any, name: str = "events.ndjson") -> str:
        path = tmp_path / name
        lines = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return str(path)

    return write
