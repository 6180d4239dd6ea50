"""Where values end, whatever blocks their text comes in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import any_of, assert_that, equal_to, greater_than, is_
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customerio_beam.reading.cursor import Cursor
from tests.mapping.strategies import JSON
from tests.reading.blocks import blocks

#: Values that are no JSON, but have an end that brackets and quotes tell.
FAULTY = [
    b'{"a":NaN}',
    b'{"a":-Infinity,"b":[Infinity]}',
    rb'{"a":"\ud83d"}',
    rb'{"a":"\udc00 \ud83d\ud83d"}',
    b'{"a":}',
    b"[1,,2]",
    b'{"a" 1}',
    b'{"a":"\xff"}',
    b'{"a":"line\nend"}',
    b'{"a":"\\q"}',
    b"[" * 2000 + b"]" * 2000,
    b'{"a":' * 1200 + b'"}"' + b"}" * 1200,
    b"NaN",
    b"-Infinity",
]
SIZES = st.integers(1, 40)
generated = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def all_values(data: bytes, size: int, limit: int = 1 << 20) -> list[tuple[int, bytes, bool]]:
    cursor = Cursor(blocks(data, size))
    found = []
    while cursor.peek_value() >= 0 and cursor.begins_value():
        piece = cursor.take(limit)
        assert_that(piece.size, any_of(equal_to(len(piece.text)), greater_than(limit)))
        found.append((piece.offset, piece.text, piece.is_finished))
    return found


_text = st.text(max_size=20)
values = st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.sampled_from(FAULTY))
gaps = st.sampled_from([b" ", b"\n", b"\x1e", b"\r\n", b"\xef\xbb\xbf", b" \n\t "])


@generated
@given(st.lists(st.tuples(gaps, values), max_size=6), SIZES)
def test_values_are_found_where_they_are(parts: list[tuple[bytes, bytes]], size: int) -> None:
    data, expected = b"", []
    for gap, value in parts:
        data += gap
        expected.append((len(data), value, True))
        data += value
    assert_that(all_values(data, size), equal_to(expected))


@generated
@given(
    st.lists(
        st.recursive(
            _text, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_text, inner, max_size=5), max_leaves=20
        ),
        max_size=6,
    ),
    SIZES,
)
def test_objects_lists_and_strings_need_nothing_between_them(found: list[Any], size: int) -> None:
    texts = [json.dumps(value).encode() for value in found]
    assert_that([text for _, text, _ in all_values(b"".join(texts), size)], equal_to(texts))


@generated
@given(values.filter(lambda value: value[:1] in b'{["' and len(value) > 1), SIZES, st.data())
def test_a_value_that_is_cut_is_not_finished(value: bytes, size: int, data: st.DataObject) -> None:
    cut = value[: data.draw(st.integers(1, len(value) - 1))]
    assert_that(all_values(cut, size), equal_to([(0, cut, False)]))


@generated
@given(JSON.map(lambda value: json.dumps([value, "x" * 50]).encode()), SIZES, st.integers(0, 40))
def test_of_a_long_value_the_beginning_and_the_size_are_kept(value: bytes, size: int, limit: int) -> None:
    cursor = Cursor(blocks(value + b" 7", size))
    cursor.peek()
    piece = cursor.take(limit)
    assert_that((piece.offset, piece.size, value.startswith(piece.text)), equal_to((0, len(value), True)))
    cursor.peek()
    assert_that(cursor.take(limit).offset, equal_to(len(value) + 1))


@generated
@given(JSON.map(lambda value: json.dumps([value, "x" * 50]).encode()), SIZES, st.integers(0, 40))
def test_a_value_that_is_too_long_can_be_left_where_it_is(value: bytes, size: int, limit: int) -> None:
    cursor = Cursor(blocks(value, size))
    cursor.peek()
    assert_that(cursor.take_within(limit), is_(None))
    assert_that((cursor.offset, cursor.take(len(value)).text), equal_to((0, value)))


@pytest.mark.parametrize("value", FAULTY)
def test_a_faulty_value_over_the_limit_ends_where_it_ends(value: bytes) -> None:
    cursor = Cursor(blocks(b"[" + value + b"],1", 3))
    cursor.peek()
    piece = cursor.take(1)
    assert_that((piece.size, piece.is_finished), equal_to((len(value) + 2, True)))


@pytest.mark.parametrize(
    "text", [b'"' + b'\\"' * 3000 + b'"', b'["' + b"\\\\" * 3000 + b'"]', b"[" + b'"",' * 3000 + b"0]"]
)
@pytest.mark.parametrize("size", [1, 999, 1 << 20])
def test_many_escapes_and_strings_are_no_obstacle(text: bytes, size: int) -> None:
    faulty = b"[NaN," + text + b"]"
    assert_that(all_values(faulty + text, size), equal_to([(0, faulty, True), (len(faulty), text, True)]))


@generated
@given(st.binary(max_size=60), SIZES, st.integers(0, 70))
def test_the_rest_of_a_text_can_be_taken(data: bytes, size: int, limit: int) -> None:
    cursor = Cursor(blocks(data, size))
    rest = cursor.take_rest(limit)
    assert_that((rest.offset, rest.size, data.startswith(rest.text)), equal_to((0, len(data), True)))
    assert_that(cursor.peek(), equal_to(-1))


@generated
@given(values, SIZES, st.integers(0, 30))
def test_what_is_read_can_be_copied(value: bytes, size: int, limit: int) -> None:
    copied = bytearray()
    cursor = Cursor(blocks(b"1 " + value + b" 2", size))
    cursor.peek()
    cursor.take(1)
    cursor.peek()
    cursor.copy_to(copied.extend)
    cursor.take(limit)
    cursor.copy_to(None)
    cursor.peek()
    assert_that(bytes(copied), equal_to(value))
