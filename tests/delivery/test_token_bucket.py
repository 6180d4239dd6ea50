import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.adaptive import AdaptiveThrottle
from delivery.token_bucket import TokenBucket, burst_of, paced_bucket


class Now:
    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


def test_a_burst_goes_out_at_once_then_tokens_come_at_the_rate():
    bucket = TokenBucket(rate=10, burst=2, monotonic=Now())
    assert [bucket.reserve() for _ in range(5)] == pytest.approx([0, 0, 0.1, 0.2, 0.3])


def test_idle_time_saves_no_more_than_the_burst():
    now = Now()
    bucket = TokenBucket(rate=10, burst=2, monotonic=now)
    now.seconds += 1000
    assert [bucket.reserve() for _ in range(4)] == pytest.approx([0, 0, 0.1, 0.2])


@given(
    rate=st.floats(0.1, 1000),
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=200),
)
def test_no_second_ever_has_more_tokens_than_rate_and_burst(rate, gaps):
    now, burst = Now(), burst_of(rate)
    bucket = TokenBucket(rate, burst, now)
    due = []
    for gap in gaps:
        now.seconds += gap
        due.append(now.seconds + bucket.reserve())
    due.sort()
    for index, start in enumerate(due):
        within = sum(1 for other in due[index:] if other < start + 1.0 - 1e-6)
        assert within <= rate + burst + 1e-6


def test_a_steady_demand_uses_the_whole_rate_even_when_callers_wake_up_late():
    now = Now()
    bucket = TokenBucket(rate=50, burst=2, monotonic=now)
    due = [now.seconds + bucket.reserve() for _ in range(16)]
    for _ in range(3000):
        now.seconds = min(due) + 0.013
        due.remove(min(due))
        due.append(now.seconds + bucket.reserve())
    assert 3000 / (now.seconds - 100) >= 0.95 * 50


def test_threads_share_one_budget():
    bucket = TokenBucket(rate=1, burst=1, monotonic=Now())
    waits = []

    def reserve():
        waits.extend(bucket.reserve() for _ in range(250))

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == pytest.approx(list(range(1000)))


def test_a_paced_bucket_leaves_room_for_threads_that_wake_up_late():
    bucket = paced_bucket(100)
    waits = [bucket.reserve() for _ in range(1000)]
    assert 1000 / waits[-1] == pytest.approx(98, rel=0.02)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0.5)])
def test_a_bucket_that_could_never_give_a_token_is_refused(rate, burst):
    with pytest.raises(ValueError, match="rate above 0 and a burst of at least 1"):
        TokenBucket(rate, burst)


@pytest.mark.parametrize(("rate", "burst"), [(0.1, 1), (20, 1), (100, 5), (1000, 50)])
def test_the_burst_is_a_twentieth_of_a_second(rate, burst):
    assert burst_of(rate) == burst


def test_repeated_overload_slows_the_whole_bucket_down():
    now = Now()
    bucket = TokenBucket(rate=10, burst=1, monotonic=now)
    for _ in range(9):
        bucket.record(False)
    bucket.reserve()
    assert bucket.reserve() == pytest.approx(1.0)  # a tenth of the rate


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
