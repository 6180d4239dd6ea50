"""``examples/own_pipeline``: a pipeline of somebody else's, run as its README says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hamcrest import assert_that, contains_exactly, contains_inanyorder, equal_to, has_entries, has_length

from customerio_beam.sandbox.server import RunningSandbox, running_sandbox

pytestmark = pytest.mark.integration  # whole pipelines, one a test

EXAMPLE = Path(__file__).parents[1] / "examples" / "own_pipeline"
README = (EXAMPLE / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(site_id="sandbox-site", api_key="sandbox-key") as running:
        yield running


@pytest.fixture(scope="module")
def repository(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder, in which the README's command was run twice."""
    folder = tmp_path_factory.mktemp("repository") / "own_pipeline"
    shutil.copytree(EXAMPLE, folder)
    variables = dict(re.findall(r"(CUSTOMERIO_\w+)=(\S+)", README))
    [command] = re.findall(r"    (python send_orders\.py (?:.*\\\n)*.*)\n", README)
    words = command.replace("\\\n", " ").replace("http://127.0.0.1:8080", sandbox.url).split()
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, *words[1:]],
            cwd=folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert_that(done.returncode, equal_to(0), done.stderr)
    return folder


def rows(sandbox: RunningSandbox, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{sandbox.url}/{name}.json", timeout=10).json()[name]
    return found


def test_each_order_is_one_enriched_event_however_often_it_is_sent(repository: Path, sandbox: RunningSandbox) -> None:
    assert_that(
        [row["operation"] for row in rows(sandbox, "activity")],
        contains_inanyorder(
            has_entries(
                name="Order Completed",
                identifiers={"id": "u-1"},
                timestamp=1767341700,
                attributes={"order_id": 1001, "total": 49.9, "loyalty_tier": "gold"},
            ),
            has_entries(identifiers={"id": "u-2"}, attributes=has_entries(total=12.5, loyalty_tier="none")),
        ),
    )
    assert_that(rows(sandbox, "people"), has_length(2))


def test_the_order_of_nobody_is_a_dead_letter(repository: Path) -> None:
    records = (repository / "dead-letters-00000-of-00001.ndjson").read_text(encoding="utf-8").splitlines()
    expected = has_entries(reason="missing_identity", message_id="order-1004")
    assert_that([json.loads(record) for record in records], contains_exactly(expected))
