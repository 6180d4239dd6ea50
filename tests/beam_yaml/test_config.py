"""The config's schema, as Beam documents it and checks pipelines against it."""

from __future__ import annotations

import runpy
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.yaml.yaml_provider import load_providers
from hamcrest import assert_that, contains_exactly, contains_string, equal_to, has_item, has_items, not_

from customerio_beam.beam_yaml import SendToCustomerIO
from customerio_beam.beam_yaml.config import error_output
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.setting import declarations
from tests.beam_yaml.conftest import PROVIDERS

TYPES = ("ParseCustomerIOEvents", "MapToCustomerIO", "SendToCustomerIO")


def fields(name: str) -> dict[str, str]:
    [provider] = load_providers(str(PROVIDERS))
    return {field.name: field.description for field in provider.config_schema(name).fields}


def test_the_file_provides_the_three_transforms() -> None:
    [provider] = load_providers(str(PROVIDERS))
    assert_that(list(provider.provided_transforms()), contains_exactly(*TYPES))


@pytest.mark.parametrize("name", TYPES)
def test_every_setting_is_documented(name: str) -> None:
    undocumented = [field for field, description in fields(name).items() if not description]
    assert_that(undocumented, equal_to([]))
    assert_that(fields(name), has_item("error_handling"))


def test_all_options_of_the_mapping_and_the_delivery_are_there() -> None:
    options = [each.name for each in (*declarations(MappingSettings), *declarations(DeliverySettings))]
    internal = ("max_batch_bytes", "connect_timeout_secs", "attempt_timeout_secs", "max_sort_bytes")
    assert_that(fields("SendToCustomerIO"), has_items(*(name for name in options if name not in internal)))


def test_a_setting_says_its_choices_its_range_of_input_and_its_default() -> None:
    help_text = fields("SendToCustomerIO")
    assert_that(help_text["account_region"], contains_string("One of us, eu. Default: us."))
    assert_that(help_text["max_batch_delay_secs"], contains_string("For unbounded input only."))


def test_no_setting_takes_the_key_itself() -> None:
    assert_that(fields("SendToCustomerIO"), not_(has_item("api_key")))


def test_the_package_prints_where_its_provider_file_is(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("customerio_beam.beam_yaml", run_name="__main__")
    assert_that(capsys.readouterr().out, equal_to(f"{PROVIDERS}\n"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"accountregion": "eu"}, r"There is no setting accountregion\. Did you mean account_region\?"),
        ({"qqq": 1}, r"There is no setting qqq\. There are: identify_by, .*error_handling"),
        ({"max_batch_operations": 0}, "max_batch_operations must be a whole number of at least 1, not 0"),
        ({"convert_dates": "no"}, "convert_dates must be true or false"),
        ({"account_region": "mars"}, "account_region must be one of us, eu, not 'mars'"),
        ({"track_endpoint": "http://example.com"}, "track_endpoint"),
        ({"api_key": "secret-4711"}, r"There is no setting api_key\. Did you mean api_key_secret\?"),
        ({"api_key_secret": "secret-4711"}, "api_key_secret must be a Secret Manager name"),
        ({"site_id": "a", "site_id_secret": "projects/p/secrets/s"}, "site_id and site_id_secret are both given"),
        ({"error_handling": {}}, "error_handling must be a mapping with output"),
        ({"error_handling": {"output": "errors", "rate": 1}}, "error_handling must be a mapping with output"),
        ({"error_handling": {"output": "delivered"}}, "error_handling.output must not be delivered"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_config_that_cant_be_right_is_refused_in_one_sentence(config: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        SendToCustomerIO(**config)
    assert_that(str(raised.value), not_(contains_string("secret-4711")))


def test_a_provider_of_another_process_gives_error_handling_as_a_row() -> None:
    assert_that(error_output(beam.Row(output="errors")), equal_to("errors"))


def test_what_dataflow_needs_is_checked_when_the_pipeline_is_built() -> None:
    options = PipelineOptions(["--runner=DataflowRunner"])
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=options)
    rows = pipeline | beam.Create([beam.Row(payload="{}")])
    secrets = {"api_key_secret": "projects/p/secrets/k", "site_id": "site"}
    with pytest.raises(ValueError, match="api_key_secret and site_id_secret"):
        _ = rows | "Without secrets" >> SendToCustomerIO()
    with pytest.raises(ValueError, match="--max_num_workers"):
        _ = rows | "Without workers" >> SendToCustomerIO(**secrets)
    _ = rows | SendToCustomerIO(**secrets, rate_workers=4)
