"""Values of tables as JSON."""

from __future__ import annotations

import datetime
import decimal
import json
from typing import Any, NamedTuple

import apache_beam as beam
import numpy
import pytest
from apache_beam.utils.timestamp import Timestamp
from hamcrest import assert_that, equal_to, is_, none

from customerio_beam.reading.rows import fields_of, json_of


class Point(NamedTuple):
    x: int
    y: int | None


UTC = datetime.timezone.utc


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": None, "b": {"c": None, "d": [None, 1]}}, '{"b":{"d":[null,1]}}'),
        ({"a": float("nan"), "b": 2**70, "c": True}, '{"b":1180591620717411303424,"c":true}'),
        (Point(1, None), '{"x":1}'),
        (beam.Row(name="é", inner=beam.Row(a=1)), '{"name":"é","inner":{"a":1}}'),
        ([("a", 1), ("b", None)], '{"a":1}'),
        ([["a", 1]], '[["a",1]]'),
        (decimal.Decimal("12345678901234567890.10"), "12345678901234567890.10"),
        (decimal.Decimal("NaN"), "null"),
        (b"text", '"text"'),
        (b"\xff\x00", '"/wA="'),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC), '"2026-01-02T03:04:05.678000+00:00"'),
        (datetime.datetime(2026, 1, 2, 3, 4, 5), '"2026-01-02T03:04:05+00:00"'),
        (datetime.date(2026, 1, 2), '"2026-01-02"'),
        (Timestamp(1), '"1970-01-01T00:00:01+00:00"'),
        (numpy.int64(7), "7"),
        (numpy.array([1.5, 2.5]), "[1.5,2.5]"),
        (float("-inf"), "-Infinity"),
        ("\ud800", '"\\ud800"'),
    ],
)
def test_a_value_is_written_as_json(value: Any, text: str) -> None:
    assert_that(json_of(value).decode(), equal_to(text))


def test_what_is_written_is_read_the_same() -> None:
    row = {"id": 1, "tags": ["a", {"b": 2.5}], "text": 'quotes " and \\'}
    assert_that(json.loads(json_of(row)), equal_to(row))


def test_only_rows_have_fields() -> None:
    assert_that(fields_of(7), is_(none()))
    assert_that(fields_of([("a", 1)]), equal_to({"a": 1}))
