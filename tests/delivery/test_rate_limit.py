import itertools
import math
import os
import struct
import threading

import pytest
from hamcrest import (
    assert_that,
    close_to,
    contains_exactly,
    equal_to,
    has_length,
    is_,
    less_than,
    less_than_or_equal_to,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from customerio_beam.delivery.errors import Cancelled
from customerio_beam.delivery.rate_limit import WorkerRateLimit, burst_of


class Now:
    """A clock that pauses move; threads may share it."""

    def __init__(self, seconds=100.0):
        self.seconds = seconds
        self._lock = threading.Lock()

    def __call__(self):
        return self.seconds

    def pause(self, seconds):
        with self._lock:
            self.seconds += seconds


@pytest.fixture
def now():
    return Now()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "private"


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory):
    """For properties, whose examples all need a new workspace."""
    return tmp_path_factory.mktemp("rates") / "private"


numbers = itertools.count()


def most_in_any_second(times):
    times = sorted(times)
    return max(sum(start <= time < start + 1.0 - 1e-9 for time in times[n:]) for n, start in enumerate(times))


def taken(limit, now, count):
    """Take tokens one after the other; return when each came, counted from now."""
    start = now.seconds
    times = []
    for _ in range(count):
        limit.take(now.pause)
        times.append(now.seconds - start)
    return times


def test_a_burst_leaves_at_once_and_then_requests_come_at_the_rate(folder, now):
    limit = WorkerRateLimit(100, "w", folder=folder, monotonic=now)
    assert_that(taken(limit, now, 22), equal_to(pytest.approx([0] * 20 + [1 / 97, 2 / 97])))


def test_idle_time_saves_no_more_than_the_burst(folder, now):
    limit = WorkerRateLimit(100, "w", folder=folder, monotonic=now)
    taken(limit, now, 30)
    now.pause(1000)
    assert_that(taken(limit, now, 21), equal_to(pytest.approx([0] * 20 + [1 / 97])))


@settings(max_examples=40, deadline=None)
@given(
    rate=st.sampled_from([0.5, 1, 1.9, 3, 12.5, 20, 50, 100, 200]),
    lateness=st.lists(st.sampled_from([0, 0, 0, 0.01, 0.3, 2]), min_size=1),
)
def test_no_second_has_more_requests_than_the_rate_however_late_threads_wake_up(shared_folder, rate, lateness):
    now = Now()
    limit = WorkerRateLimit(rate, f"late {next(numbers)}", folder=shared_folder, monotonic=now)
    late = itertools.cycle(lateness)
    left = []
    for _ in range(100):
        limit.take(lambda seconds: now.pause(seconds + next(late)))
        left.append(now.seconds)
    assert_that(most_in_any_second(left), less_than_or_equal_to(math.ceil(rate)))


def test_95_percent_of_the_rate_are_used_even_when_threads_wake_up_late(folder, now):
    limit = WorkerRateLimit(50, "w", folder=folder, monotonic=now)
    late = itertools.cycle([0.0] * 50 + [0.15])  # a pause of 150 ms about once a second
    for _ in range(3000):
        limit.take(lambda seconds: now.pause(seconds + next(late)))
    assert_that(3000 / (now.seconds - 100), close_to(48.5, 0.5))


def test_sinks_and_processes_of_one_workspace_share_one_rate(folder, now):
    limits = [WorkerRateLimit(4, "w", folder=folder, monotonic=now) for _ in range(3)]
    for _ in range(10):
        for limit in limits:
            limit.take(now.pause)
    assert_that(now.seconds - 100, close_to(29 / 3.88, 0.001))


def test_workspaces_do_not_share_their_rates(folder, now):
    for workspace in ("one", "two", "three"):
        WorkerRateLimit(1, workspace, folder=folder, monotonic=now).take(now.pause)
    assert_that(now.seconds, equal_to(100))


def test_the_files_name_and_content_do_not_tell_the_workspace(folder, now):
    WorkerRateLimit(1, "site-4711 https://track.customer.io", folder=folder, monotonic=now).take(now.pause)
    (file,) = folder.iterdir()
    assert_that(file.name.startswith("rate-") and "4711" not in file.name, is_(True))
    assert_that(b"4711" in file.read_bytes(), is_(False))


