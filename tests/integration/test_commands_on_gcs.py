"""The commands over objects of GCS: with the real client, and a server that speaks its API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hamcrest import assert_that, contains_string, equal_to, has_properties

from tests.integration.gcs import Gcs
from tests.integration.tools import ROOT

pytestmark = pytest.mark.integration


def dead_letters(*users: str) -> bytes:
    events = [{"type": "page", "userId": user, "timestamp": "2024-01-01T00:00:00Z"} for user in users]
    records = [{"reason": "missing_page_name", "detail": "No name.", "payload": json.dumps(event)} for event in events]
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def run(gcs: Gcs, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment: dict[str, Any] = {**os.environ, **gcs.environment}
    command = [sys.executable, "-m", "pipeline", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_objects_are_purged_in_place_and_no_copy_is_left(gcs: Gcs) -> None:
    gcs.write(
        {
            "dead/run-1": dead_letters("u1", "u2", "u1"),
            "dead/run-2": dead_letters("u3"),
            "dead/run-3": dead_letters("u1"),
            "ids.csv": b"id,email\nu1,\n",
        }
    )
    ended = run(gcs, "purge", f"--dead_letters={gcs.path('dead/run')}", f"--ids={gcs.path('ids.csv')}")
    assert_that(ended, has_properties(returncode=0, stderr=""))
    assert_that(gcs.read("dead/"), equal_to({"dead/run-1": dead_letters("u2"), "dead/run-2": dead_letters("u3")}))


def test_objects_are_reported(gcs: Gcs) -> None:
    gcs.write({"dead/run-1": dead_letters("u1", "u2")})
    ended = run(gcs, "report", f"--dead_letters={gcs.path('dead/')}")
    assert_that(ended, has_properties(returncode=3, stdout=contains_string("2 dead letters in gs://")))


def test_an_object_that_is_missing_is_refused_in_one_sentence(gcs: Gcs) -> None:
    ended = run(gcs, "purge", f"--dead_letters={gcs.path('dead/run')}", f"--ids={gcs.path('ids.csv')}")
    assert_that((ended.returncode, ended.stderr.count("\n")), equal_to((2, 1)))
    assert_that(ended.stderr.split("can't be")[0].strip(), equal_to(f"--ids={gcs.path('ids.csv')}"))
