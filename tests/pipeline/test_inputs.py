"""The registry of inputs."""

from __future__ import annotations

import inspect

import pytest
from hamcrest import assert_that, calling, contains_string, empty, equal_to, has_item, raises

from customerio_beam.pipeline import inputs
from customerio_beam.pipeline.arguments import help_parser
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.inputs import INPUTS, Input, select_input
from customerio_beam.pipeline.job_settings import InputSettings

#: A value of each option that names an input.
EXAMPLES = {
    "input": ("events.ndjson",),
    "input_subscription": "projects/shop-data/subscriptions/s",
    "input_kafka_topic": "events",
}


def _is_input(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Input) and not inspect.isabstract(value)


kinds = pytest.mark.parametrize("kind", INPUTS, ids=lambda kind: str(kind.__name__))


def test_an_input_that_does_not_say_whether_it_is_a_stream_does_not_build() -> None:
    attributes = {"option": "input_table", "format": "rows", "holds_recent": True}
    assert_that(
        calling(type).with_args("Table", (Input,), attributes), raises(TypeError, "Table does not declare is_stream")
    )


@pytest.mark.parametrize("kind", [kind for kind in vars(inputs).values() if _is_input(kind)])
def test_every_input_is_registered(kind: type[Input]) -> None:
    assert_that(INPUTS, has_item(kind))


@kinds
def test_an_input_is_selected_by_its_option_and_format(kind: type[Input]) -> None:
    assert_that({kind.option} - EXAMPLES.keys(), empty(), "EXAMPLES needs a value of this option")
    settings = InputSettings(**{kind.option: EXAMPLES[kind.option], "input_format": kind.format})
    assert_that(type(select_input(settings)), equal_to(kind))


@kinds
def test_the_usage_names_an_inputs_option(kind: type[Input]) -> None:
    assert_that(help_parser("customerio-beam").format_usage(), contains_string(f"--{kind.option} "))


@pytest.mark.parametrize("settings", [InputSettings(), InputSettings(("a",), "projects/shop-data/subscriptions/s")])
def test_exactly_one_kind_must_be_named(settings: InputSettings) -> None:
    assert_that(calling(select_input).with_args(settings), raises(OptionError, "Give one of --input, "))
