"""A rules file is plain YAML, of a bounded size, that says what it says in one place."""

from __future__ import annotations

import pytest
from hamcrest import assert_that, equal_to, has_length, matches_regexp

from customerio_beam.rules.document import MAX_BYTES, Place, read_document
from customerio_beam.rules.problems import RulesError


def refusal(data: bytes) -> str:
    with pytest.raises(RulesError) as raised:
        read_document("rules.yaml", data)
    return str(raised.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"a: 1\nb: 2\na: 3\n", "rules.yaml:3:1: a: The key a is written twice; line 1 has it too."),
        (b"a: &x [1]\nb: *x\n", "rules.yaml:1:4: Anchors and aliases are not allowed"),
        (b"a: !!python/name:os.system x", "rules.yaml:1:4: Tags are not allowed"),
        (b"a: !x b", "rules.yaml:1:4: Tags are not allowed"),
        (rb'a: "\ud83d\ude00"', "rules.yaml:1:4: A surrogate is no character"),
        (b"? [a]\n: 1\n", "rules.yaml:1:3: A key must be text."),
        (b"a: [1\nb: 2", r"rules.yaml:2:2: The file is not YAML: expected ',' or '\]'"),
        (b"a: 1\n\tb: 2\n", r"rules.yaml:2:1: The file is not YAML: found character '\\t'"),
        (b"a: 1\n---\nb: 2", "rules.yaml:2:1: The file is not YAML: expected a single document"),
        (b"", "rules.yaml:1:1: The file must have keys at its top"),
        (b"- 1", "rules.yaml:1:1: The file must have keys at its top"),
        (b"a: 1\nb: \xff", "rules.yaml:2:1: The file is not UTF-8 text."),
        (b"a: \x00", "rules.yaml:1:1: The file is not YAML"),
        (b"a: " + b"[" * 30, "rules.yaml:1:23: The file nests deeper than 20 levels."),
        (b"#" * (MAX_BYTES + 1), "rules.yaml:1:1: The file has 262,145 bytes; a rules file has at most 262,144."),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_place(data: bytes, sentence: str) -> None:
    assert_that(refusal(data), matches_regexp(sentence))


def test_all_duplicate_keys_are_reported_at_once() -> None:
    assert_that(refusal(b"a: 1\na: 2\nb: {c: 1, c: 2}\n").splitlines(), has_length(2))


def test_values_have_the_types_of_yaml_1_2() -> None:
    document = read_document("f", b"a: [1, 2.5, true, null, yes, 'x', 2024-05-06, 12:30]")
    assert_that(document.values, equal_to({"a": [1, 2.5, True, None, "yes", "x", "2024-05-06", "12:30"]}))


def test_a_byte_order_mark_is_no_content() -> None:
    assert_that(read_document("f", b"\xef\xbb\xbfa: 1").values, equal_to({"a": 1}))


def test_values_know_their_places() -> None:
    document = read_document("f", b"a:\n  - b: 1\n  - {c: 2}\n")
    assert_that(document.keys[("a", 1, "c")], equal_to(Place(3, 6)))
    assert_that(document.contents[("a", 1, "c")], equal_to(Place(3, 9)))
