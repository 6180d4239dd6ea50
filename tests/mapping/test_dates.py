"""Dates against the standard library's own reading of them."""

from __future__ import annotations

import datetime
import zoneinfo

import pytest
from hamcrest import any_of, assert_that, equal_to, less_than, less_than_or_equal_to, none, not_none, only_contains
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.mapping import dates
from customerio_beam.mapping.dates import FIRST_TIME_MS, date_seconds, timestamp_ms

UTC = datetime.timezone.utc
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
MOMENTS = st.datetimes(
    min_value=datetime.datetime(1970, 1, 3),
    max_value=datetime.datetime(2200, 1, 1),
    timezones=st.one_of(st.none(), OFFSETS),
)
EARLY = st.datetimes(min_value=datetime.datetime(2, 1, 1), max_value=datetime.datetime(1969, 12, 30), timezones=OFFSETS)


def _microseconds(moment: datetime.datetime) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - datetime.datetime(1970, 1, 1, tzinfo=UTC)) // datetime.timedelta(microseconds=1)


@given(MOMENTS)
def test_reads_any_moment_as_the_standard_library_does(moment: datetime.datetime) -> None:
    assert_that(date_seconds(moment.isoformat()), equal_to(_microseconds(moment) // 1_000_000))


@given(MOMENTS)
def test_reads_any_time_of_an_event_as_the_standard_library_does(moment: datetime.datetime) -> None:
    assert_that(timestamp_ms(moment.isoformat()), equal_to(_microseconds(moment) // 1000))


@given(EARLY)
def test_a_date_before_1970_is_kept(moment: datetime.datetime) -> None:
    assert_that(date_seconds(moment.isoformat()), none())


@given(EARLY)
def test_a_time_before_1970_is_a_zero_value(moment: datetime.datetime) -> None:
    milliseconds = timestamp_ms(moment.isoformat())

    assert_that(milliseconds, not_none())
    assert_that(milliseconds, less_than(FIRST_TIME_MS))


@given(MOMENTS)
def test_reads_the_basic_form_as_the_extended_one(moment: datetime.datetime) -> None:
    text = moment.isoformat()
    day, clock = text.split("T")

    assert_that(timestamp_ms(f"{day.replace('-', '')}T{clock.replace(':', '')}"), equal_to(timestamp_ms(text)))


@given(MOMENTS)
def test_reads_a_blank_and_a_zone_as_the_t_and_z(moment: datetime.datetime) -> None:
    utc = moment.replace(tzinfo=None).isoformat()
    spaced = utc.replace("T", " ")

    assert_that(timestamp_ms(f"{spaced} UTC"), equal_to(timestamp_ms(f"{utc}Z")))
    assert_that(date_seconds(f"{spaced} UTC"), equal_to(date_seconds(f"{utc}Z")))
    assert_that(date_seconds(spaced), none())


@given(
    st.datetimes(min_value=datetime.datetime(1970, 1, 3), max_value=datetime.datetime(2036, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
def test_reads_a_date_of_php_in_its_zone(moment: datetime.datetime, zone: str) -> None:
    value = {"date": moment.strftime("%Y-%m-%d %H:%M:%S.%f"), "timezone_type": 3, "timezone": zone}

    assert_that(timestamp_ms(value), equal_to(_microseconds(moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))) // 1000))


@pytest.mark.parametrize(
    "value",
    [
        {"date": "2026-11-20 08:30:15.000000", "timezone_type": 3, "timezone": zone}
        for zone in ("Mars/Olympus", "Europe", "../UTC", "/etc/localtime", "", "\x00", "x" * 10_000)
    ]
    + [
        {"date": "2026-11-20 08:30:15.000000", "timezone_type": 2, "timezone": "PST"},
        {"date": "2026-11-20T08:30:15.000000", "timezone_type": 3, "timezone": "UTC"},
        {"date": "0001-01-01 00:00:00.000000", "timezone_type": 4, "timezone": "Asia/Tokyo"},
        {"date": "2026-11-20 08:30:15.000000", "timezone": "Europe/Berlin"},
        {"date": 1795514400, "timezone_type": 3, "timezone": "UTC"},
        {},
    ],
    ids=lambda value: str(value)[:90],
)
def test_no_other_object_is_a_time(value: dict[str, object]) -> None:
    assert_that(timestamp_ms(value), none())


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_a_date_of_php_at_either_end_of_the_calendar_does_no_harm(day: str, zone: str) -> None:
    value = {"date": f"{day} 00:00:00.000000", "timezone_type": 3, "timezone": zone}

    milliseconds = timestamp_ms(value)

    assert_that(milliseconds, any_of(none(), less_than(FIRST_TIME_MS)))


@given(st.dates(min_value=datetime.date(1970, 1, 1)))
def test_reads_any_date(date: datetime.date) -> None:
    midnight = datetime.datetime.combine(date, datetime.time(), UTC)

    assert_that(date_seconds(date.isoformat()), equal_to(_microseconds(midnight) // 1_000_000))


@given(st.integers(0, 9999), st.integers(0, 99), st.integers(0, 99))
def test_reads_only_what_the_calendar_has(year: int, month: int, day: int) -> None:
    text = f"{year:04d}-{month:02d}-{day:02d}"
    try:
        expected: int | None = (datetime.date(year, month, day) - datetime.date(1970, 1, 1)).days * 86_400
    except ValueError:
        expected = None

    assert_that(date_seconds(text), equal_to(expected if expected is not None and expected >= 0 else None))


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_reads_only_what_the_clock_has(hour: int, minute: int, second: int) -> None:
    expected = hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 and second < 60 else None

    assert_that(date_seconds(f"1970-01-01T{hour:02d}:{minute:02d}:{second:02d}Z"), equal_to(expected))


@given(st.text("0123456789-:.TZ+ \n\u0661\uff11", max_size=32))
def test_what_it_reads_the_standard_library_reads_alike(text: str) -> None:
    seconds = date_seconds(text)

    if seconds is not None:
        fraction = text.partition(".")[2]
        digits = len(fraction) - len(fraction.lstrip("0123456789"))
        whole = text if not digits else text.replace(f".{fraction[:digits]}", "", 1)
        offset = whole[-5:]
        if offset[:1] in "+-" and offset[1:].isdigit():
            whole = f"{whole[:-2]}:{whole[-2:]}"
        moment = datetime.datetime.fromisoformat(whole.replace("Z", "+00:00"))
        assert_that(seconds, equal_to(_microseconds(moment) // 1_000_000))


@given(st.integers(10**8, 10**11))
def test_unix_seconds_are_seconds(seconds: int) -> None:
    expected = seconds * 1000 if seconds < 10**10 else None

    assert_that(timestamp_ms(seconds), equal_to(expected))
    assert_that(timestamp_ms(str(seconds)), equal_to(expected))


@given(st.dates(max_value=datetime.date(2286, 1, 1)))
def test_eight_digits_of_a_calendar_day_are_the_day(day: datetime.date) -> None:
    midnight = datetime.datetime.combine(day, datetime.time(), UTC)

    assert_that(timestamp_ms(day.strftime("%Y%m%d").zfill(8)), equal_to(_microseconds(midnight) // 1000))


@given(st.integers(1, 99_999_999).map(str).filter(lambda digits: len(digits) != 8))
def test_fewer_digits_in_a_string_are_no_time(digits: str) -> None:
    assert_that(timestamp_ms(digits), none())


@given(st.integers(10**11 + 1, 10**13 - 1))
def test_unix_milliseconds_are_milliseconds(milliseconds: int) -> None:
    assert_that(timestamp_ms(milliseconds), equal_to(milliseconds))
    assert_that(timestamp_ms(str(milliseconds)), equal_to(milliseconds))


@given(st.integers(10**14 + 1, 10**16 - 1))
def test_unix_microseconds_are_microseconds(microseconds: int) -> None:
    assert_that(timestamp_ms(microseconds), equal_to(microseconds // 1000))
    assert_that(timestamp_ms(str(microseconds)), equal_to(microseconds // 1000))


@given(st.integers(10**17 + 1, 10**19 - 1))
def test_unix_nanoseconds_are_nanoseconds(nanoseconds: int) -> None:
    assert_that(timestamp_ms(nanoseconds), equal_to(nanoseconds // 1_000_000))
    assert_that(timestamp_ms(str(nanoseconds)), equal_to(nanoseconds // 1_000_000))


@given(st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none())
def test_anything_at_all_is_a_time_or_none(value: object) -> None:
    milliseconds = timestamp_ms(value)

    assert_that(milliseconds, any_of(none(), less_than(10**13)))


def test_what_it_remembers_is_bounded_in_number_and_size() -> None:
    """Texts from outside end in the tables that make reading quick: a long one, or very many, must not stay."""
    for number in range(10_000):
        date_seconds(f"2024-05-06T07:08:09{'Z' * 1000}{number}")
        date_seconds(f"2024-05-06T07:08:09.{number:06}Z")
        date_seconds(f"{number:04}-05-06")

    assert_that([len(dates._DAYS_MS), len(dates._RESTS_MS)], only_contains(less_than_or_equal_to(4096)))
    assert_that({len(text) for text in [*dates._DAYS_MS, *dates._RESTS_MS]}, only_contains(less_than_or_equal_to(16)))