def test_of_two_jobs_the_lower_rate_holds_for_both(folder, now):
    fast, slow = (WorkerRateLimit(rate, "w", folder=folder, monotonic=now) for rate in (100, 1))
    slow.take(now.pause)
    fast.take(now.pause)
    assert_that(now.seconds - 100, close_to(1 / 0.97, 0.001))


def test_a_lower_rate_is_forgotten_a_minute_after_its_job_has_asked_last(folder, now):
    fast, slow = (WorkerRateLimit(rate, "w", folder=folder, monotonic=now) for rate in (100, 1))
    slow.take(now.pause)
    now.pause(61)
    taken(fast, now, 3)
    assert_that(taken(fast, now, 96)[-1], close_to(79 / 97, 0.01))


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_would_never_grant_anything_is_refused(folder, rate):
    with pytest.raises(ValueError, match="above 0"):
        WorkerRateLimit(rate, "w", folder=folder)


@pytest.mark.parametrize(("rate", "burst"), [(0.1, 1), (4, 1), (100, 20), (1000, 200)])
def test_the_burst_is_a_fifth_of_a_second(rate, burst):
    assert_that(burst_of(rate), close_to(burst, 1e-9))


def test_the_seconds_waited_are_those_paused(folder, now):
    limit = WorkerRateLimit(4, "w", folder=folder, monotonic=now)
    waited = sum(limit.take(now.pause) for _ in range(20))
    assert_that(waited, close_to(19 / 3.88, 0.001))


def test_a_long_wait_asks_again_every_second(folder, now):
    limit = WorkerRateLimit(0.1, "w", folder=folder, monotonic=now)
    pauses = []
    limit.take(now.pause)
    limit.take(lambda seconds: (pauses.append(seconds), now.pause(seconds)))
    assert_that(max(pauses), less_than_or_equal_to(1.0))


def test_a_cancelled_wait_takes_no_token(folder, now):
    limit = WorkerRateLimit(1, "w", folder=folder, monotonic=now)
    limit.take(now.pause)

    def cancelled(seconds):
        raise Cancelled("stopped")

    for _ in range(50):
        with pytest.raises(Cancelled):
            limit.take(cancelled)
    limit.take(now.pause)
    assert_that(now.seconds - 100, close_to(1 / 0.97, 0.001))


def test_a_cancelled_wait_gives_its_place_to_the_next(folder, now):
    """The first in the queue waits for a token, the second for its turn; then the first is cancelled."""
    limit = WorkerRateLimit(1, "w", folder=folder, monotonic=now)
    limit.take(now.pause)
    is_first, cancel = threading.Event(), threading.Event()

    def first(seconds):
        is_first.set()
        cancel.wait(10)
        raise Cancelled("stopped")

    def wait_as_first():
        with pytest.raises(Cancelled):
            limit.take(first)

    threads = [threading.Thread(target=wait_as_first), threading.Thread(target=limit.take, args=(now.pause,))]
    threads[0].start()
    is_first.wait(10)
    threads[1].start()
    cancel.set()
    for thread in threads:
        thread.join(10)
    assert_that([thread.is_alive() for thread in threads], contains_exactly(False, False))


