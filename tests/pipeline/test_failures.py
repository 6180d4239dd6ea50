from __future__ import annotations

import pytest
from hamcrest import assert_that, equal_to, is_, starts_with

from customerio_beam.delivery.errors import AuthenticationError
from customerio_beam.pipeline.errors import WorkerEndedError
from customerio_beam.pipeline.failures import failure_sentence


def _raised_from(cause: Exception) -> Exception:
    error = RuntimeError("Bundle failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("Wrong key. [while running 'Deliver']"),
        RuntimeError("Traceback ...\ndelivery.errors.AuthenticationError: Wrong key. [while running 'Deliver']\n more"),
        _raised_from(AuthenticationError("Wrong key.")),
    ],
    ids=["raised", "as text", "as cause"],
)
def test_the_sentence_is_found_however_the_runner_hands_the_failure_over(error: Exception) -> None:
    assert_that(failure_sentence(error), equal_to("Wrong key."))


@pytest.mark.parametrize(
    ("status", "how"), [(-9, "was ended by SIGKILL"), (-15, "was ended by SIGTERM"), (3, "ended with status 3")]
)
def test_a_worker_process_that_ended_has_a_sentence(status: int, how: str) -> None:
    sentence = failure_sentence(WorkerEndedError.of_status(status))
    assert_that(sentence, starts_with(f"a worker process {how}. Is there too little memory?"))


def test_what_a_job_server_says_of_a_failed_job_is_the_sentence() -> None:
    error = RuntimeError("Pipeline customerio-stream_1 failed in state FAILED: TimeoutException: No topic metadata")
    assert_that(failure_sentence(error), equal_to("TimeoutException: No topic metadata"))


def test_a_failure_that_nobody_explains_has_no_sentence() -> None:
    assert_that(failure_sentence(RuntimeError("KeyError: 'x'")), is_(None))
