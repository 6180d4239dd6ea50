import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.delivery.adaptive import AdaptiveThrottle
from customerio_beam.delivery.budget import WorkerBudget
from customerio_beam.delivery.token_bucket import RequestBudget, TokenBucket, burst_of


class Now:
    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


def most_in_any_second(times):
    times = sorted(times)
    return max(sum(start <= time < start + 1.0 - 1e-9 for time in times[n:]) for n, start in enumerate(times))


def test_a_burst_is_due_at_once_then_tokens_come_at_the_rate():
    bucket = TokenBucket(burst=2, now=0)
    assert [bucket.take_ahead(10, 0) for _ in range(5)] == pytest.approx([0, 0, 0.1, 0.2, 0.3])


def test_idle_time_saves_no_more_than_the_burst():
    bucket = TokenBucket(burst=2, now=0)
    assert [bucket.take_ahead(10, 1000) for _ in range(4)] == pytest.approx([0, 0, 0.1, 0.2])


def test_a_token_that_is_not_there_is_not_taken():
    bucket = TokenBucket(burst=1, now=0)
    assert [bucket.take(10, now) for now in (0, 0.05, 0.05, 0.1, 0.1)] == pytest.approx([0, 0.05, 0.05, 0, 0.1])


@given(rate=st.floats(0.1, 1000), gaps=st.lists(st.floats(0, 3), min_size=1, max_size=100))
def test_no_second_has_more_planned_attempts_than_rate_and_burst(rate, gaps):
    now = Now()
    budget = RequestBudget(rate, now)
    due = []
    for gap in gaps:
        now.seconds += gap
        due.append(now.seconds + budget.reserve())
    assert most_in_any_second(due) <= rate + burst_of(rate) + 1e-6


@given(
    rate=st.sampled_from([1, 3, 20, 50, 100, 200]),
    lateness=st.lists(st.sampled_from([0, 0, 0, 0.01, 0.3, 2]), min_size=1),
)
def test_no_second_has_more_attempts_than_the_rate_however_late_threads_wake_up(rate, lateness):
    now = Now()
    budget = WorkerBudget(RequestBudget(rate, now))
    left = []

    def wake_up_late(seconds):
        now.seconds += seconds + next(late)

    late = itertools.cycle(lateness)
    for _ in range(60):
        budget.take(wake_up_late)
        left.append(now.seconds)
    assert most_in_any_second(left) <= rate


def test_a_steady_demand_uses_95_percent_of_the_rate_even_when_threads_wake_up_late():
    now = Now()
    budget = RequestBudget(50, now)
    due = [now.seconds + budget.reserve() for _ in range(16)]
    left = 0
    while left < 3000:
        now.seconds = max(now.seconds, min(due) + (left % 5) * 0.005)
        due.remove(min(due))
        wait = budget.leave()
        if wait == 0:
            left += 1
            wait = budget.reserve()
        due.append(now.seconds + wait)
    assert 0.95 * 50 <= left / (now.seconds - 100) <= 50


def test_threads_share_one_budget():
    now = Now()
    budget = RequestBudget(1, now)
    waits = []

    def reserve():
        waits.extend(budget.reserve() for _ in range(250))

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == pytest.approx([n / 0.965 for n in range(1000)])


def test_the_seconds_waited_are_those_paused():
    now = Now()
    budget = WorkerBudget(RequestBudget(10, now))
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        now.seconds += seconds

    waited = sum(budget.take(pause) for _ in range(20))
    assert waited == pytest.approx(sum(pauses))
    assert waited == pytest.approx(19 / 9.65)


@pytest.mark.parametrize("rate", [0, -1])
def test_a_budget_that_could_never_give_anything_is_refused(rate):
    with pytest.raises(ValueError, match="rate above 0"):
        RequestBudget(rate)


@pytest.mark.parametrize(("rate", "burst"), [(0.1, 1), (20, 1), (100, 3), (1000, 30)])
def test_the_burst_is_three_hundredths_of_a_second(rate, burst):
    assert burst_of(rate) == pytest.approx(burst)


def test_repeated_overload_slows_the_whole_budget_down():
    budget = RequestBudget(10, Now())
    for _ in range(9):
        budget.record(False)
    budget.reserve()
    assert budget.reserve() == pytest.approx(1 / 0.965)  # a tenth of the rate


def throttle_after(accepted, overloaded):
    throttle = AdaptiveThrottle()
    for _ in range(accepted):
        throttle.record(10.0, accepted=True)
    for _ in range(overloaded):
        throttle.record(10.0, accepted=False)
    return throttle


@pytest.mark.parametrize(
    ("accepted", "overloaded", "share"),
    [(0, 0, 1), (100, 0, 1), (80, 20, 1), (50, 50, 1), (25, 74, 0.51), (0, 1, 0.5), (0, 99, 0.02)],
)
def test_the_share_of_the_rate_follows_the_share_of_accepted_requests(accepted, overloaded, share):
    assert throttle_after(accepted, overloaded).share(11.0) == pytest.approx(share)


def test_overload_is_forgotten_after_a_minute():
    throttle = throttle_after(0, 50)
    assert [throttle.share(now) for now in (69.0, 70.0)] == [pytest.approx(0.02, abs=0.001), 1]


def test_success_brings_the_rate_back_before_the_minute_is_over():
    throttle = throttle_after(0, 10)
    before = throttle.share(12.0)
    for _ in range(5):
        throttle.record(12.0, accepted=True)
    assert throttle.share(12.0) > before
