"""Dates: an event's own time, and the dates inside traits and properties.

Two readers, because they answer different questions. ``timestamp_ms`` reads a field that says it is a time, so it
takes every ISO 8601 form and unix numbers. ``date_seconds`` looks at any string at all, so it takes only forms that can
hardly be anything else. Neither knows the machine's time zone: a time without a zone is UTC.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo
from typing import Any, Final

__all__ = ["FIRST_TIME_MS", "date_seconds", "timestamp_ms"]

_EPOCH: Final = datetime.datetime(1970, 1, 1)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_DAY_MS: Final = 86_400_000

#: 1970-01-02 in unix milliseconds. A time before it is a zero value: Go's year 1, the epoch itself, or the seconds that
#: PHP makes of the string "2024-05-06" when it casts it to a number.
FIRST_TIME_MS: Final = _DAY_MS
#: Track API timestamps are whole unix seconds of at most ten digits.
_MAX_MS: Final = 10_000_000_000_000

#: The units of unix numbers, by size. In seconds, the smallest number of milliseconds would be the year 5138.
_MILLISECONDS_ABOVE: Final = 10**11
_MICROSECONDS_ABOVE: Final = 10**14
_NANOSECONDS_ABOVE: Final = 10**17

#: No form of a date is longer than this.
_MAX_LENGTH: Final = 50

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_FRACTION_AND_ZONE: Final = re.compile(r"(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):?([0-5]\d))?", re.ASCII).fullmatch
# A date-time with a blank for the T is a date only where a zone follows, as Ruby and BigQuery write it.
_SPACED: Final = re.compile(
    r"(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|[+-]\d\d:?\d\d|UTC|GMT)", re.ASCII
).fullmatch
# All other forms of a timestamp: basic form, lower case, blanks, a comma, an offset of hours, and "+0000 UTC" (Go).
_LENIENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d|\d{8})"
    r"(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?"
    r"(?:\s?([Zz]|[+-]\d\d(?::?\d\d)?|(?:[+-]00:?00 )?(?:UTC|GMT)))?)?",
    re.ASCII,
).fullmatch
# "0", and dates of the year 0 and before: MySQL's 0000-00-00, which PHP prints as -0001-11-30.
_ZERO: Final = re.compile(r"0+(?:\.0+)?|(?:0000|-\d{4})-\d\d-\d\d.*", re.ASCII | re.DOTALL).fullmatch
# Fewer digits may be a date in basic form, a year, or an id.
_NUMBER: Final = re.compile(r"-?\d{9,19}(?:\.\d{1,9})?", re.ASCII).fullmatch

_UTC_NAMES: Final = frozenset({"Z", "UTC", "GMT"})

# A strict date-time has four parts, and each part has few different texts: days, minutes of a day, seconds of a minute,
# and milliseconds of a second. Remembering them makes reading one a look-up of each, in tables small enough for a
# processor's cache.
_CLOCK_MS: Final = {
    f"T{hour:02}:{minute:02}": (hour * 60 + minute) * 60_000 for hour in range(24) for minute in range(60)
}
_SECONDS_MS: Final = {f":{second:02}": second * 1000 for second in range(60)}
_DAYS_MS: Final[dict[str, int]] = {}
_RESTS_MS: Final[dict[str, int]] = {}
#: Entries of each of the last two tables, which fill as dates are read.
_MAX_KNOWN: Final = 4096


def _day_ms(text: str) -> int | None:
    """Read ``YYYY-MM-DD``, as midnight in UTC; None where the calendar has no such day."""
    if _DATE(text) is None:
        return None
    try:
        day = datetime.date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError:
        return None
    milliseconds = (day.toordinal() - _EPOCH_DAY) * _DAY_MS
    _remember(_DAYS_MS, text, milliseconds)
    return milliseconds


def _rest_ms(text: str) -> int | None:
    """Read the milliseconds of ``.fff`` less the offset from UTC; either may be missing."""
    match = _FRACTION_AND_ZONE(text)
    if match is None:
        return None
    fraction, sign, hours, minutes = match.groups(default="0")
    offset_ms = (int(hours) * 60 + int(minutes)) * 60_000
    milliseconds = int(fraction[:3].ljust(3, "0"))
    milliseconds += offset_ms if sign == "-" else -offset_ms
    _remember(_RESTS_MS, text, milliseconds)
    return milliseconds


def _remember(known: dict[str, int], text: str, milliseconds: int) -> None:
    """Keep what was read. Only valid texts come here, and those are short: the memory of a table is bounded."""
    if len(known) >= _MAX_KNOWN:
        known.clear()
    known[text] = milliseconds


def _strict_ms(text: str) -> int | None:
    """Read the ISO 8601 forms that can hardly be anything else."""
    date = text[:10]
    day = _DAYS_MS.get(date)
    if day is None:
        day = _day_ms(date)
    if day is None or len(text) == 10:
        return day
    clock = _CLOCK_MS.get(text[10:16])
    if text[16:17] == ":":
        seconds, end = _SECONDS_MS.get(text[16:19]), text[19:]
    else:
        # Without seconds there is no fraction of one.
        seconds, end = None if text[16:17] == "." else 0, text[16:]
    if clock is None or seconds is None:
        return None
    rest = _RESTS_MS.get(end)
    if rest is None:
        rest = _rest_ms(end)
    return None if rest is None else day + clock + seconds + rest


def _spaced_ms(text: str) -> int | None:
    """Read a date-time with a blank for the T and a zone."""
    match = _SPACED(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        return None
    date, clock, zone = match.groups()
    return _strict_ms(f"{date}T{clock}{'Z' if zone in _UTC_NAMES else zone}")


def _lenient_ms(text: str) -> int | None:
    """Read the other ISO 8601 forms, by writing them in the strict one."""
    match = _LENIENT(text)
    if match is None:
        return None
    date, hour, minute, second, fraction, zone = match.groups(default="")
    if len(date) == 8:
        date = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    if not hour:
        return _strict_ms(date)
    if zone[-3:] in _UTC_NAMES or zone == "z":
        zone = "Z"
    elif len(zone) == 3:
        zone += "00"
    return _strict_ms(
        f"{date}T{hour}:{minute}{':' + second if second else ''}{'.' + fraction if fraction else ''}{zone}"
    )


def date_seconds(text: str) -> int | None:
    """Read a string that may be an ISO 8601 date or date-time.

    Args:
        text: Any string. Dates are: calendar dates (``2024-05-06``); date-times (``2024-05-06T07:08:09.123Z``) with up
            to nine fraction digits and ``Z``, ``+hh:mm``, ``+hhmm`` or no offset; and the same with a blank for the
            ``T`` where a zone follows (``2024-05-06 07:08:09 UTC``). No other form is.

    Returns:
        Whole unix seconds, rounded down; None where the string is no date, or one from before 1970.
    """
    milliseconds = _strict_ms(text)
    if milliseconds is None and text[10:11] == " ":
        milliseconds = _spaced_ms(text)
    return milliseconds // 1000 if milliseconds is not None and milliseconds >= 0 else None


def timestamp_ms(value: Any) -> int | None:
    """Read the value of a field that holds a point in time.

    Args:
        value: ISO 8601 in extended or basic form, with any offset and up to nine fraction digits; a unix number in
            seconds, milliseconds (above 1e11), microseconds (above 1e14) or nanoseconds (above 1e17), also as a string
            of at least 9 digits; or PHP's ``{"date", "timezone_type", "timezone"}``. A number of eight digits that is a
            calendar day (``20240607``) is that day.

    Returns:
        Unix milliseconds, rounded down; less than ``FIRST_TIME_MS`` for the zero values of programming languages.
        None where the value is unreadable, or later than the Track API's timestamps.
    """
    if isinstance(value, str):
        milliseconds = _strict_ms(value)
        if milliseconds is None:
            milliseconds = _text_ms(value.strip())
    elif isinstance(value, bool):
        return None
    elif isinstance(value, (int, float)):
        milliseconds = _number_ms(value)
    elif isinstance(value, dict):
        milliseconds = _php_ms(value)
    else:
        return None
    return milliseconds if milliseconds is not None and milliseconds < _MAX_MS else None


def _text_ms(text: str) -> int | None:
    if len(text) > _MAX_LENGTH:
        return None
    milliseconds = _lenient_ms(text)
    if milliseconds is not None:
        return milliseconds
    if _ZERO(text) is not None:
        return 0
    if _NUMBER(text) is None:
        return None
    return _number_ms(float(text) if "." in text else int(text))


def _number_ms(value: Any) -> int | None:
    """Turn a unix number of any unit, or the number of a calendar day, into unix milliseconds.

    Args:
        value: An integer or a float. (Typed as both, the compiler would make a float of it, and lose digits.)
    """
    size = abs(value)
    if size > _MILLISECONDS_ABOVE:
        if size > _NANOSECONDS_ABOVE:
            return int(value // 1_000_000)
        return int(value // 1000 if size > _MICROSECONDS_ABOVE else value // 1)
    if 10_000_101 <= size <= 99_991_231 and value == int(value):
        text = str(int(value))
        day = _day_ms(f"{text[:4]}-{text[4:6]}-{text[6:]}") if len(text) == 8 else None
        if day is not None:
            return day
    return int(value * 1000 // 1)


def _php_ms(value: dict[str, Any]) -> int | None:
    """Read a PHP ``DateTime`` as ``json_encode`` writes it (``{"date", "timezone_type", "timezone"}``).

    Type 1 is an offset, 2 an abbreviation, of which only those of UTC are unambiguous, and 3 a name of the time zone
    database. Where the machine has no such database, only UTC can be read.
    """
    date, kind, zone = value.get("date"), value.get("timezone_type"), value.get("timezone")
    if not isinstance(date, str) or not isinstance(zone, str) or len(date) + len(zone) > _MAX_LENGTH:
        return None
    if kind == 1 or zone in _UTC_NAMES:
        return _spaced_ms(f"{date} {zone}")
    local_ms = _spaced_ms(f"{date} Z") if kind == 3 else None
    if local_ms is None:
        return None
    try:
        local = _EPOCH + datetime.timedelta(milliseconds=local_ms)
        offset = local.replace(tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset()
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return None  # no such zone
    return None if offset is None else local_ms - offset // datetime.timedelta(milliseconds=1)
