"""run_dataflow.sh: the commands it makes, what it refuses, and that it checks the connection before it launches."""

from __future__ import annotations

import pathlib

import pytest
from hamcrest import (
    assert_that,
    contains_exactly,
    contains_string,
    equal_to,
    has_item,
    has_items,
    not_,
    only_contains,
)

from tests.deployment.launch_scripts import Project, pairs

_PLACE = ["--project", "shop-data", "--region", "europe-west1", "--bucket", "shop-customerio"]
_SECRETS = [
    "--site_id_secret=projects/shop-data/secrets/customerio-site-id",
    "--api_key_secret=projects/shop-data/secrets/customerio-api-key",
]
_SUBSCRIPTION = ["--input_subscription", "projects/shop-data/subscriptions/customerio"]
_TOPIC = ["--dead_letter_topic=projects/shop-data/topics/customerio-dead"]
_WORKERS = ["--max_num_workers", "4"]
_STREAMING = ["streaming", *_PLACE, *_WORKERS, *_SUBSCRIPTION, *_TOPIC, *_SECRETS]
_UPDATE = ["update", *_STREAMING[1:]]
_BACKFILL = ["backfill", *_PLACE, *_WORKERS, "--input", "gs://shop-events/2024/**", *_SECRETS]


@pytest.fixture
def copy(project: pathlib.Path, tmp_path: pathlib.Path) -> Project:
    return Project("run_dataflow.sh", project, tmp_path)


def test_help_names_every_action(copy):
    helped = copy.run("--help")
    for action in ("streaming", "backfill", "update", "drain", "template"):
        assert_that(helped.output, contains_string(f"\n  {action} "))


def test_nothing_asked_shows_the_help_and_fails(copy):
    ran = copy.run()
    assert_that((ran.status, ran.output.splitlines()[0]), equal_to((2, "Run the job on Google Cloud Dataflow.")))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["pause", *_PLACE],
            "There is no action pause: choose streaming, backfill, update, drain or template. See --help.",
        ),
        (["streaming"], "streaming needs --project ID."),
        (["streaming", "--project=shop-data"], "streaming needs --region NAME."),
        (["streaming", "--project", "shop-data", "--region"], "streaming needs --region NAME."),
        (["streaming", "--project", "--region", "europe-west1"], "streaming needs --project ID."),
        (["streaming", *_PLACE[:4]], "streaming needs --bucket NAME."),
        (
            ["streaming", *_PLACE],
            "streaming needs --max_num_workers N, because the rate of requests is divided by it.",
        ),
        (
            ["streaming", *_PLACE, *_WORKERS],
            "streaming needs --input_subscription projects/PROJECT/subscriptions/NAME.",
        ),
        (
            ["update", *_PLACE, *_WORKERS, *_SUBSCRIPTION],
            "update needs --dead_letter_topic projects/PROJECT/topics/NAME.",
        ),
        (["backfill", *_PLACE, *_WORKERS], "backfill needs --input gs://BUCKET/PATTERN."),
        (
            ["backfill", *_PLACE, *_WORKERS, "--input=events.ndjson"],
            "--input events.ndjson is not on Cloud Storage: workers read gs:// alone.",
        ),
        (_BACKFILL[:-2], "backfill needs --api_key_secret projects/PROJECT/secrets/NAME."),
        (
            [*_BACKFILL[:-2], _SECRETS[1]],
            "backfill needs --site_id_secret projects/PROJECT/secrets/NAME, or --site_id.",
        ),
        (
            ["template", "--project=shop-data", "--bucket=b"],
            "template needs --image REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME:VERSION.",
        ),
    ],
)
def test_a_missing_setting_is_refused_in_one_sentence(copy, arguments, sentence):
    ran = copy.run(*arguments)
    assert_that((ran.status, ran.errors, ran.calls), equal_to((2, sentence + "\n", [])))


@pytest.mark.parametrize("arguments", [_STREAMING, _BACKFILL, _UPDATE, ["drain", *_PLACE]], ids=lambda words: words[0])
def test_print_runs_nothing(copy, arguments):
    ran = copy.run(*arguments, "--print")
    assert_that((ran.status, ran.calls), equal_to((0, [])))


