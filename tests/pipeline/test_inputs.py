"""The registry of inputs."""

from __future__ import annotations

import pytest
from hamcrest import assert_that, calling, equal_to, raises

from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.inputs import INPUTS, Input, select_input
from customerio_beam.pipeline.job_settings import InputSettings


def test_an_input_that_does_not_say_whether_it_is_a_stream_does_not_build() -> None:
    attributes = {"option": "input_table", "format": "rows", "holds_recent": True}
    assert_that(
        calling(type).with_args("Table", (Input,), attributes), raises(TypeError, "Table does not declare is_stream")
    )


def test_every_kind_is_selected_by_its_option_and_format() -> None:
    values = {"input": ("events.ndjson",), "input_subscription": "projects/shop-data/subscriptions/s"}
    selected = [
        type(select_input(InputSettings(**{kind.option: values[kind.option], "input_format": kind.format})))
        for kind in INPUTS
    ]
    assert_that(selected, equal_to(list(INPUTS)))


@pytest.mark.parametrize("settings", [InputSettings(), InputSettings(("a",), "projects/shop-data/subscriptions/s")])
def test_exactly_one_kind_must_be_named(settings: InputSettings) -> None:
    assert_that(calling(select_input).with_args(settings), raises(OptionError, "--input or --input_subscription"))
