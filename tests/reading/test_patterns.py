"""What patterns match."""

from __future__ import annotations

import fnmatch

import pytest
from hamcrest import assert_that, equal_to
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from customerio_beam.reading.patterns import compile_pattern


@pytest.mark.parametrize(
    ("pattern", "matched", "left_out"),
    [
        ("*.json", ["a.json", "a.b.json"], [".a.json", "_a.json", "d/a.json", "a.jsonl"]),
        ("*", ["a", "a b\n"], ["", "a/b", ".a", "_a"]),
        ("a*", ["a", "a_b", "a.b"], ["b"]),
        ("**", ["a", "a/b/c"], [".a", "a/_b", "a/.b/c", "_a/b"]),
        ("**/x", ["x", "a/x", "a/b/x"], ["ax", "_a/x", "a/.b/x"]),
        ("a/**/b*.json", ["a/b.json", "a/c/d/b1.json"], ["a/.c/b.json", "a/_/b.json"]),
        ("2026**.json", ["2026.json", "2026-01/02/x.json"], ["2026/_x.json", "2026/.d/x.json"]),
        ("_*", ["_a"], ["a"]),
        (".*/x", [".git/x"], ["a/x"]),
        ("**/_done/*", ["_done/a", "b/_done/a"], ["_done/_a"]),
        ("?a", ["xa"], [".a", "_a", "a"]),
        ("export[1].json", ["export1.json"], ["export[1].json"]),
        ("[ab]c", ["ac", "bc"], ["cc"]),
        ("[!a]c", ["bc"], ["ac", ".c", "_c", "/c"]),
        ("[._]c", [".c", "_c"], ["ac"]),
        ("[a-c^]", ["b", "^"], ["d"]),
        ("[]]", ["]"], ["[]]"]),
        ("[z-a]", ["[z-a]"], ["m"]),
        ("a[b", ["a[b"], ["ab"]),
        ("a(b|c)+.$", ["a(b|c)+.$"], ["ab"]),
        ("gs://b/*/x", ["gs://b/a/x"], ["gs://b//x", "gs://b/.a/x"]),
    ],
)
def test_a_pattern_matches(pattern: str, matched: list[str], left_out: list[str]) -> None:
    matches = compile_pattern(pattern).fullmatch
    found = [path for path in [*matched, *left_out] if matches(path)]
    assert_that(found, equal_to(matched))


@settings(deadline=None)
@given(st.text("ab*?[]!-.", max_size=6), st.text("ab[]!-.", min_size=1, max_size=5))
def test_within_a_name_patterns_mean_what_they_mean_to_a_shell(pattern: str, name: str) -> None:
    assume("**" not in pattern and not name.startswith("."))
    expected = fnmatch.fnmatchcase(name, pattern)
    try:
        assert_that(compile_pattern(pattern).fullmatch(name) is not None, equal_to(expected))
    except AssertionError:
        assume("-" not in pattern)  # ranges that end before they begin are the characters that they are
        raise
