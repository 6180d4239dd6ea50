"""Globs on names, events and paths."""

from __future__ import annotations

import re
import time

import pytest
from hamcrest import assert_that, calling, equal_to, is_, less_than, raises
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.rules.globs import parse_event_glob, parse_glob


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("Order *", ["Order Completed", "Order "], ["Order", "order x", "My Order x"]),
        ("*", ["", "x"], []),
        ("a*b*c", ["abc", "aXbYc", "abcbc"], ["ac", "ab", "acb"]),
        ("a*a", ["aa", "aba"], ["a"]),
        (r"50\* off", ["50* off"], ["50 off"]),
        ("Did you buy? [y/n]", ["Did you buy? [y/n]"], ["Did you buyX y"]),
        (r"a\b", [r"a\b"], ["ab"]),
        ("漢*", ["漢字"], ["字漢"]),
    ],
)
def test_an_asterisk_alone_is_special(glob: str, matching: list[str], other: list[str]) -> None:
    parsed = parse_glob(glob)
    assert_that([text for text in [*matching, *other] if parsed.matches(text)], equal_to(matching))


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_a_glob_matches_what_the_regular_expression_matches(glob: str, text: str) -> None:
    expression = re.sub(r"\*+", ".*", glob)
    assert_that(parse_glob(glob).matches(text), is_(re.fullmatch(expression, text) is not None))


@given(st.text("ab*", max_size=6), st.text("ab*", max_size=6), st.text("ab", max_size=8))
def test_what_a_glob_covers_it_matches(one: str, other: str, text: str) -> None:
    wide, narrow = parse_glob(one), parse_glob(other)
    if wide.covers(narrow) and narrow.matches(text):
        assert_that(wide.matches(text), is_(True))


def test_a_long_hostile_name_takes_no_long_time() -> None:
    glob = parse_glob("*a" * 30 + "b")
    started = time.process_time()
    assert_that(glob.matches("a" * 1_000_000), is_(False))
    assert_that(time.process_time() - started, less_than(1.0))


@pytest.mark.parametrize(
    ("pattern", "call", "name", "matches"),
    [
        ("Order *", "track", "Order Completed", True),
        ("Order *", "page", "Order Completed", True),
        ("Order *", "identify", None, False),
        ("page:*", "page", None, True),
        ("page:*", "track", "x", False),
        ("page:Home", "page", "Home", True),
        ("page:Home", "page", None, False),
        ("identify", "identify", None, True),
        ("identify", "track", "identify", False),
        ("track:identify", "track", "identify", True),
        ("Checkout: Step *", "track", "Checkout: Step 1", True),
        ("page", "page", "anything", True),
        ("alias:*", "alias", None, True),
    ],
)
def test_a_pattern_is_of_names_calls_or_both(pattern: str, call: str, name: str | None, matches: bool) -> None:
    assert_that(parse_event_glob(pattern).matches(call, name), is_(matches))


@pytest.mark.parametrize("pattern", ["", " ", " x", "x ", "identify:x", "group:Acme*", "page:", "page: x", "*x "])
def test_a_pattern_that_matches_nothing_is_refused(pattern: str) -> None:
    assert_that(calling(parse_event_glob).with_args(pattern), raises(ValueError))
