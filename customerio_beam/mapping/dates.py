"""Dates: an event's own time, and the dates inside traits and properties.

Two readers, because they answer different questions. ``timestamp_ms`` reads a field that says it is a time, so it
takes every ISO 8601 offset form and unix numbers. ``date_seconds`` looks at any string at all, so it takes only what
can hardly be anything else. Neither knows the machine's time zone: a time without a zone is UTC.
"""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import Any, Final

__all__ = ["date_seconds", "timestamp_ms"]

_EPOCH_DAY: Final = datetime.date(1970, 1, 1).toordinal()
_DAY_MS: Final = 86_400_000

#: Unix numbers above this are milliseconds (in seconds it would be the year 5138).
_MILLISECONDS_ABOVE: Final = 100_000_000_000
#: Track API timestamps are whole unix seconds of at most ten digits.
_MAX_MS: Final = 10_000_000_000_000
_MIN_MS: Final = (datetime.date(1, 1, 1).toordinal() - _EPOCH_DAY) * _DAY_MS

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_FRACTION_AND_ZONE: Final = re.compile(r"(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):?([0-5]\d))?", re.ASCII).fullmatch
# What a timestamp may have beyond that: lower case, a blank or a comma in places, an offset of hours alone.
_LENIENT: Final = re.compile(
    r"(.{10})(?:[Tt ](.{5}(?::\d\d)?)(?:[.,](\d+))?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
).fullmatch
_NUMBER: Final = re.compile(r"\d{1,17}(?:\.\d{1,9})?", re.ASCII).fullmatch


# A date-time is read in four parts, each of which has few different texts: days, minutes of a day, seconds of a minute,
# and milliseconds of a second. Remembering them makes reading one a look-up of each, in tables small enough for a
# processor's cache.
_CLOCK_MS: Final = {
    f"T{hour:02}:{minute:02}": (hour * 60 + minute) * 60_000 for hour in range(24) for minute in range(60)
}
_SECONDS_MS: Final = {f":{second:02}": second * 1000 for second in range(60)}


@lru_cache(maxsize=4096)
def _day_ms(text: str) -> int | None:
    """When ``YYYY-MM-DD`` begins in UTC; None where the calendar has no such day."""
    if _DATE(text) is None:
        return None
    try:
        day = datetime.date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError:
        return None
    return (day.toordinal() - _EPOCH_DAY) * _DAY_MS


@lru_cache(maxsize=4096)
def _rest_ms(text: str) -> int | None:
    """The milliseconds of ``.fff`` less the offset from UTC; either may be missing."""
    match = _FRACTION_AND_ZONE(text)
    if match is None:
        return None
    fraction, sign, hours, minutes = match.groups(default="0")
    offset_ms = (int(hours) * 60 + int(minutes)) * 60_000
    milliseconds = int(fraction[:3].ljust(3, "0"))
    return milliseconds + offset_ms if sign == "-" else milliseconds - offset_ms


def _iso_ms(text: str) -> int | None:
    """Read the ISO 8601 forms that can hardly be anything else."""
    day = _day_ms(text[:10])
    if day is None or len(text) == 10:
        return day
    clock = _CLOCK_MS.get(text[10:16])
    if text[16:17] == ":":
        seconds, rest = _SECONDS_MS.get(text[16:19]), _rest_ms(text[19:])
    else:
        # Without seconds there is no fraction of one.
        seconds, rest = 0, _rest_ms(text[16:]) if text[16:17] != "." else None
    return None if clock is None or seconds is None or rest is None else day + clock + seconds + rest


def _lenient_iso_ms(text: str) -> int | None:
    """Read the other ISO 8601 forms, by writing them in the strict one."""
    match = _LENIENT(text.strip())
    if match is None:
        return None
    date, clock, fraction, zone = match.groups(default="")
    if not clock:
        return _iso_ms(date)
    if len(zone) == 3:
        zone += "00"
    return _iso_ms(f"{date}T{clock}{'.' + fraction if fraction else ''}{zone.upper()}")


def date_seconds(text: str) -> int | None:
    """Read a string that may be an ISO 8601 date or date-time.

    Args:
        text: Any string. Calendar dates (``2024-05-06``) and date-times (``2024-05-06T07:08:09.123Z``) with up to
            nine fraction digits and ``Z``, ``+hh:mm``, ``+hhmm`` or no offset are dates; no other form is.

    Returns:
        Whole unix seconds, rounded down; None where the string is no date, or one from before 1970.
    """
    milliseconds = _iso_ms(text)
    return milliseconds // 1000 if milliseconds is not None and milliseconds >= 0 else None


def timestamp_ms(value: Any) -> int | None:
    """Read the value of a field that holds a point in time.

    Args:
        value: ISO 8601 in any offset form with up to nine fraction digits, or a unix number (seconds, or
            milliseconds above 1e11) as a number or its digits.

    Returns:
        Unix milliseconds, rounded down; None where the value is unreadable or beyond what the Track API takes.
    """
    if isinstance(value, str):
        milliseconds = _iso_ms(value)
        if milliseconds is None:
            milliseconds = _lenient_iso_ms(value)
        if milliseconds is None:
            milliseconds = _unix_number_ms(value)
    else:
        milliseconds = _unix_number_ms(value)
    if milliseconds is None or not _MIN_MS <= milliseconds < _MAX_MS:
        return None
    return milliseconds


def _unix_number_ms(value: Any) -> int | None:
    """Read a unix time given as a number, or as a string of its digits.

    Returns:
        Unix milliseconds, rounded down; None where the value is neither.
    """
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER(text) is None:
            return None
        value = float(text) if "." in text else int(text)
    if isinstance(value, float):
        return int(value if abs(value) > _MILLISECONDS_ABOVE else value * 1000 // 1)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) > _MILLISECONDS_ABOVE else value * 1000
    return None