def test_print_shows_the_check_and_then_the_launch(copy):
    check, launch = copy.run(*_STREAMING, "--print").printed
    assert_that(
        (check[:4], launch[:3]),
        equal_to(
            ([".venv/bin/python", "-m", "pipeline", "--check_connection"], [".venv/bin/python", "-m", "pipeline"])
        ),
    )


def test_streaming_is_launched_with_streaming_engine(copy):
    launch = copy.run(*_STREAMING, "--print").printed[-1]
    assert_that(
        pairs(launch),
        has_items("--runner DataflowRunner", "--streaming --enable_streaming_engine", "--max_num_workers 4"),
    )


def test_a_backfill_is_no_streaming_job(copy):
    launch = copy.run(*_BACKFILL, "--print").printed[-1]
    assert_that(launch, not_(has_item("--streaming")))


def test_a_backfill_keeps_its_dead_letters_in_the_bucket(copy):
    launch = copy.run(*_BACKFILL, "--job_name", "history", "--print").printed[-1]
    assert_that(launch, has_item("--dead_letters=gs://shop-customerio/dead-letters/history/part"))


def test_a_backfill_keeps_its_dead_letters_where_it_is_told(copy):
    launch = copy.run(*_BACKFILL, "--dead_letters=gs://elsewhere/part", "--print").printed[-1]
    assert_that(
        [word for word in launch if word.startswith("--dead_letters")], equal_to(["--dead_letters=gs://elsewhere/part"])
    )


def test_patterns_are_printed_so_that_no_shell_expands_them(copy):
    assert_that(copy.run(*_BACKFILL, "--print").output, contains_string(r"--input gs://shop-events/2024/\*\*"))


def test_workers_get_the_package_and_its_pinned_dependencies(copy):
    launch = copy.run(*_STREAMING, "--print").printed[-1]
    assert_that(
        pairs(launch),
        has_items(
            "--setup_file ./setup.py",
            "--requirements_file ./requirements/worker.txt",
            "--experiments pip_no_build_isolation",
        ),
    )


def test_an_image_takes_the_place_of_packages(copy):
    launch = copy.run(*_STREAMING, "--image", "registry/customerio:1", "--print").printed[-1]
    packages = [word for word in launch if word.startswith(("--sdk_container_image", "--setup_", "--requirements_"))]
    assert_that(packages, equal_to(["--sdk_container_image=registry/customerio:1"]))


@pytest.mark.parametrize("image", ["x --setup_file y", "*", "$(touch here)", "-n", "--help me", "x'\"y"])
def test_an_images_name_is_one_word_whatever_is_in_it(copy, image):
    launch = copy.run(*_STREAMING, f"--image={image}", "--print").printed[-1]
    assert_that(
        [word for word in launch if word.startswith(("--sdk_container_image", "--setup_file"))],
        equal_to([f"--sdk_container_image={image}"]),
    )


@pytest.mark.parametrize("name", ["-n", "--print me", "a OR name:*", "a b", "Upper", "a-", ""])
@pytest.mark.parametrize("arguments", [["drain", *_PLACE], _UPDATE, _BACKFILL], ids=lambda words: words[0])
def test_a_job_name_of_another_form_is_refused_and_means_nothing_else(copy, arguments, name):
    ran = copy.run(*arguments, "--job_name", name)
    assert_that((ran.status, ran.calls), equal_to((2, [])))
    assert_that(ran.errors, contains_string("--job_name must be lower-case letters, digits and hyphens"))


def test_a_bucket_that_looks_like_an_option_is_refused(copy):
    ran = copy.run("streaming", *_PLACE[:4], "--bucket", "-n", *_WORKERS)
    assert_that((ran.status, ran.errors), equal_to((2, "streaming needs --bucket NAME.\n")))


def test_of_an_option_given_twice_the_last_one_counts_as_it_does_for_the_job(copy):
    calls = copy.run("drain", *_PLACE, "--region=us-central1").calls
    assert_that(calls, only_contains(contains_string("--region us-central1")))


