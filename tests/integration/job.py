"""The job in a process of its own, as a user starts it."""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from customerio_beam.sandbox.server import RunningSandbox
from tests.integration.processes import running
from tests.integration.tools import ROOT

__all__ = ["API_KEY", "SITE_ID", "Job"]

SITE_ID, API_KEY = "site", "the-api-key-of-the-integration-tests"
_RUN_SECS = 300


@dataclass
class Job:
    """Starts the job, to a sandbox.

    Attributes:
        sandbox: Where it delivers to.
        folder: Where its dead letters and its log go.
        environment: What it finds in its environment besides this process's.
    """

    sandbox: RunningSandbox
    folder: pathlib.Path
    environment: dict[str, str]

    @property
    def log(self) -> str:
        """What it has printed."""
        return (self.folder / "job.log").read_text()

    @property
    def dead_letters_prefix(self) -> str:
        """The path prefix of its dead-letter files."""
        return f"{self.folder}/dead-letters"

    @contextlib.contextmanager
    def started(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """Starts the job; it is ended with the ``with`` block if it has not ended by itself."""
        command = [sys.executable, "-m", "pipeline", f"--track_endpoint={self.sandbox.url}", *options]
        with running(command, self.folder / "job.log", environment=self.environment, directory=ROOT) as process:
            yield process

    def run(self, *options: str) -> int:
        """Runs the job over files to its end; returns its exit status."""
        with self.started(f"--dead_letters={self.dead_letters_prefix}", *options) as process:
            return process.wait(_RUN_SECS)

    def dead_letters(self) -> list[dict[str, Any]]:
        """The records in its dead-letter files."""
        files = sorted(self.folder.glob("dead-letters*.ndjson"))
        return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]

    def dead_letter_reasons(self) -> Counter[str]:
        """How many records there are in its dead-letter files, by reason."""
        return Counter(record["reason"] for record in self.dead_letters())

    def read(self, name: str) -> list[dict[str, Any]]:
        """The sandbox's people, activity, objects or refused operations."""
        rows: list[dict[str, Any]] = requests.get(f"{self.sandbox.url}/{name}.json?limit=1000000", timeout=30).json()[
            name
        ]
        return rows

    def stats(self) -> dict[str, Any]:
        """What the sandbox has counted."""
        found: dict[str, Any] = requests.get(f"{self.sandbox.url}/stats.json", timeout=10).json()
        return found
