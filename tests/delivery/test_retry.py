import email.utils

import pytest
from hamcrest import all_of, any_of, assert_that, equal_to, greater_than_or_equal_to, less_than_or_equal_to, none
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.delivery.retry import RetryPolicy, retry_after_secs

NOW = 1_700_000_000.0


def longest(low, high):
    return high


def test_waits_double_up_to_the_cap():
    policy = RetryPolicy(base_secs=0.5, cap_secs=30)
    assert_that([policy.wait_secs(n, 0, None, longest) for n in range(1, 9)], equal_to([0.5, 1, 2, 4, 8, 16, 30, 30]))


def test_jitter_is_full_from_no_wait_at_all():
    assert_that(RetryPolicy().wait_secs(5, 0, None, lambda low, high: low), equal_to(0))


def test_retry_after_is_the_least_wait():
    assert_that(RetryPolicy().wait_secs(1, 0, 17.0, longest), equal_to(17))


def test_a_short_retry_after_does_not_shorten_the_backoff():
    assert_that(RetryPolicy(base_secs=4).wait_secs(1, 0, 1.0, longest), equal_to(4))


def test_a_wait_beyond_the_time_allowed_is_cut_short():
    assert_that(RetryPolicy(max_secs=600).wait_secs(2, 590, 3600, longest), equal_to(10))


@pytest.mark.parametrize("elapsed", [600, 601])
def test_no_wait_once_the_time_is_up(elapsed):
    assert_that(RetryPolicy(max_secs=600).wait_secs(2, elapsed, None, longest), none())


def test_no_more_attempts_than_allowed():
    assert_that(RetryPolicy(max_attempts=3).wait_secs(3, 0, None, longest), none())


@given(attempts=st.integers(1, 10_000), elapsed=st.floats(0, 1e4), retry_after=st.none() | st.floats(0, 1e6))
def test_every_wait_ends_within_the_time_allowed(attempts, elapsed, retry_after):
    wait = RetryPolicy(max_secs=600).wait_secs(attempts, elapsed, retry_after)
    in_time = all_of(greater_than_or_equal_to(-elapsed), less_than_or_equal_to(600 - elapsed))
    assert_that(wait, any_of(none(), in_time))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        (email.utils.formatdate(NOW + 90, usegmt=True), 90),
        ("Tue, 14 Nov 2023 22:15:20 -0000", 120),
        (email.utils.formatdate(NOW - 90, usegmt=True), 0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("\u0661", None),
        ("9" * 400, float("inf")),
        ("Tue, 14 Nov 2023 22:15:20 +99999999999999", None),
        ("Tue, 99 Nov 2023 22:15:20 GMT", None),
        (", , , , ,", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert_that(retry_after_secs(header, NOW), equal_to(seconds))


@given(header=st.text(max_size=60) | st.from_regex(r"\A[A-Z][a-z]{2}, [0-9]{1,4} [A-Z][a-z]{2} [0-9]{0,6} .{0,20}\Z"))
def test_any_header_gives_seconds_or_none(header):
    seconds = retry_after_secs(header, NOW)
    assert_that(seconds, any_of(none(), greater_than_or_equal_to(0)))
