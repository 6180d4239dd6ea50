"""``import customerio_beam`` gives a pipeline all it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hamcrest import assert_that, calling, equal_to, has_items, raises

import customerio_beam


@pytest.mark.parametrize("name", customerio_beam.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert_that(hasattr(customerio_beam, name), equal_to(True))


def test_the_names_are_listed() -> None:
    assert_that(dir(customerio_beam), has_items(*customerio_beam.__all__))


def test_another_name_is_an_error() -> None:
    assert_that(calling(getattr).with_args(customerio_beam, "WriteToSegment"), raises(AttributeError, "WriteToSegment"))


def test_importing_it_loads_no_beam_yet() -> None:
    code = "import sys, customerio_beam; print('apache_beam' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert_that(answer.stdout.strip(), equal_to("False"))
