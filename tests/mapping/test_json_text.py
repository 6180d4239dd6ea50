"""JSON text: what is said about a text that is none, and how deeply it nests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.mapping import json_text

_NESTED = st.recursive(
    st.sampled_from([1, "a", "[{[{", '\\"[{', [], {}]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2) | st.dictionaries(st.sampled_from(["", "{"]), inner, max_size=2)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "text",
    [
        rb'"\ud83d"',
        rb'{"a":"\ud83d"}',
        rb'{"a":"\ud83d and more text after it"}',
        rb'{"a":"\udc00"}',
        rb'{"a":"\udc00\ud83d"}',
        rb'{"a":"\\\ud83d"}',
    ],
    ids=repr,
)
def test_half_a_surrogate_pair_is_named(text: bytes) -> None:
    with pytest.raises(json_text.InvalidJson, match=r"^half a surrogate pair, which is no character$"):
        json_text.loads(text)


@pytest.mark.parametrize("text", [rb'{"a":"\ud83d', b'{"a":1', rb'{"a":"\ud83d\ude80', rb'{"a":"\\ud83d"'], ids=repr)
def test_a_text_that_is_cut_off_is_not_half_a_surrogate_pair(text: bytes) -> None:
    with pytest.raises(json_text.InvalidJson, match="truncated"):
        json_text.loads(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"a":NaN}', r"^NaN is no JSON number \(byte 5\)$"),
        (b'{"a":[1,Infinity]}', r"^Infinity is no JSON number \(byte 8\)$"),
        (b'{"a":-Infinity}', r"^Infinity is no JSON number \(byte 6\)$"),
    ],
)
def test_what_python_writes_for_no_number_is_named(text: bytes, said: str) -> None:
    with pytest.raises(json_text.InvalidJson, match=said):
        json_text.loads(text)


def _depth(value: Any) -> int:
    if not isinstance(value, (dict, list)):
        return 0
    members = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, members), default=0)


@given(_NESTED, st.integers(0, 12))
def test_tells_how_deeply_a_text_nests(value: Any, levels: int) -> None:
    text = json.dumps(value, separators=(",", ":")).encode()

    assert_that(json_text.nests_deeper(text, levels), equal_to(_depth(value) > levels))
