"""What a report shows of events: names, but no values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import assert_that, contains_string, equal_to, has_length, less_than_or_equal_to, not_
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.profile.masking import MAX_SHOWN_CHARS, masked_name, masked_sentence, shown

# No number, type or length that a mask has itself is in it.
SECRET = "Q7zSECRETz7Q"
VALUES = st.recursive(
    st.just(SECRET) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "name"]), inner, max_size=3),
)


@given(VALUES)
def test_no_value_below_the_top_is_shown(value: Any) -> None:
    text = json.dumps({"type": SECRET, "userId": SECRET, "traits": value}).encode()
    assert_that(shown(text, shows_values=False), not_(contains_string(SECRET)))


def test_the_names_of_fields_calls_and_events_are_shown() -> None:
    text = b'{"type":"track","event":"Ordered","properties":{"total":1.5,"n":1,"x":null,"ok":true}}'
    assert_that(
        shown(text, shows_values=False),
        equal_to(
            '{"type":"track","event":"Ordered","properties":'
            '{"total":"(number)","n":"(whole number)","x":null,"ok":"(true or false)"}}'
        ),
    )


def test_values_are_shown_when_asked_for() -> None:
    assert_that(shown(b'{"a": 1}', shows_values=True), equal_to('{"a": 1}'))


@pytest.mark.parametrize("shows_values", [True, False])
def test_an_example_is_short(shows_values: bool) -> None:
    text = json.dumps({"x" * 100_000: ["y" * 1_000] * 1_000}).encode()
    assert_that(len(shown(text, shows_values=shows_values)), less_than_or_equal_to(MAX_SHOWN_CHARS))


def test_a_deep_event_is_masked() -> None:
    text = b'{"a":' * 500 + b"1" + b"}" * 500
    assert_that(shown(text, shows_values=False), contains_string("(object)"))


def test_what_is_no_json_has_only_a_length() -> None:
    assert_that(shown(SECRET.encode(), shows_values=False), equal_to("(no JSON: 12 bytes)"))


def test_a_sentence_loses_its_values() -> None:
    assert_that(masked_sentence("type is 'ada' and 12 'bob'"), equal_to("type is '…'"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Order? Completed", "Order? Completed"),
        ("https://a.example/b?c=d#e", "https://a.example/b?…"),
        ("https://a.example/#token", "https://a.example/?…"),
        ("https://a.example/b", "https://a.example/b"),
    ],
)
def test_a_url_loses_its_query_and_fragment(name: str, expected: str) -> None:
    assert_that(masked_name(name), equal_to(expected))
    assert_that(masked_name("x" * 10), has_length(10))
