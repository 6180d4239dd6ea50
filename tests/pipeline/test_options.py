"""Bad configuration fails before anything runs, in one sentence that names the option and the value."""

from __future__ import annotations

import pathlib

import pytest
from apache_beam.options.pipeline_options import StandardOptions
from hamcrest import (
    all_of,
    assert_that,
    calling,
    contains_exactly,
    contains_string,
    empty,
    equal_to,
    has_properties,
    is_,
    not_,
    raises,
)

import customerio_beam
from customerio_beam.pipeline.arguments import GROUPS, help_parser, options
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.options import CustomerIOOptions, parse_options

FILES = ["--input", "events.ndjson"]
STREAM = ["--input_subscription=projects/shop-data/subscriptions/s", "--dead_letter_topic=projects/shop-data/topics/t"]
DATAFLOW = [
    "--runner=DataflowRunner",
    "--project=p",
    "--region=r",
    "--temp_location=gs://b/t",
    "--site_id=s",
    "--api_key_secret=projects/p/secrets/k",
    "--max_num_workers=3",
    "--dead_letters=gs://b/d",
]
KAFKA = ["--input_kafka_topic=events", "--input_kafka_bootstrap_servers=kafka-1:9092,kafka-2:9092"]
CLUSTER = ["--runner=PortableRunner", "--job_endpoint=127.0.0.1:8099", "--dead_letters=/shared/dead-letters"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Give one of --input, --input_subscription, --input_kafka_topic"),
        ([*FILES, *STREAM], "Give one of --input, .*, not --input and --input_subscription"),
        (
            ["--input_subscription=s"],
            "--input_subscription must be .* projects/PROJECT/subscriptions/NAME, not 's'",
        ),
        (
            ["--input_subscription=projects/p/subscriptions/s"],
            "--input_subscription must be of the form .* not 'projects/p/subscriptions/s'",
        ),
        ([STREAM[0]], "--input_subscription needs --dead_letter_topic"),
        ([*FILES, "--max_replays=0"], "--max_replays must be a whole number of at least 1, not 0"),
        ([*STREAM, "--ordering=none"], "--ordering=none is for files only"),
        ([*STREAM, "--backfill_recent=send"], "--backfill_recent=send is for files and dead letters only"),
        ([*STREAM, "--operations_output=o"], "--operations_output=o is for files only"),
        ([*STREAM, "--processes=2"], "--processes=2 is for files only"),
        ([*FILES, "--processes=0"], "--processes must be a whole number of at least 1, not 0"),
        ([*FILES, "--processes=2", "--runner=PrismRunner"], "--runner=PrismRunner has workers of its own"),
        (
            [*FILES, "--dead_letters=d", "--dead_letter_topic=projects/shop-data/topics/t"],
            "Give --dead_letters .* not both",
        ),
        (
            [*FILES, "--dead_letter_topic=t"],
            "--dead_letter_topic must be .* projects/PROJECT/topics/NAME, not 't'",
        ),
        ([*FILES, "--id_label=m"], "--id_label=m is for streams only"),
        ([*STREAM, "--id_label=m"], "--id_label=m needs --runner=DataflowRunner"),
        ([*FILES, "--max_requests_per_second=0"], "--max_requests_per_second must be a number above 0, not 0.0"),
        ([*FILES, "--max_retry_secs=nan"], "--max_retry_secs must be a number above 0, not nan"),
        ([*FILES, "--num_shards=0"], "--num_shards must be a whole number of at least 1, not 0"),
        ([*FILES, "--num_shards=many"], "--num_shards: invalid int value: 'many'"),
        (
            [*FILES, "--max_attributes_per_identify=301"],
            "--max_attributes_per_identify must be .* from 1 to 300, not 301",
        ),
        ([*FILES, "--convert_dates=maybe"], "--convert_dates: 'maybe' is neither true nor false"),
        ([*FILES, "--ordering=random"], "--ordering: invalid choice: 'random'"),
        ([*FILES, "--track_endpoint=http://example.com"], "--track_endpoint must be https, .*http://example.com"),
        ([*FILES, "--rate_limit_service=here"], "--rate_limit_service must be HOST:PORT, not 'here'"),
        (
            [*FILES, "--api_key_secret=key"],
            "--api_key_secret must be a Secret Manager name like .*the given value is not shown",
        ),
        (
            [*FILES, "--site_id=a", "--site_id_secret=projects/p/secrets/s"],
            "--site_id and site_id_secret are both given: give one",
        ),
        (
            [*FILES, "--max_request_per_second=5"],
            "There is no option --max_request_per_second. Did you mean --max_requests_per_second",
        ),
        ([*FILES, "--api_key=secret"], "There is no option --api_key"),
        ([*FILES, *(a for a in DATAFLOW if "project=" not in a)], "needs --project"),
        ([*FILES, *(a for a in DATAFLOW if "region" not in a)], "needs --region"),
        ([*FILES, *(a for a in DATAFLOW if "temp_location" not in a)], "needs --temp_location"),
        ([*FILES, *(a for a in DATAFLOW if "api_key" not in a)], "needs --api_key_secret"),
        ([*FILES, *(a for a in DATAFLOW if "site_id" not in a)], "needs --site_id or --site_id_secret"),
        ([*FILES, *(a for a in DATAFLOW if "max_num" not in a)], "needs --max_num_workers"),
        ([*FILES, *(a for a in DATAFLOW if "dead" not in a)], "--runner=DataflowRunner needs --dead_letters=PREFIX"),
        ([*FILES, "--runner=FlinkRunner"], "--runner=FlinkRunner needs --dead_letters=PREFIX"),
        (["--input_kafka_topic=t"], "Give --input_kafka_topic and --input_kafka_bootstrap_servers together"),
        ([*FILES, "--input_kafka_bootstrap_servers=h:1"], "Give --input_kafka_topic and"),
        ([*KAFKA, *CLUSTER[1:]], "--input_kafka_topic=events needs a runner that reads Kafka"),
        (
            ["--input_kafka_topic=t", "--input_kafka_bootstrap_servers=h:1,h"],
            "--input_kafka_bootstrap_servers must be HOST:PORT.*, not 'h:1,h'",
        ),
        ([*KAFKA, *CLUSTER, "--input_kafka_properties=hush"], "input_kafka_properties must be .* KEY=VALUE.$"),
        ([*KAFKA, *CLUSTER[:2]], "--input_kafka_topic needs --dead_letter_topic or --dead_letters"),
        ([*FILES, "--rate_workers=0"], "--rate_workers must be a whole number of at least 1, not 0"),
        ([*FILES, "--checkpointing_interval=9"], "There is no option --checkpointing_interval"),
        ([*FILES, *CLUSTER, "--max_request_per_second=5"], "Did you mean --max_requests_per_second"),
        ([*FILES, *CLUSTER, "--ratelimit_service=a:1"], "Did you mean --rate_limit_service"),
    ],
)
def test_a_setting_that_cant_be_right_is_refused_in_one_sentence(arguments: list[str], sentence: str) -> None:
    one_line = rf"^[^\n]*{sentence}[^\n]*\Z"
    assert_that(calling(parse_options).with_args(arguments), raises(OptionError, one_line))


