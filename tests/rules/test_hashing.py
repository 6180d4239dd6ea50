"""Hashes as advertising platforms compare them."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hamcrest import assert_that, contains_string, equal_to, matches_regexp, not_
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.rules.hashing import Hasher, normalised


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "hashed"),
    [
        # The documented example of Meta's Conversions API.
        ("John_Smith@gmail.com", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
        (" Ada@Example.COM\n", sha256("ada@example.com")),
        ("Mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
        ("Valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
        ("+1 (650) 555-1212", sha256("+16505551212")),
        ("+41 44 668 18 00", sha256("+41446681800")),
        ("+41.44.668.18.00", sha256("+41446681800")),
        # No country is guessed, and no id is taken for a phone number.
        ("(650) 555-1212", sha256("(650) 555-1212")),
        ("0041446681800", sha256("0041446681800")),
        ("+12 and more", sha256("+12 and more")),
        ("+1234567890123456", sha256("+1234567890123456")),
    ],
)
def test_a_text_is_normalised_before_it_is_hashed(text: str, hashed: str) -> None:
    assert_that(Hasher().text(text), equal_to(hashed))


def test_a_salt_goes_before_the_text() -> None:
    assert_that(Hasher("pepper").text("Ada@x.y"), equal_to(sha256("pepperada@x.y")))


@pytest.mark.parametrize(
    ("value", "hashed"),
    [
        (None, None),
        ("", ""),
        ("  ", "  "),
        (7, sha256("7")),
        (1.5, sha256("1.5")),
        (True, sha256("true")),
        (["A", None, 1], [sha256("a"), None, sha256("1")]),
        ({"a": {"b": "C"}}, {"a": {"b": sha256("c")}}),
        (10**30, sha256("1" + "0" * 30)),
    ],
)
def test_each_value_inside_is_hashed(value: Any, hashed: Any) -> None:
    assert_that(Hasher().value(value), equal_to(hashed))


@given(st.text(min_size=1).filter(lambda text: not text.isspace()), st.text(max_size=5))
def test_a_hash_never_equals_its_input(text: str, salt: str) -> None:
    hashed = Hasher(salt).text(text.encode("utf-8", "ignore").decode() or "x")
    assert_that(hashed, not_(equal_to(text)))
    assert_that(hashed, matches_regexp("^[0-9a-f]{64}$"))


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalised(text)
    assert_that(normalised(once), equal_to(once))


def test_a_marked_hash_is_not_hashed_again() -> None:
    marked = Hasher("salt").marking().text("ada@example.com")
    assert_that(marked, equal_to("sha256:" + Hasher("salt").text("ada@example.com")))
    assert_that(Hasher("salt").text(marked), equal_to(Hasher("salt").text("ada@example.com")))
    assert_that(Hasher("salt").marking().text(marked), equal_to(marked))


def test_the_salt_is_hidden() -> None:
    assert_that(repr(Hasher("pepper")), not_(contains_string("pepper")))
