from __future__ import annotations

from hamcrest import assert_that, contains_string, equal_to, not_

from customerio_beam.pipeline.summary import Summary

COUNTERS = {
    ("events", "read"): 10,
    ("events", "filtered"): 2,
    ("events", "parts_unsent"): 1,
    ("operations", "mapped"): 5,
    ("WriteToCustomerIO", "delivered"): 3,
    ("dead_letters", "rejected"): 1,
    ("dead_letters", "recent_event"): 1,
    ("dead_letters", "invalid_json"): 3,
    ("dead_letters", "attribute_too_long"): 1,
}


def text(**changes: int) -> str:
    summary = Summary({**COUNTERS, **{("dead_letters", name): count for name, count in changes.items()}})
    return "\n".join(summary.lines(delivers=True, dead_letters_place="dead-letters*.ndjson"))


def test_events_that_are_dead_letters_whole_are_counted_apart_from_parts_and_operations() -> None:
    assert_that(Summary(COUNTERS).events_unusable, equal_to(3))


def test_reasons_are_listed_the_most_frequent_first() -> None:
    assert_that(next(iter(Summary(COUNTERS).dead_letters)), equal_to("invalid_json"))


def test_a_part_of_an_event_is_said_to_be_one() -> None:
    assert_that(text(), contains_string("(a part of an event; the rest of it was sent)"))


def test_held_events_are_said_with_how_to_send_them() -> None:
    assert_that(text(), contains_string("--input_format=dead_letters --backfill_recent=send"))


def test_without_held_events_nothing_is_said_of_them() -> None:
    assert_that(text(recent_event=0), not_(contains_string("72 hours")))


def test_old_identifies_are_said_with_where_to_read_on() -> None:
    lines = Summary({("events", "old_identifies"): 1200}).lines(delivers=True, dead_letters_place="")
    assert_that(lines[-1], contains_string("1,200 identify calls are older than 7 days"))


def test_stitched_events_are_said() -> None:
    lines = Summary({("events", "stitched"): 7}).lines(delivers=True, dead_letters_place="")
    assert_that(lines[-1], contains_string("7 events of anonymous visitors went under the people who claim them"))


def test_work_that_a_runner_counted_again_is_said() -> None:
    lines = Summary({("files", "matched"): 2, ("files", "read"): 1}).lines(delivers=True, dead_letters_place="")
    assert_that(lines[-1], contains_string("the counts above are too high"))


def test_files_that_were_each_counted_once_are_no_repeated_work() -> None:
    lines = Summary({("files", "matched"): 2, ("files", "read"): 2}).lines(delivers=True, dead_letters_place="")
    assert_that("\n".join(lines), not_(contains_string("too high")))