@pytest.mark.parametrize("arguments", [FILES, STREAM, [*FILES, *DATAFLOW], [*FILES, *CLUSTER], [*KAFKA, *CLUSTER]])
def test_a_complete_command_line_is_taken(arguments: list[str]) -> None:
    parse_options(arguments)


def test_a_list_of_files_accumulates() -> None:
    given = parse_options(["--input", "a", "b", "--input=c"]).input_settings.input
    assert_that(given, contains_exactly("a", "b", "c"))


def test_every_option_of_the_job_is_read_by_it() -> None:
    """No option may be accepted and ignored: the code reads every field of the settings."""
    package = pathlib.Path(customerio_beam.__file__).parent
    code = "".join(path.read_text() for folder in package.iterdir() for path in folder.glob("*.py"))
    declared = [option.name for settings_class in GROUPS.values() for option in options(settings_class)]
    ignored = [name for name in declared if f".{name}" not in code]
    assert_that(ignored, empty(), "no code reads these options: give each its rule")


def test_the_workspaces_rate_is_shared_by_the_workers() -> None:
    settings = parse_options([*FILES, *DATAFLOW, "--max_requests_per_second=90"]).delivery_settings
    assert_that(settings, has_properties(rate_workers=3, worker_requests_per_second=30.0))


@pytest.mark.parametrize(("given", "workers"), [([], 1), (["--max_num_workers=3"], 3), (["--rate_workers=2"], 2)])
def test_the_rate_is_divided_by_its_own_option_else_by_the_most_workers(given: list[str], workers: int) -> None:
    assert_that(parse_options([*FILES, *given]).delivery_settings, has_properties(rate_workers=workers))


