"""Rows are sorted, however many there are."""

from __future__ import annotations

import operator
import tracemalloc

import pytest
from hamcrest import assert_that, equal_to, less_than
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.delivery.blocks import Row
from customerio_beam.delivery.external_sort import sort_rows

TIME = operator.attrgetter("time_ms")
PERSON_AND_TIME = operator.attrgetter("key", "time_ms")

ROWS = st.lists(
    st.builds(
        Row,
        st.binary(min_size=1, max_size=1),
        st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3),
        st.binary(max_size=20),
        st.binary(max_size=20),
        st.integers(0, 3),
        st.integers(-1, 5),
        st.lists(st.binary(max_size=5), max_size=2).map(tuple),
    )
)


def sized(rows):
    return rows, sum(row.size for row in rows)


@pytest.mark.parametrize("key", [TIME, PERSON_AND_TIME], ids=["time", "person and time"])
@given(st.lists(ROWS), st.sampled_from([1, 500, 1000, 10**6]))
def test_it_is_a_stable_sort(key, unsorted, max_bytes):
    expected = sorted([row for rows in unsorted for row in rows], key=key)
    assert_that(list(sort_rows(map(sized, unsorted), key, max_bytes)), equal_to(expected))


@pytest.mark.parametrize("size", [249_999, 250_000, 1_000_000])
def test_rows_larger_than_a_group_come_back_whole(size):
    unsorted = [Row(b"k", 2, b"a" * size, b"b", 0, 0), Row(b"k", 1, b"c", b"d" * size, 0, 0)]
    assert_that(list(sort_rows([sized([row]) for row in unsorted], TIME, max_bytes=10)), equal_to(unsorted[::-1]))


def test_twenty_megabytes_are_sorted_in_a_few():
    tracemalloc.start()
    lists = (
        sized([Row(b"k", -n, bytes(500), bytes(500), 0, 0) for n in range(start, start + 100)])
        for start in range(0, 20_000, 100)
    )
    for _ in sort_rows(lists, TIME, max_bytes=2_000_000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert_that(peak, less_than(8_000_000))
