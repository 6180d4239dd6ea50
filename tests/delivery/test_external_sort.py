import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.delivery.external_sort import sort_by_time

values = st.lists(
    st.tuples(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3), st.binary(max_size=20), st.binary(max_size=20))
)


@given(values, st.sampled_from([1, 500, 1000, 10**6]))
def test_it_is_a_stable_sort_by_event_time(unsorted, max_bytes):
    assert list(sort_by_time(unsorted, max_bytes)) == sorted(unsorted, key=lambda value: value[0])


@pytest.mark.parametrize("size", [65_535, 65_536, 200_000])
def test_values_larger_than_what_is_read_at_once_come_back_whole(size):
    unsorted = [(2, b"a" * size, b"b"), (1, b"c", b"d" * size)]
    assert list(sort_by_time(unsorted, max_bytes=10)) == unsorted[::-1]


def test_twenty_megabytes_are_sorted_in_a_few():
    tracemalloc.start()
    for _ in sort_by_time(((-n, bytes(500), bytes(500)) for n in range(20_000)), max_bytes=2_000_000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