def test_hosts_can_be_fewer_than_workers() -> None:
    options = parse_options([*FILES, "--max_num_workers=8", "--rate_workers=2"])
    assert_that(options.delivery_settings.worker_requests_per_second, equal_to(50))


@pytest.mark.parametrize(
    "words",
    [
        ["--parallelism=2", "--checkpointing_interval=10000", "--save_point_path=file:///savepoints/1"],
        ["--checkpointing_interval", "10000"],
        ["--dask_client_address=tcp://127.0.0.1:8786"],
    ],
)
@pytest.mark.parametrize("runner", ["PortableRunner", "FlinkRunner", "SparkRunner", "PrismRunner", "DaskRunner"])
def test_what_only_a_portable_runners_job_server_knows_is_passed_on(runner: str, words: list[str]) -> None:
    options = parse_options([*FILES, f"--runner={runner}", "--dead_letters=/shared/d", *words])
    assert_that(options.view_as(StandardOptions).runner, equal_to(runner))


@pytest.mark.parametrize(
    ("arguments", "here"),
    [
        ([], True),
        (["--runner=PrismRunner"], True),
        ([*CLUSTER, "--environment_type=LOOPBACK"], True),
        (CLUSTER, False),
        (DATAFLOW, False),
    ],
)
def test_the_environment_of_this_machine_is_the_workers_on_it_alone(arguments: list[str], here: bool) -> None:
    assert_that(parse_options([*FILES, *arguments]).runs_on_this_machine, is_(here))


def test_options_reach_the_mapping() -> None:
    options = parse_options([*FILES, "--identify_by=id", "--convert_dates=false", "--oversize_attributes=send"])
    assert_that(
        options.mapping_settings,
        has_properties(identify_by="id", convert_dates=False, oversize_attributes="send"),
    )


def test_help_has_the_groups_and_no_option_for_the_key() -> None:
    text = help_parser("customerio-beam").format_help()
    groups = ("input:", "output and dead letters:", "credentials:", "mapping:", "delivery:")
    assert_that(text, all_of(*map(contains_string, groups)))
    assert_that(text, not_(contains_string("--api_key ")))


def test_a_connection_can_be_checked_without_an_input() -> None:
    assert_that(parse_options(["--check_connection"]).check_connection, equal_to(True))


def test_the_options_are_one_subclass_of_beams() -> None:
    assert_that(calling(CustomerIOOptions([]).check), raises(OptionError))


@pytest.mark.parametrize("given", ["true", "TRUE", "1", "yes", None])
def test_a_switch_may_be_given_with_or_without_a_value(given: str | None) -> None:
    option = "--check_connection" if given is None else f"--check_connection={given}"
    assert_that(parse_options([option]).check_connection, equal_to(True))
