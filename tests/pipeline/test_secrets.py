"""The API key appears in no graph, no pickle, no log."""

from __future__ import annotations

import logging

import apache_beam as beam
import pytest
from hamcrest import assert_that, is_

from customerio_beam.pipeline.build import build_pipeline
from customerio_beam.pipeline.options import parse_options
from tests.pipeline.conftest import KEY
from tests.pipeline.events import track
from tests.pipeline.job import Job


def test_the_graph_with_its_pickled_functions_holds_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMERIO_SITE_ID", "site")
    monkeypatch.setenv("CUSTOMERIO_API_KEY", KEY)
    options = parse_options(["--input=events.ndjson"])
    pipeline = beam.Pipeline(options=options)
    build_pipeline(pipeline, options)
    assert_that(KEY.encode() in pipeline.to_runner_api().SerializeToString(), is_(False))


def test_logs_hold_no_key_and_no_payload(job: Job, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    job.run(track("A name in the payload"), b"{ broken text of the payload")
    assert_that([word for word in (KEY, "name in the payload", "broken text") if word in caplog.text], is_([]))
