"""All forms of a file give the same events, whatever its blocks and however large its values are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import any_of, assert_that, contains_exactly, equal_to, has_length, instance_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customerio_beam.mapping.event import Event, Rejected
from customerio_beam.reading import values
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.reading.events import Outcome, read_events
from tests.reading.blocks import payloads

pytestmark = pytest.mark.usefixtures("small_blocks")
# Ten examples for each of the forms: 170 files for the first test, and most of the code is common to all forms.
many = settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])

EVENT = {"type": "track", "event": "E", "userId": "u", "timestamp": 1700000000}
TOO_LARGE = 1000  # bytes

texts = st.text(max_size=8) | st.sampled_from(["\u2028", "{[", '"', "\\", "]}", "é" * 9])
properties = st.dictionaries(texts, st.recursive(texts | st.integers() | st.none(), st.lists), max_size=3)
events = st.builds(lambda found: {**EVENT, "properties": found}, properties)
# What senders write into single events, in place of their properties.
faults = st.sampled_from(["NaN", "[Infinity]", '{"a":-Infinity}', r'"\ud83d"', "[" * 500 + "]" * 500]).map(
    lambda fault: f'{{"a":{fault}}}'
)
large = st.integers(TOO_LARGE, 3 * TOO_LARGE).map(lambda size: {**EVENT, "properties": {"text": "x" * size}})
#: The text of each event, and whether it can be read.
members = st.lists(
    st.one_of(
        events.map(lambda event: (json.dumps(event, ensure_ascii=False), True)),
        events.map(lambda event: (json.dumps(event, indent=1), True)),
        faults.map(lambda fault: (json.dumps(EVENT)[:-1] + f',"properties":{fault}}}', False)),
        large.map(lambda event: (json.dumps(event), True)),
    ),
    min_size=1,
    max_size=9,
)
sizes = st.integers(1, 300)
limits = st.sampled_from([TOO_LARGE, 10_000])


def _one_line(text: str) -> str:
    return " ".join(text.split("\n"))


def _array(found: list[str]) -> str:
    return "[" + ",".join(found) + "]"


DEFAULTS = '"context":{"locale":"en","traits":{"a":[1,{}]}},"sentAt":"2026-11-20T08:30:15Z"'

FORMS: dict[str, Any] = {
    "a line each": lambda found: "\n".join(map(_one_line, found)),
    "a line each, with returns and blank lines": lambda found: "\r\n\r\n \n".join(map(_one_line, found)) + "\r\n",
    "nothing between": lambda found: "".join(map(_one_line, found)),
    "blanks between": lambda found: "  ".join(map(_one_line, found)) + " ",
    "a sequence (RFC 7464)": lambda found: "".join(f"\x1e{_one_line(text)}\n" for text in found),
    "a sequence over lines": lambda found: "".join(f"\x1e\n{{\n{text.lstrip()[1:]}\n" for text in found),
    "an array on a line": lambda found: _one_line(_array(found)),
    "an array, one event a line": lambda found: "[\n" + "\n,".join(found) + "\n]\n",
    "an array over lines": lambda found: "[\n \n" + ",\n".join(found) + "]",
    "values over lines": lambda found: "\n{\n" + "\n{\n".join(text.lstrip()[1:] for text in found),
    "values over lines, nothing between": lambda found: "".join("{\n" + text.lstrip()[1:] for text in found),
    "a byte order mark": lambda found: "\ufeff" + "\n".join(map(_one_line, found)),
    "files joined with their marks": lambda found: "".join(f"\ufeff{_one_line(text)}\n" for text in found),
    "an envelope": lambda found: f'{{{DEFAULTS},"batch":{_one_line(_array(found))}}}',
    "an envelope over lines": lambda found: f'{{\n"batch":\n{_array(found)},\n{DEFAULTS}}}',
    "an envelope with a type": lambda found: f'{{"batch":{_one_line(_array(found))},{DEFAULTS},"type":"Batch"}}',
    "an envelope with two batches": lambda found: (
        f'{{"batch":[1],"n":2,{DEFAULTS},"batch":{_one_line(_array(found))}}}'
    ),
}
#: Forms that put a line's end behind an event's first brace: the event is one byte longer.
ADDS_A_BYTE = ("a sequence over lines", "values over lines", "values over lines, nothing between")
HAS_DEFAULTS = [form for form in FORMS if "envelope" in form]


def read(data: bytes, *, size: int = 1 << 20, limit: int = 10_000) -> list[Outcome]:
    return [
        outcome
        for payload in payloads(data, limit=limit, size=size)
        for outcome in read_events(payload, max_payload_bytes=limit)
    ]


def write(form: str, found: list[tuple[str, bool]]) -> bytes:
    data: bytes = FORMS[form]([text for text, _ in found]).encode()
    return data


@many
@pytest.mark.parametrize("form", FORMS)
@given(members, sizes, limits)
def test_each_event_has_its_outcome_and_its_place(
    form: str, found: list[tuple[str, bool]], size: int, limit: int
) -> None:
    data = write(form, found)
    outcomes = read(data, size=size, limit=limit)
    defaults = DEFAULTS if form in HAS_DEFAULTS else ""
    assert_that(outcomes, has_length(len(found)))
    at = 0
    for (text, is_json), outcome in zip(found, outcomes, strict=True):
        assert_that(outcome, any_of(instance_of(Event), instance_of(Rejected)))
        expected = "Event" if is_json else "invalid_json"
        if len(text.encode()) + len(defaults) + (form in ADDS_A_BYTE) > limit:
            expected = "payload_too_large"
        assert_that(outcome.reason if isinstance(outcome, Rejected) else "Event", equal_to(expected))
        origin = outcome.origin
        written = data[origin.offset : origin.offset + (origin.truncated_bytes or len(origin.text))]
        assert_that(written.startswith(origin.text), equal_to(True))
        assert_that(origin.offset >= at, equal_to(True))
        at = origin.offset + len(origin.text)
        if expected == "Event":
            assert_that(json.loads(origin.text), equal_to(json.loads(text)))
            assert_that(origin.defaults, equal_to(defaults.encode()))


@many
@pytest.mark.parametrize(
    "form", ["an array, one event a line", "an array over lines", "an envelope over lines", "values over lines"]
)
@given(members, sizes, limits, st.data())
def test_values_over_lines_are_whole_or_the_file_is_refused(
    form: str, found: list[tuple[str, bool]], size: int, limit: int, data: st.DataObject
) -> None:
    whole = write(form, found).rstrip()
    cut = whole[: data.draw(st.integers(whole.index(b"\n") + 1, len(whole) - 1))]
    last = cut.rstrip(b"\n {")  # values over lines may be cut between two
    try:
        outcomes = read(cut, size=size, limit=limit)
    except UnreadableFileError as error:
        assert_that(str(error).startswith("events.ndjson is damaged at byte "), equal_to(True))
    else:
        assert_that(form == "values over lines" or not last, equal_to(True))
        assert_that(whole.startswith(cut) and len(outcomes) <= len(found), equal_to(True))


@many
@given(members, sizes, limits, st.data())
def test_of_a_line_that_is_cut_only_the_last_value_is_lost(
    found: list[tuple[str, bool]], size: int, limit: int, data: st.DataObject
) -> None:
    whole = write("nothing between", found)
    last = len(_one_line(found[-1][0]).encode())
    missing = data.draw(st.integers(1, last - 1))
    event = json.dumps(EVENT).encode()
    outcomes = read(event + b"\n" + whole[:-missing] + b"\n" + event, size=size, limit=limit)
    assert_that(outcomes, has_length(len(found) + 2))
    *_, cut, after = outcomes
    too_large = last - missing > limit
    assert_that(cut, instance_of(Rejected))
    assert_that(cut.reason, equal_to("payload_too_large" if too_large else "invalid_json"))
    assert_that(isinstance(after, Event), equal_to(True))


@many
@pytest.mark.parametrize("form", ["an array on a line", "an envelope", "an envelope with a type"])
@given(members, sizes, limits, st.data())
def test_nothing_is_sent_of_a_line_whose_array_is_cut(
    form: str, found: list[tuple[str, bool]], size: int, limit: int, data: st.DataObject
) -> None:
    whole = write(form, found)
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    event = json.dumps(EVENT).encode()
    _, lost, after = read(event + b"\n" + cut + b"\n" + event, size=size, limit=limit)
    assert_that(lost, instance_of(Rejected))
    assert_that(lost.reason, equal_to("payload_too_large" if len(cut) > limit else "invalid_json"))
    assert_that(isinstance(after, Event), equal_to(True))


@pytest.mark.parametrize("damage", [b'{"a":},', b'{"a" 1},', b",", b"1 ", b'{"a":"\xff"},', b"]", b'"\n",'])
@pytest.mark.parametrize("limit", [300, 10_000])
def test_nothing_is_sent_of_an_array_that_is_damaged(damage: bytes, limit: int) -> None:
    event = json.dumps(EVENT).encode()
    data = b"[\n" + event + b",\n" + damage + b",\n".join([event] * 5) + b"\n]"
    with pytest.raises(UnreadableFileError, match=r"is damaged at byte \d+ of its text"):
        payloads(data, limit=limit)
    if damage not in (b"]", b'"\n",'):  # the array ends there; it is sound without line ends
        outcomes = read(data.replace(b"\n", b""), limit=limit)
        assert_that([type(outcome) for outcome in outcomes if not isinstance(outcome, Rejected)], equal_to([]))


def test_the_defaults_of_a_large_envelope_are_shared_by_its_members() -> None:
    event = json.dumps(EVENT)
    data = f'{{"batch":[{",".join([event] * 50)}],{DEFAULTS}}}'.encode()
    origins = [outcome.origin for outcome in read(data, limit=500) if isinstance(outcome, Event)]
    assert_that(origins, has_length(50))
    assert_that({origin.defaults for origin in origins}, equal_to({DEFAULTS.encode()}))


def test_with_defaults_that_are_too_large_no_member_can_be_sent() -> None:
    event = json.dumps(EVENT)
    data = f'{{"batch":[{event},{event}],"context":{{"text":"{"x" * 900}"}}}}'.encode()
    outcomes = read(data, limit=500)
    assert_that(outcomes, has_length(2))
    for outcome in outcomes:
        assert_that(outcome, instance_of(Rejected))
        assert_that((outcome.reason, outcome.origin.text), equal_to(("payload_too_large", event[:16].encode())))
        assert_that(900 < outcome.origin.truncated_bytes < 1100, equal_to(True))


def test_a_large_object_that_is_no_envelope_is_one_event_that_is_too_large() -> None:
    data = json.dumps({**EVENT, "properties": {"batch": [{"a": 1}]}, "text": "x" * 900, "batch": [EVENT]}).encode()
    for text in (data, data.replace(b'"track"', b'"batch"').replace(b'"batch": [', b'"batch": 5, "z": [')):
        [outcome] = read(text, limit=500)
        assert_that(outcome, instance_of(Rejected))
        assert_that(
            (outcome.reason, outcome.origin.text, outcome.origin.offset, outcome.origin.truncated_bytes),
            contains_exactly("payload_too_large", text[:16], 0, len(text)),
        )


def test_the_beginning_of_a_value_that_is_too_large_ends_where_the_value_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "HEAD_BYTES", 10_000)
    large = json.dumps({**EVENT, "text": "x" * 900}).encode().replace(b"{", b"{\n", 1)
    first, _ = payloads(large + b"\n" + json.dumps(EVENT).encode(), limit=500)
    assert_that((first.data, first.truncated_bytes), equal_to((large, len(large))))


def test_a_long_string_or_number_is_one_payload_that_is_too_large() -> None:
    for text in (b'"' + b"x" * 900 + b'"', b"1" * 900, b"x" * 900):
        outcomes = read(text + b"\n" + json.dumps(EVENT).encode(), limit=500)
        assert_that(
            [outcome.reason if isinstance(outcome, Rejected) else "" for outcome in outcomes],
            equal_to(["payload_too_large", ""]),
        )
