"""Dates: an event's own time, and the dates inside traits and properties.

Two readers, because they answer different questions. ``timestamp_ms`` reads a field that says it is a time, so it
takes every ISO 8601 offset form and unix numbers. ``date_seconds`` looks at any string at all, so it takes only what
can hardly be anything else. Neither knows the machine's time zone: a time without a zone is UTC.
"""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import Any

__all__ = ["date_seconds", "timestamp_ms", "unix_number_ms"]

_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
_DAY_SECONDS = 86_400

#: Unix numbers above this are milliseconds (in seconds it would be the year 5138).
_MILLISECONDS_ABOVE = 1e11
#: Track API timestamps are whole unix seconds of at most ten digits.
_MAX_SECONDS = 10_000_000_000
_MIN_SECONDS = (datetime.date(1, 1, 1).toordinal() - _EPOCH_DAY) * _DAY_SECONDS

_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
).fullmatch
_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
).fullmatch
_NUMBER = re.compile(r"\d{1,17}(?:\.\d{1,9})?", re.ASCII).fullmatch


@lru_cache(maxsize=4096)
def _day_start(date: str) -> int | None:
    """Unix seconds at which ``YYYY-MM-DD`` begins in UTC, or None where the calendar has no such day."""
    try:
        day = datetime.date(int(date[:4]), int(date[5:7]), int(date[8:]))
    except ValueError:
        return None
    return (day.toordinal() - _EPOCH_DAY) * _DAY_SECONDS


def _milliseconds(match: re.Match[str]) -> int | None:
    date, hour, minute, second, fraction, zone = match.groups()
    seconds = _day_start(date)
    if seconds is None:
        return None
    if hour is None:
        return seconds * 1000
    if hour > "23" or minute > "59" or (second or "00") > "59":
        return None
    seconds += int(hour) * 3600 + int(minute) * 60
    if second is not None:
        seconds += int(second)
    if zone is not None and zone not in ("Z", "z"):
        offset = _offset_seconds(zone)
        if offset is None:
            return None
        seconds -= offset
    milliseconds = int(fraction[:3].ljust(3, "0")) if fraction is not None else 0
    return seconds * 1000 + milliseconds


@lru_cache(maxsize=256)
def _offset_seconds(zone: str) -> int | None:
    digits = zone[1:].replace(":", "").ljust(4, "0")
    if digits[:2] > "23" or digits[2:] > "59":
        return None
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def date_seconds(text: str) -> int | None:
    """Read a string that may be an ISO 8601 date or date-time.

    Args:
        text: Any string. Calendar dates (``2024-05-06``) and date-times (``2024-05-06T07:08:09.123Z``) with up to
            nine fraction digits and ``Z``, ``+hh:mm``, ``+hhmm`` or no offset are dates; no other form is.

    Returns:
        Whole unix seconds, rounded down; None where the string is no date, or one from before 1970.
    """
    match = _DATE(text)
    milliseconds = _milliseconds(match) if match is not None else None
    return milliseconds // 1000 if milliseconds is not None and milliseconds >= 0 else None


def timestamp_ms(value: Any) -> int | None:
    """Read the value of a field that holds a point in time.

    Args:
        value: ISO 8601 in any offset form with up to nine fraction digits, or a unix number (seconds, or
            milliseconds above 1e11) as a number or its digits.

    Returns:
        Unix milliseconds, rounded down; None where the value is unreadable or beyond what the Track API takes.
    """
    if value.__class__ is str:
        match = _TIMESTAMP(value)
        if match is None:
            match = _TIMESTAMP(value.strip())
        milliseconds = _milliseconds(match) if match is not None else unix_number_ms(value)
    else:
        milliseconds = unix_number_ms(value)
    if milliseconds is None or not _MIN_SECONDS <= milliseconds // 1000 < _MAX_SECONDS:
        return None
    return milliseconds


def unix_number_ms(value: Any) -> int | None:
    """Read a unix time given as a number, or as a string of its digits.

    Returns:
        Unix milliseconds, rounded down; None where the value is neither.
    """
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER(text) is None:
            return None
        value = float(text) if "." in text else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value if abs(value) > _MILLISECONDS_ABOVE else value * 1000 // 1)
