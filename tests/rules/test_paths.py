"""Paths that can be right, and what is said of others."""

from __future__ import annotations

import pytest
from hamcrest import assert_that, calling, equal_to, is_, raises

from customerio_beam.rules.paths import parse_path


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("userId", ("userId",)),
        ("traits.address.city", ("traits", "address", "city")),
        (r"properties.a\.b.c", ("properties", "a.b", "c")),
        (r"properties.50\*", ("properties", "50*")),
        ("context.traits.email", ("context", "traits", "email")),
        ("channel", ("channel",)),
    ],
)
def test_a_path_is_names_with_dots_between(path: str, names: tuple[str, ...]) -> None:
    assert_that(parse_path(path).names, equal_to(names))


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("trait.email", r"No event has a field trait\. Did you mean traits\?"),
        ("properteis.x", r"Did you mean properties\?"),
        ("traits", r"Name a field of traits, as traits\.email, or write traits\.\* for all"),
        ("context.traits", r"Name a field of context\.traits"),
        ("userId.x", "userId has no fields"),
        ("traits..x", "single dots"),
        ("traits.", "single dots"),
        ("", "single dots"),
        ("$.traits.x", r"without \$"),
        ("properties.products[0].sku", "no index"),
        (" traits.x", "no white space"),
        ("traits.**", r"no \*\*"),
        ("*.email", r"No event has a field \*"),
    ],
)
def test_a_path_that_no_event_could_have_is_refused(path: str, sentence: str) -> None:
    assert_that(calling(parse_path).with_args(path, globs=True), raises(ValueError, sentence))


def test_a_path_of_one_field_has_no_asterisk() -> None:
    assert_that(calling(parse_path).with_args("traits.x*"), raises(ValueError, r"A \* is not possible here"))


@pytest.mark.parametrize(
    ("path", "trait", "matches"),
    [
        ("traits.*", "email", True),
        ("traits.*", "unsubscribed", False),
        ("traits.*s*", "cio_subscription_preferences", False),
        ("traits.*", "cio_subscription_preferences.topics.topic_1", False),
        ("traits.*", "cio_subscription_preferences_note", True),
        ("traits.*", "_update", False),
    ],
)
def test_an_asterisk_never_matches_an_opt_out(path: str, trait: str, matches: bool) -> None:
    assert_that(parse_path(path, globs=True).steps[1].matches(trait), is_(matches))


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        ("traits.*", "traits.email", True),
        ("traits.*", "traits.address.city", True),
        ("traits.address", "traits.address.city", True),
        ("traits.address.city", "traits.address", False),
        ("traits.a*", "traits.*", False),
        ("properties.*", "traits.x", False),
        ("traits.*", "traits.unsubscribed", False),
    ],
)
def test_covering(wide: str, narrow: str, covers: bool) -> None:
    assert_that(parse_path(wide, globs=True).covers(parse_path(narrow, globs=True)), is_(covers))
