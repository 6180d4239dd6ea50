"""Values: dates, and everything else."""

from __future__ import annotations

from typing import Any

from tests.cases.case import Case, about, event, operation

U1 = {"id": "u1"}


def _ordered(**properties: Any) -> dict[str, Any]:
    return event("track", userId="u1", event="Ordered", properties=properties)


def _with(**attributes: Any) -> dict[str, Any]:
    return operation("event", U1, "Ordered", **attributes)


def _kept(rule: str, value: Any, *, shown: bool = False) -> Case:
    return about(rule, _ordered(at=value), _with(at=value), shown=shown)


def _seconds(rule: str, value: str, seconds: int, *, shown: bool = False) -> Case:
    return about(rule, _ordered(at=value), _with(at=seconds), shown=shown)


DATES = [
    _seconds("A date-time", "2024-05-06T07:08:09.123Z", 1714979289, shown=True),
    _seconds("With an offset", "2024-05-06T09:08:09+02:00", 1714979289, shown=True),
    _seconds("An offset without a colon", "2024-05-06T05:38:09-0130", 1714979289),
    _seconds("Nine fraction digits", "2024-05-06T07:08:09.123456789Z", 1714979289),
    _seconds("Without seconds", "2024-05-06T07:08Z", 1714979280),
    _seconds("A date", "2024-05-06", 1714953600, shown=True),
    _seconds("A leap day", "2024-02-29", 1709164800),
    _seconds("No zone is UTC", "2024-05-06T07:08:09", 1714979289, shown=True),
    _seconds("The epoch", "1970-01-01T00:00:00Z", 0),
    about(
        "At any depth, and in lists",
        _ordered(trip={"stops": ["2024-05-06", {"left": "2024-05-06"}, [["2024-05-06"]]]}),
        _with(trip={"stops": [1714953600, {"left": 1714953600}, [[1714953600]]]}),
    ),
    _kept("From before 1970", "1969-12-31T23:59:59.999Z", shown=True),
    _kept("From before 1970 by its offset", "1970-01-01T00:00:00+01:00"),
    _kept("No such day", "2024-02-30", shown=True),
    _kept("No such month", "2024-13-01"),
    _kept("No such hour", "2024-05-06T24:00:00Z"),
    _kept("No such minute", "2024-05-06T07:60:00Z"),
    _kept("No such second", "2024-05-06T07:08:60Z"),
    _kept("No such offset", "2024-05-06T07:08:09+24:00"),
    _kept("No leap day", "2023-02-29"),
    _kept("The year 0", "0000-01-01"),
    _kept("An offset of hours alone", "2024-05-06T07:08:09-08", shown=True),
    _kept("Ten fraction digits", "2024-05-06T07:08:09.1234567890Z", shown=True),
    _seconds(
        "A blank for the T and a zone, as Ruby and BigQuery write it", "2024-05-06 07:08:09 UTC", 1714979289, shown=True
    ),
    _seconds("A blank for the T and an offset", "2024-05-06 09:08:09 +0200", 1714979289, shown=True),
    _seconds("The same without a second blank", "2024-05-06 09:08:09.123456+02:00", 1714979289),
    _kept("A blank for the T and no zone", "2024-05-06 07:08:09", shown=True),
    _kept("A blank for the T and an offset of hours alone", "2024-05-06 07:08:09+02"),
    _kept("A date and a zone", "2024-05-06 UTC"),
    _kept("A blank before the zone alone", "2024-05-06T07:08:09 UTC"),
    _kept("From before 1970 with a blank", "1969-12-31 23:59:59 UTC"),
    _kept("The basic form", "20240506T070809Z"),
    _kept("White space around", " 2024-05-06"),
    _kept("A line end after", "2024-05-06\n"),
    _kept("Other digits", "\uff12\uff10\uff12\uff14-05-06"),
    _kept("A month", "2024-05"),
    _kept("A week", "2024-W19-1"),
    _kept("Digits", "20240506"),
    _kept("A phone number that begins like a year", "1714-979-289"),
    _kept("A number", 1714979289),
    about(
        "Names and identifiers are never dates",
        _ordered(id="2024-05-06", name="2024-05-06", url="2024-05-06", email="2024-05-06", anonymous_id="2024-05-06"),
        _with(id="2024-05-06", name="2024-05-06", url="2024-05-06", email="2024-05-06", anonymous_id="2024-05-06"),
    ),
    about(
        "Nor is the event's own name, or the person's id",
        event("track", userId="2024-05-06", event="2024-05-06"),
        operation("event", {"id": "2024-05-06"}, "2024-05-06"),
    ),
    about(
        "`--convert_dates=false` leaves all as they are",
        _ordered(at="2024-05-06", stops=["2024-05-06"]),
        _with(at="2024-05-06", stops=["2024-05-06"]),
        convert_dates=False,
    ),
]


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def _too_deep(field: bytes) -> bytes:
    """Write an event without a messageId that nests deeper than any JSON reader goes."""
    return b'{"type":"track","userId":"u1","event":"Ordered","timestamp":1795514400,"%b":{"a":%b1%b}}' % (
        field,
        b"[" * 100_000,
        b"]" * 100_000,
    )


EXACT = [
    about(
        "Types, order and unicode",
        _ordered(z=None, a=True, n=-0.5, s="Zoë 🚀", list=[], empty={}, text=""),
        _with(z=None, a=True, n=-0.5, s="Zoë 🚀", list=[], empty={}, text=""),
    ),
    about("Integers of any size", _ordered(n=2**64, m=-(2**70)), _with(n=2**64, m=-(2**70))),
    about("A number of 300 digits", _ordered(n=10**299), _with(n=10**299), shown=False),
    about(
        "Dots, `__proto__` and the like are just names",
        _ordered(**{"a.b": 1, "__proto__": {"x": 1}, "": 2, "$set": 3}),
        _with(**{"a.b": 1, "__proto__": {"x": 1}, "": 2, "$set": 3}),
    ),
    about(
        "Of duplicate keys the last one counts",
        b'{"type":"track","userId":"u1","event":"Ordered","messageId":"m-1","timestamp":"2026-11-24T10:00:00Z","properties":{"a":1,"a":2}}',
        _with(a=2),
        shown=False,
    ),
    about("NUL and other control characters", _ordered(s="a\u0000b\u001f"), _with(s="a\u0000b\u001f"), shown=False),
    about("Deep nesting", _ordered(a=_nested(200)), _with(a=_nested(200)), shown=False),
    about("Deeper nesting than can be written", _ordered(a=_nested(300)), "invalid_json", shown=False),
    about("The same without dates", _too_deep(b"properties"), "invalid_json", convert_dates=False, shown=False),
    about(
        "400 levels where nothing else counts them",
        {**_ordered(), "context": {"a": _nested(398)}},
        _with(),
        shown=False,
    ),
    about(
        "401 levels where nothing else counts them",
        {**_ordered(), "context": {"a": _nested(399)}},
        "invalid_json",
        shown=False,
    ),
    about(
        "Brackets in strings are no levels",
        {**_ordered(), "context": {"a": ['[{\\"' * 600, "[" * 600]}},
        _with(),
        shown=False,
    ),
    about("Where it only counts for the id", _too_deep(b"context"), "invalid_json", shown=False),
]
