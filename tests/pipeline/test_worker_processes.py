"""How many processes a local run uses. What they do is shown by the integration tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hamcrest import assert_that, equal_to, is_

from customerio_beam.pipeline.inputs import FileEvents
from customerio_beam.pipeline.job_settings import InputSettings
from customerio_beam.pipeline.worker_processes import default_processes

_LARGE = 256_000_000


@pytest.mark.parametrize(
    ("input_bytes", "cores", "processes"),
    [(_LARGE - 1, 4, 1), (_LARGE, 4, 4), (_LARGE, 1, 1), (_LARGE, 64, 8), (None, 4, 1), (0, 4, 1)],
)
def test_a_large_input_of_known_size_has_a_process_for_each_core(
    input_bytes: int | None, cores: int, processes: int
) -> None:
    assert_that(default_processes(input_bytes, cores), equal_to(processes))


def test_the_size_of_an_input_is_that_of_its_files(tmp_path: Path) -> None:
    for name, size in {"a.ndjson": 10, "b.ndjson.gz": 20, "sub/c.ndjson": 30}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    source = FileEvents(InputSettings(input=(f"{tmp_path}/*.ndjson*", f"{tmp_path}/sub")))
    assert_that(source.size_bytes(), equal_to(60))


def test_the_size_of_a_pipe_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"{}")
    os.mkfifo(tmp_path / "pipe")
    source = FileEvents(InputSettings(input=(f"{tmp_path}/a.ndjson", f"{tmp_path}/pipe")))
    assert_that(source.size_bytes(), is_(None))
