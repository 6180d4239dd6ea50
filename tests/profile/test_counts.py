"""Counts by name: exact while names are few, bounded when they are many."""

from __future__ import annotations

from hamcrest import assert_that, contains_exactly, equal_to, has_length, less_than_or_equal_to
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.profile.counts import MAX_NAME_CHARS, Counts


def counted(names: list[str], limit: int = 1_000) -> Counts:
    counts = Counts(limit=limit)
    for name in names:
        counts.add(name)
    return counts


def test_the_most_frequent_come_first() -> None:
    assert_that(counted(["a", "b", "b"]).top(10).rows, contains_exactly(("b", 2), ("a", 1)))


def test_a_report_shows_as_many_as_it_likes_and_the_sum_of_the_others() -> None:
    top = counted(["a", "a", "b", "c"]).top(1)
    assert_that((top.rows, top.others), equal_to(([("a", 2)], 2)))


@given(st.lists(st.sampled_from("abcdefgh")), st.integers(0, 50))
def test_parts_give_the_same_counts_as_the_whole(names: list[str], cut: int) -> None:
    merged = counted(names[:cut])
    merged.merge(counted(names[cut:]))
    assert_that(merged, equal_to(counted(names)))


def test_new_names_without_end_take_bounded_memory_and_none_is_lost() -> None:
    counts = counted([f"name {number}" for number in range(10_000)], limit=10)
    assert_that(len(counts.names), less_than_or_equal_to(20))
    assert_that(counts.total, equal_to(10_000))


def test_a_frequent_name_keeps_its_place_among_names_without_end() -> None:
    names = [name for number in range(1_000) for name in (f"name {number}", "Ordered")]
    assert_that(counted(names, limit=10).top(1).rows, contains_exactly(("Ordered", 1_000)))


def test_a_long_name_is_cut() -> None:
    [name] = counted(["x" * 1_000_000]).names
    assert_that(name, has_length(MAX_NAME_CHARS))