def test_threads_share_one_rate(folder, now):
    limit = WorkerRateLimit(4, "w", folder=folder, monotonic=now)
    left = []

    def lane():
        for _ in range(25):
            limit.take(now.pause)
            left.append(now.seconds)

    threads = [threading.Thread(target=lane) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_that(left, has_length(100))
    assert_that(now.seconds - 100, close_to(99 / 3.88, 0.001))


def test_the_last_of_96_lanes_goes_on_soon_after_an_outage(folder, now):
    """All lanes fail and wait during five minutes of outage, at 12.5 requests per second, and none has reserved a place
    in it that outlasts it."""
    limit = WorkerRateLimit(12.5, "w", folder=folder, monotonic=now)
    over = now.seconds + 300
    through = []

    def lane():
        accepted = False
        while not accepted:
            limit.take(now.pause)
            accepted = now.seconds >= over
            limit.record(accepted=accepted)
        through.append(now.seconds)

    threads = [threading.Thread(target=lane) for _ in range(96)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert_that(through, has_length(96))
    assert_that(max(through) - over, less_than(60))


def record(limit, accepted, overloaded):
    for _ in range(accepted):
        limit.record(accepted=True)
    for _ in range(overloaded):
        limit.record(accepted=False)


def wait_at(limit, now):
    """Take what is there, and return how long the next one waits."""
    limit.take(now.pause)
    return limit.take(now.pause)


@pytest.mark.parametrize(
    ("accepted", "overloaded", "share"),
    [(0, 0, 1), (100, 0, 1), (80, 20, 1), (50, 50, 1), (25, 74, 0.51), (0, 1, 0.5), (0, 99, 0.02)],
)
def test_the_share_of_the_rate_follows_the_share_of_accepted_requests(folder, accepted, overloaded, share):
    now = Now()
    limit = WorkerRateLimit(4, "w", folder=folder, monotonic=now)
    record(limit, accepted, overloaded)
    assert_that(1 / (wait_at(limit, now) * 3.88), close_to(share, 0.05 * share))


def test_all_processes_slow_down_together(folder, now):
    failing, other = (WorkerRateLimit(4, "w", folder=folder, monotonic=now) for _ in range(2))
    record(failing, 0, 200)
    failing.take(now.pause)
    assert_that(other.take(now.pause), close_to(1 / (3.88 * 0.02), 0.05))


def test_overload_is_forgotten_with_time(folder, now):
    limit = WorkerRateLimit(4, "w", folder=folder, monotonic=now)
    record(limit, 0, 50)
    limit.take(now.pause)
    now.pause(300)
    assert_that(wait_at(limit, now), close_to(1 / (3.88), 0.001))


def test_success_brings_the_rate_back(folder, now):
    limit = WorkerRateLimit(4, "w", folder=folder, monotonic=now)
    record(limit, 0, 10)
    before = wait_at(limit, now)
    record(limit, 15, 0)
    limit.take(now.pause)
    assert_that(limit.take(now.pause), less_than(before / 5))


def file_of(folder):
    (file,) = folder.iterdir()
    return file


def exhausted(folder, now):
    limit = WorkerRateLimit(1, "w", folder=folder, monotonic=now)
    limit.take(now.pause)
    return limit


def test_after_a_reboot_the_limit_starts_anew(folder):
    exhausted(folder, Now(5_000.0))
    after = Now(3.0)
    assert_that(WorkerRateLimit(1, "w", folder=folder, monotonic=after).take(after.pause), equal_to(0))


def test_after_a_reboot_the_limit_starts_anew_even_if_the_clock_can_not_tell(folder, now, monkeypatch):
    exhausted(folder, now)
    file = file_of(folder)
    file.write_bytes(b"another boot id!" + file.read_bytes()[16:])
    assert_that(WorkerRateLimit(1, "w", folder=folder, monotonic=now).take(now.pause), equal_to(0))


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: text + b"x",
        lambda text: text[:16] + struct.pack("<6d", *[float("nan")] * 6),
        lambda text: text[:24] + struct.pack("<d", -1e300) + text[32:],
        lambda text: text[:32] + struct.pack("<d", -1.0) + text[40:],
        lambda text: bytes(166),
        lambda text: os.urandom(4000),
    ],
)
def test_a_damaged_file_neither_blocks_nor_opens_the_gate(folder, now, damage):
    exhausted(folder, now)
    file = file_of(folder)
    file.write_bytes(damage(file.read_bytes()))
    limit = WorkerRateLimit(1, "w", folder=folder, monotonic=now)
    assert_that(taken(limit, now, 4)[-1], close_to(3.5, 0.7))


def test_the_file_is_a_few_bytes(folder, now):
    exhausted(folder, now)
    assert_that(file_of(folder).stat().st_size, equal_to(166))
