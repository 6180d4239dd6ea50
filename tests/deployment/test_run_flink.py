"""run_flink.sh: the commands it makes, what it refuses, and that it checks the connection before it launches."""

from __future__ import annotations

import json
import pathlib

import pytest
from hamcrest import assert_that, contains_exactly, contains_string, equal_to, has_item, has_items, matches_regexp, not_

from customerio_beam.pipeline.options import parse_options, runner_options
from tests.deployment.launch_scripts import Project, pairs

_PLACE = ["--job_endpoint", "jobs:8099", "--flink_master=flink:8081", "--parallelism", "4", "--rate_workers=2"]
_WORKER = ["--worker_command", "/opt/customer io/bin/customerio-beam-sdk-worker"]
_DEAD_LETTERS = ["--dead_letters", "/shared/dead-letters/part"]
_TOPIC = ["--input_kafka_bootstrap_servers=kafka:9092", "--input_kafka_topic=events"]
_STREAM = ["stream", *_PLACE, *_WORKER, *_DEAD_LETTERS, *_TOPIC]
_BACKFILL = ["backfill", *_PLACE, *_WORKER, *_DEAD_LETTERS, "--input", "/shared/events/2024/**"]


@pytest.fixture
def copy(project: pathlib.Path, tmp_path: pathlib.Path) -> Project:
    return Project("run_flink.sh", project, tmp_path)


def test_help_names_every_action(copy):
    helped = copy.run("--help")
    for action in ("stream", "backfill"):
        assert_that(helped.output, contains_string(f"\n  {action} "))


def test_nothing_asked_shows_the_help_and_fails(copy):
    ran = copy.run()
    assert_that(
        (ran.status, ran.output.splitlines()[0]),
        equal_to((2, "Run the job on an Apache Flink cluster, through Beam's job server for it.")),
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["drain", *_PLACE], "There is no action drain: choose stream or backfill. See --help."),
        (["stream"], "stream needs --job_endpoint HOST:PORT, the address of Beam's job server."),
        (["stream", *_PLACE[:2]], "stream needs --flink_master HOST:PORT, the address of Flink's REST API."),
        (["stream", *_PLACE[:3]], "stream needs --parallelism N, the slots that the job uses."),
        (["stream", *_PLACE[:5]], "stream needs --rate_workers N, because the rate of requests is divided by it."),
        (
            ["stream", *_PLACE, *_WORKER],
            "stream needs --dead_letters PREFIX, of files that all TaskManagers can write.",
        ),
        (
            ["stream", *_PLACE, *_WORKER, *_DEAD_LETTERS],
            "stream needs --input_kafka_bootstrap_servers HOST:PORT[,HOST:PORT...].",
        ),
        (["stream", *_PLACE, *_WORKER, *_DEAD_LETTERS, _TOPIC[0]], "stream needs --input_kafka_topic TOPIC."),
        (["backfill", *_PLACE, *_WORKER, *_DEAD_LETTERS], "backfill needs --input PATTERN."),
        (["backfill", *_PLACE, *_BACKFILL[9:]], "backfill needs --worker_command PATH, or --image IMAGE."),
        ([*_STREAM, "--image=registry/customerio:1"], "Give --worker_command or --image, not both."),
    ],
)
def test_a_missing_setting_is_refused_in_one_sentence(copy, arguments, sentence):
    ran = copy.run(*arguments)
    assert_that((ran.status, ran.errors, ran.calls), equal_to((2, sentence + "\n", [])))


@pytest.mark.parametrize("arguments", [_STREAM, _BACKFILL], ids=lambda words: words[0])
def test_print_runs_nothing(copy, arguments):
    ran = copy.run(*arguments, "--print")
    assert_that((ran.status, ran.calls), equal_to((0, [])))


def test_a_worker_command_makes_a_process_environment(copy):
    launch = copy.run(*_STREAM, "--print").printed[-1]
    environment = launch[launch.index("--environment_config") + 1]
    assert_that(json.loads(environment), equal_to({"command": _WORKER[1]}))


def test_an_image_makes_a_docker_environment(copy):
    words = [word for word in _BACKFILL if word not in _WORKER]
    launch = copy.run(*words, "--image", "registry/customerio:1", "--print").printed[-1]
    assert_that(pairs(launch), has_items("--environment_type DOCKER", "--environment_config registry/customerio:1"))


def test_a_stream_has_checkpoints_that_outlive_it(copy):
    launch = copy.run(*_STREAM, "--print").printed[-1]
    assert_that(
        launch,
        has_items(
            "--finish_bundle_before_checkpointing",
            "--externalized_checkpoints_enabled",
            "--retain_externalized_checkpoints_on_cancellation",
        ),
    )
    assert_that(pairs(launch), has_item("--checkpointing_interval 10000"))


def test_the_interval_of_checkpoints_can_be_set(copy):
    launch = copy.run(*_STREAM, "--checkpointing_interval=60000", "--print").printed[-1]
    given = [word for word in launch if word.startswith("--checkpointing_interval")]
    assert_that(given, equal_to(["--checkpointing_interval=60000"]))


def test_a_backfill_has_no_checkpoints(copy):
    launch = copy.run(*_BACKFILL, "--print").printed[-1]
    assert_that(launch, not_(has_item("--checkpointing_interval")))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (_STREAM, "customerio-stream"),
        (_BACKFILL, r"customerio-backfill-\d{8}-\d{6}"),
        ([*_BACKFILL, "--job_name=history"], "history"),
    ],
)
def test_a_job_has_a_name(copy, arguments, name):
    launch = copy.run(*arguments, "--print").printed[-1]
    assert_that(launch[launch.index("--job_name") + 1], matches_regexp(f"^{name}$"))


def test_an_expansion_service_is_used_in_place_of_beams_own_jar(copy):
    launch = copy.run(*_STREAM, "--expansion_service", "/opt/flink-job-server.jar", "--print").printed[-1]
    services = json.loads(launch[launch.index("--beam_services") + 1])
    assert_that(services, equal_to({"sdks:java:io:expansion-service:shadowJar": "/opt/flink-job-server.jar"}))


def test_the_connection_is_checked_before_the_launch(copy):
    calls = copy.run(*_STREAM).calls
    assert_that(["--check_connection" in call for call in calls], equal_to([True, False]))


def test_nothing_is_launched_where_the_connection_fails(copy):
    ran = copy.run(*_STREAM, check_status=1)
    assert_that((ran.status, len(ran.calls)), equal_to((1, 1)))


def test_the_check_can_be_skipped(copy):
    assert_that(copy.run(*_STREAM, "--skip_check").calls, contains_exactly(not_(contains_string("check_connection"))))


@pytest.mark.parametrize("arguments", [_STREAM, _BACKFILL], ids=lambda words: words[0])
def test_the_job_takes_every_launched_option(copy, arguments):
    """What the job does not know itself is an option of the job server's."""
    check, launch = copy.run(*arguments, "--print").printed
    parse_options(check[3:])
    parse_options(launch[3:])
    known = {
        "--checkpointing_interval",
        "--finish_bundle_before_checkpointing",
        "--externalized_checkpoints_enabled",
        "--retain_externalized_checkpoints_on_cancellation",
    }
    assert_that(set(runner_options(launch[3:])) - known, equal_to(set()))
