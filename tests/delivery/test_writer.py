import random
import threading
from collections import defaultdict

import pytest
from hamcrest import (
    all_of,
    assert_that,
    empty,
    equal_to,
    greater_than,
    greater_than_or_equal_to,
    has_length,
    less_than_or_equal_to,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from customerio_beam.delivery.errors import DeliveryError
from customerio_beam.delivery.lanes import Lanes
from customerio_beam.delivery.report import Report
from customerio_beam.delivery.writer import BundleWriter

MAX_BYTES = 500_000


class Recorder:
    """Lanes whose deliverers note what they are given; ``before`` runs first in each lane's thread."""

    def __init__(self, lanes=8, before=lambda batch: None):
        self.batches = []
        self.overtaken = []
        self._before = before
        self._under_way = set()
        self._lock = threading.Lock()
        self.lanes = Lanes([self.deliver] * lanes, threading.Event())

    def deliver(self, batch):
        keys = {key for _, key in (context for context in batch.contexts)}
        with self._lock:
            self.overtaken += sorted(keys & self._under_way)
            self._under_way |= keys
            self.batches.append(batch)
        self._before(batch)
        with self._lock:
            self._under_way -= keys
        return Report(delivered=list(batch.contexts))

    @property
    def delivered(self):
        """The numbers that each key's operations were delivered in."""
        by_key = defaultdict(list)
        for batch in self.batches:
            for number, key in batch.contexts:
                by_key[key].append(number)
        return dict(by_key)


def write_all(recorder, people, max_operations=1000, keyed=True):
    """Write ``[(key, [operation size, ...]), ...]``; each operation's context is (its number, key)."""
    writer = BundleWriter(recorder.lanes, max_bytes=MAX_BYTES, max_operations=max_operations)
    reports = []
    numbers = defaultdict(int)
    for key, sizes in people:
        for size in sizes:
            value = (0, b"x" * size, b"")
            reports += writer.write(key if keyed else None, [value], (numbers[key], key))
            numbers[key] += 1
    reports += writer.flush()
    recorder.lanes.close()
    return reports


_people = st.lists(
    st.tuples(st.integers(0, 5), st.lists(st.sampled_from([500, 20_000, 32_000, 32_001, 90_000]), max_size=30)),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(people=_people, lanes=st.integers(1, 4), max_operations=st.integers(1, 40))
def test_every_operation_is_delivered_once_in_its_keys_order_and_none_overtakes(people, lanes, max_operations):
    recorder = Recorder(lanes)
    reports = write_all(recorder, people, max_operations)
    counts = defaultdict(int)
    for key, sizes in people:
        counts[key] += len(sizes)
    assert_that(recorder.delivered, equal_to({key: list(range(count)) for key, count in counts.items() if count}))
    assert_that(recorder.overtaken, equal_to([]))
    assert_that(sum(len(report.delivered) for report in reports), equal_to(sum(counts.values())))


@settings(max_examples=60, deadline=None)
@given(people=_people, max_operations=st.integers(1, 40))
def test_no_request_is_over_its_limits(people, max_operations):
    recorder = Recorder(3)
    write_all(recorder, people, max_operations)
    for batch in recorder.batches:
        large = [value for value in batch.values if len(value[1]) > 32_000]
        if large:
            assert_that(batch.values, has_length(1))
        else:
            assert_that(batch.body_bytes, less_than_or_equal_to(MAX_BYTES))
        assert_that(
            batch.values, has_length(all_of(greater_than_or_equal_to(1), less_than_or_equal_to(max_operations)))
        )


def test_random_latencies_let_no_operation_of_a_person_overtake_another():
    rng = random.Random(7)
    latencies = [rng.random() * 0.01 for _ in range(1000)]
    recorder = Recorder(8, before=lambda batch: threading.Event().wait(latencies[len(batch.values) % 1000]))
    people = [(key % 40, [rng.randint(300, 30_000) for _ in range(rng.randint(1, 60))]) for key in range(120)]
    write_all(recorder, people)
    assert_that(recorder.overtaken, equal_to([]))
    assert_that([numbers for numbers in recorder.delivered.values() if numbers != sorted(numbers)], empty())
    assert_that({len(batch.values) for batch in recorder.batches}, has_length(greater_than(1)))


@pytest.mark.parametrize(
    ("keyed", "people", "operations_each", "last_ones"),
    [(True, 14_000, 1, 1), (True, 700, 20, 1), (True, 80, 700, 8), (True, 1, 14_000, 1), (False, 14_000, 1, 1)],
)
def test_a_backfills_requests_are_full_the_last_ones_apart(keyed, people, operations_each, last_ones):
    rng = random.Random(3)
    recorder = Recorder(8)
    work = [(key, [rng.randint(450, 900) for _ in range(operations_each)]) for key in range(people)]
    write_all(recorder, work, keyed=keyed)
    fill = sorted(max(batch.body_bytes / MAX_BYTES, len(batch.values) / 1000) for batch in recorder.batches)
    assert_that(fill, has_length(greater_than(2 * last_ones)))
    assert_that(fill[last_ones], greater_than_or_equal_to(0.95))


def test_one_bundles_requests_are_in_flight_together():
    together = threading.Barrier(8, timeout=10)
    recorder = Recorder(8, before=lambda batch: together.wait())
    write_all(recorder, [(key, [500] * 10) for key in range(80)], max_operations=100)
    assert_that(recorder.batches, has_length(8))


def test_a_slow_lane_does_not_hold_up_the_others():
    released = threading.Event()
    recorder = Recorder(4, before=lambda batch: batch.contexts[0] == (0, "slow") and released.wait(10))
    others = [(f"key {n}", [500]) for n in range(30)]
    writer = BundleWriter(recorder.lanes, max_bytes=MAX_BYTES, max_operations=1)
    list(writer.write("slow", [(0, b"x", b"")], (0, "slow")))
    reports = [report for key, _ in others for report in writer.write(key, [(0, b"x", b"")], (0, key))]
    assert_that(reports, has_length(greater_than(15)))  # while the slow one is still under way
    released.set()
    list(writer.flush())
    recorder.lanes.close()


def test_leftovers_of_all_lanes_go_out_together():
    recorder = Recorder(4)
    write_all(recorder, [(key, [30_000] * 18) for key in range(8)])
    partial = [batch for batch in recorder.batches if batch.body_bytes < 0.9 * MAX_BYTES]
    assert_that(partial, has_length(less_than_or_equal_to(1)))


def test_a_failure_reaches_the_writer():
    def fail(batch):
        raise DeliveryError("broken")

    recorder = Recorder(2, before=fail)
    with pytest.raises(DeliveryError, match="broken"):
        write_all(recorder, [("a", [100])])
