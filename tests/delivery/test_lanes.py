import itertools
import threading

import pytest
from hamcrest import assert_that, equal_to, has_length, is_, none

from customerio_beam.delivery.batching import Batch
from customerio_beam.delivery.cancellation import Cancellation
from customerio_beam.delivery.errors import Cancelled, DeliveryError
from customerio_beam.delivery.lanes import Lanes
from customerio_beam.delivery.report import Report


def batch(key="k"):
    made = Batch()
    made.keys.add(key)
    return made


@pytest.fixture
def lanes():
    """Make lanes of the given deliverers, and close them after the test."""
    made = []

    def make(*deliverers, cancelled=None):
        made.append(Lanes(deliverers, cancelled or Cancellation()))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_lanes_deliver_side_by_side(lanes):
    together = threading.Barrier(3, timeout=10)

    def deliver(batch):
        together.wait()
        return Report()

    three = lanes(deliver, deliver, deliver)
    for lane in range(3):
        list(three.submit(lane, batch()))
    assert_that(list(three.drain()), has_length(3))


def test_a_lane_delivers_one_batch_at_a_time_in_order(lanes):
    busy = threading.Lock()
    seen = []

    def deliver(batch):
        assert_that(busy.acquire(blocking=False), is_(True))
        seen.extend(batch.keys)
        busy.release()
        return Report()

    one = lanes(deliver)
    reports = [report for n in range(50) for report in one.submit(0, batch(n))]
    reports += one.drain()
    assert_that((seen, len(reports)), equal_to((list(range(50)), 50)))


def test_a_full_lane_holds_the_caller_back(lanes):
    release = threading.Event()

    def deliver(batch):
        release.wait(10)
        return Report()

    one = lanes(deliver)
    list(one.submit(0, batch(1)))
    list(one.submit(0, batch(2)))
    third = threading.Thread(target=lambda: list(one.submit(0, batch(3))))
    third.start()
    assert_that(one.lane_of(3), none())
    release.set()
    third.join(10)
    assert_that(one.lane_of(3), equal_to(0))


def test_a_failure_is_raised_to_the_caller(lanes):
    def deliver(batch):
        raise DeliveryError("broken")

    one = lanes(deliver)
    list(one.submit(0, batch()))
    with pytest.raises(DeliveryError, match="broken"):
        list(one.drain())


def test_nothing_overtakes_a_failed_batch_of_the_same_lane(lanes):
    may_fail = threading.Event()
    seen = []

    def deliver(batch):
        seen.extend(batch.keys)
        may_fail.wait(10)
        raise DeliveryError("broken")

    one = lanes(deliver)
    list(one.submit(0, batch("first")))
    list(one.submit(0, batch("second")))
    may_fail.set()
    with pytest.raises(DeliveryError):
        list(one.drain())
    assert_that(seen, equal_to(["first"]))


def test_what_came_through_is_reported_before_a_failure(lanes):
    has_failed = threading.Event()

    def fail(batch):
        has_failed.set()
        raise DeliveryError("broken")

    def deliver(batch):
        has_failed.wait(10)
        return Report()

    two = lanes(deliver, fail)
    reports = []
    with pytest.raises(DeliveryError, match="broken"):
        reports.extend(itertools.chain(two.submit(0, batch()), two.submit(1, batch()), two.drain()))
    assert_that(reports, has_length(1))


def test_a_failure_stops_the_other_lanes_and_waits_for_them(lanes):
    cancelled = Cancellation()
    stopped = []

    def fail(batch):
        raise DeliveryError("broken")

    def wait_for_it(batch):
        cancelled.wait(10)
        stopped.append(True)
        raise Cancelled("stopped")

    two = lanes(wait_for_it, fail, cancelled=cancelled)
    list(two.submit(0, batch()))
    with pytest.raises(DeliveryError, match="broken"):
        list(two.submit(1, batch())) + list(two.drain())
    assert_that(stopped, equal_to([True]))


def test_lanes_work_again_after_a_failure(lanes):
    answers = iter([DeliveryError("broken"), Report()])

    def deliver(batch):
        answer = next(answers)
        if isinstance(answer, DeliveryError):
            raise answer
        return answer

    one = lanes(deliver)
    list(one.submit(0, batch()))
    with pytest.raises(DeliveryError):
        list(one.drain())
    list(one.submit(0, batch()))
    assert_that(list(one.drain()), has_length(1))


def test_cancel_forgets_what_waits_once_nothing_is_under_way(lanes):
    cancelled = Cancellation()
    seen = []

    def deliver(batch):
        seen.extend(batch.keys)
        cancelled.wait(10)
        return Report()

    one = lanes(deliver, cancelled=cancelled)
    list(one.submit(0, batch("under way")))
    list(one.submit(0, batch("waiting")))
    one.cancel()
    assert_that((seen in ([], ["under way"]), list(one.drain())), equal_to((True, [])))
