"""Runs the job in a test as a user would, and reads back what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import requests
from apache_beam.runners.runner import PipelineRunner

from customerio_beam.pipeline.build import build_pipeline
from customerio_beam.pipeline.counts import read_counts
from customerio_beam.pipeline.options import parse_options
from customerio_beam.pipeline.summary import Summary
from customerio_beam.sandbox.server import RunningSandbox


@dataclass
class Job:
    sandbox: RunningSandbox
    folder: Path
    runner: Callable[[], PipelineRunner]
    runs: int = 0

    def run(self, *events: Any, options: tuple[str, ...] = (), recent: str = "send") -> Summary:
        """Runs the job over one file with these events (dicts, or lines as bytes)."""
        self.runs += 1
        path = self.folder / f"events-{self.runs}.ndjson"
        lines = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return self.run_files(str(path), options=options, recent=recent)

    def run_files(self, *patterns: str, options: tuple[str, ...] = (), recent: str = "send") -> Summary:
        arguments = [
            "--input",
            *patterns,
            f"--track_endpoint={self.sandbox.url}",
            f"--dead_letters={self.folder}/dead-letters-{self.runs}",
            f"--backfill_recent={recent}",
            *options,
        ]
        parsed = parse_options(arguments)
        pipeline = beam.Pipeline(runner=self.runner(), options=parsed)
        build_pipeline(pipeline, parsed)
        result = pipeline.run()
        result.wait_until_finish()
        return Summary(read_counts(result).counters)

    def dead_letters(self) -> list[dict[str, Any]]:
        """The records of the last run."""
        files = sorted(self.folder.glob(f"dead-letters-{self.runs}-*.ndjson"))
        return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]

    def read(self, name: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.sandbox.url}/{name}.json", timeout=10)
        answer.raise_for_status()
        rows: list[dict[str, Any]] = answer.json()[name]
        return rows

    @property
    def people(self) -> list[dict[str, Any]]:
        return self.read("people")

    @property
    def activity(self) -> list[dict[str, Any]]:
        return self.read("activity")