def test_values_are_shown_without_control_characters(copy):
    ran = copy.run("backfill", *_PLACE, *_WORKERS, "--input", "\x1b[2J")
    assert_that(ran.errors, equal_to("--input $'\\E[2J' is not on Cloud Storage: workers read gs:// alone.\n"))


def test_every_other_option_is_passed_on(copy):
    others = ["--no_use_public_ips", "--subnetwork=regions/europe-west1/subnetworks/data", "--labels", "team=data"]
    launch = copy.run(*_STREAMING, *others, "--print").printed[-1]
    assert_that(launch[-4:], equal_to(others))


def test_an_update_replaces_the_job_of_that_name(copy):
    launch = copy.run(*_UPDATE, "--print").printed[-1]
    assert_that(launch, has_items("--job_name=customerio-streaming", "--enable_streaming_engine", "--update"))


def test_the_connection_is_checked_before_the_launch(copy):
    calls = copy.run(*_STREAMING).calls
    assert_that(["--check_connection" in call for call in calls], equal_to([True, False]))


def test_nothing_is_launched_where_the_connection_fails(copy):
    ran = copy.run(*_STREAMING, check_status=1)
    assert_that((ran.status, len(ran.calls)), equal_to((1, 1)))


def test_the_check_can_be_skipped(copy):
    assert_that(copy.run(*_STREAMING, "--skip_check").calls, contains_exactly(not_(contains_string("check"))))


def test_operations_that_go_to_files_need_no_connection(copy):
    ran = copy.run(*_BACKFILL[:-2], "--operations_output", "gs://shop-customerio/operations")
    assert_that((ran.status, ran.calls), contains_exactly(0, contains_exactly(contains_string("DataflowRunner"))))


def test_an_image_of_another_python_is_refused(copy):
    ran = copy.run(*_STREAMING, "--image=registry/customerio:1", python="3.12")
    assert_that(
        ran.errors,
        contains_string("--image has Python 3.11, and .venv has 3.12: remove .venv, and run PYTHON=python3.11"),
    )


def test_a_drain_finds_the_job_by_its_name(copy):
    calls = copy.run("drain", *_PLACE, "--job_name=orders").calls
    assert_that(
        calls,
        contains_exactly(
            contains_string(
                "dataflow jobs list --project shop-data --region europe-west1 --status active --filter name=orders"
            ),
            "gcloud dataflow jobs drain job-7 --project shop-data --region europe-west1",
        ),
    )


@pytest.mark.parametrize("arguments", [["drain", *_PLACE], _UPDATE], ids=lambda words: words[0])
def test_a_job_that_does_not_run_is_told(copy, arguments):
    ran = copy.run(*arguments, running_job="")
    assert_that(
        (ran.status, ran.errors),
        equal_to(
            (2, "There is no running job named customerio-streaming in europe-west1: see --job_name and --region.\n")
        ),
    )


def test_the_template_is_built_from_the_image_and_the_metadata(copy):
    calls = copy.run("template", *_PLACE, "--image=registry/customerio:1").calls
    assert_that(
        calls,
        equal_to(
            [
                "python scripts/flex_template_metadata.py flex_template/metadata.json",
                "gcloud builds submit . --project shop-data --tag registry/customerio:1",
                "gcloud dataflow flex-template build gs://shop-customerio/templates/customerio.json "
                "--project shop-data --image registry/customerio:1 --sdk-language PYTHON "
                "--metadata-file flex_template/metadata.json --additional-experiments no_use_multiple_sdk_containers",
            ]
        ),
    )


def test_the_job_takes_every_launched_option(copy):
    """The commands are the job's own: its parser knows every option that the script adds."""
    from customerio_beam.pipeline.options import parse_options

    launch = copy.run(*_UPDATE, "--transform_name_mapping", '{"Old": "New"}', "--print").printed[-1]
    assert_that(parse_options(launch[3:]).job_input.is_stream, equal_to(True))
