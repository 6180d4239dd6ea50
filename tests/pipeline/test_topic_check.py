"""The topic for dead letters is checked before anything runs, here at a server that has topics of all kinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hamcrest import assert_that, calling, contains_string, equal_to, is_, raises

from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.main import run
from customerio_beam.pipeline.topic_check import check_topic
from tests.helpers.pubsub_topics import running_topics

_TOPICS = "projects/shop-data/topics"


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with running_topics() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.parametrize("name", ["usable", "emulated"])
def test_a_topic_that_can_be_used_is_taken(name: str) -> None:
    assert_that(check_topic(f"{_TOPICS}/{name}", publishes_here=True), is_(None))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing", "does not exist: gcloud pubsub topics create missing --project shop-data"),
        ("read-only", "may not be published to by this account"),
        ("broken", "can't be reached: 500 No"),
    ],
)
def test_one_that_can_not_is_refused_in_a_sentence(name: str, sentence: str) -> None:
    check = calling(check_topic).with_args(f"{_TOPICS}/{name}", publishes_here=True)
    assert_that(check, raises(OptionError, f"^--dead_letter_topic={_TOPICS}/{name} {sentence}"))


def test_on_dataflow_another_account_publishes() -> None:
    assert_that(check_topic(f"{_TOPICS}/read-only", publishes_here=False), is_(None))


def test_one_that_may_not_be_looked_at_is_said_not_to_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    check_topic(f"{_TOPICS}/secret", publishes_here=True)
    assert_that(capsys.readouterr().err, contains_string("was not checked: this account may not look at it"))


def test_the_job_does_not_start_without_its_topic(capsys: pytest.CaptureFixture[str]) -> None:
    subscription = "--input_subscription=projects/shop-data/subscriptions/s"
    assert_that(run([subscription, f"--dead_letter_topic={_TOPICS}/missing"]), equal_to(2))
    assert_that(capsys.readouterr().err, contains_string("does not exist"))
