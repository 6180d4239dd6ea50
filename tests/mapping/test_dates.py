"""Dates against the standard library's own reading of them."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.mapping.dates import date_seconds, timestamp_ms

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
    assert date_seconds(moment.isoformat()) == _microseconds(moment) // 1_000_000


@given(MOMENTS)
def test_reads_any_time_of_an_event_as_the_standard_library_does(moment: datetime.datetime) -> None:
    assert timestamp_ms(moment.isoformat()) == _microseconds(moment) // 1000


@given(EARLY)
def test_a_date_before_1970_is_kept(moment: datetime.datetime) -> None:
    assert date_seconds(moment.isoformat()) is None


@given(EARLY)
def test_a_time_before_1970_is_read(moment: datetime.datetime) -> None:
    assert timestamp_ms(moment.isoformat()) == _microseconds(moment) // 1000


@given(st.dates(min_value=datetime.date(1970, 1, 1)))
def test_reads_any_date(date: datetime.date) -> None:
    midnight = datetime.datetime.combine(date, datetime.time(), UTC)

    assert date_seconds(date.isoformat()) == _microseconds(midnight) // 1_000_000


@given(st.integers(0, 9999), st.integers(0, 99), st.integers(0, 99))
def test_reads_only_what_the_calendar_has(year: int, month: int, day: int) -> None:
    text = f"{year:04d}-{month:02d}-{day:02d}"
    try:
        expected: int | None = (datetime.date(year, month, day) - datetime.date(1970, 1, 1)).days * 86_400
    except ValueError:
        expected = None

    assert date_seconds(text) == (expected if expected is not None and expected >= 0 else None)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_reads_only_what_the_clock_has(hour: int, minute: int, second: int) -> None:
    expected = hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 and second < 60 else None

    assert date_seconds(f"1970-01-01T{hour:02d}:{minute:02d}:{second:02d}Z") == expected


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
        assert seconds == _microseconds(moment) // 1_000_000


@given(st.integers(1, 10**11))
def test_unix_seconds_are_seconds(seconds: int) -> None:
    assert timestamp_ms(seconds) == (seconds * 1000 if seconds < 10**10 else None)


@given(st.integers(10**11 + 1, 10**13 - 1))
def test_unix_milliseconds_are_milliseconds(milliseconds: int) -> None:
    assert timestamp_ms(milliseconds) == milliseconds
    assert timestamp_ms(str(milliseconds)) == milliseconds
