"""From the bytes of a file on: every input event is mapped, filtered, or refused, and in one place alone."""

from __future__ import annotations

import json
from typing import Any

from hamcrest import assert_that, equal_to
from hypothesis import given, settings
from hypothesis import strategies as st

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event, Filtered, Rejected
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import read_events
from tests.mapping.strategies import EVENTS, JSON
from tests.reading.blocks import payloads
from tests.reading.compressions import COMPRESS

_texts = (EVENTS | JSON.filter(lambda value: not isinstance(value, (list, str)))).map(json.dumps)
_faulty = st.sampled_from(['{"a":NaN}', '{"type":"track","a":-Infinity}', r'{"a":"\ud83d"}', "[1]", '"text"', "null"])


def _form(name: str, texts: list[str]) -> str:
    if name == "lines":
        return "\n".join(texts)
    if name == "one after another":
        return " ".join(texts)
    array = f"[{','.join(texts)}]" if name != "array over lines" else "[\n" + "\n,".join(texts) + "\n]"
    return f'{{"context":{{}},"batch":{array},"sentAt":1700000000}}' if name == "envelope" else array


@settings(max_examples=60)
@given(
    st.lists(_texts | _faulty, min_size=1, max_size=8),
    st.sampled_from(["lines", "one after another", "array", "array over lines", "envelope"]),
    st.sampled_from(["", *COMPRESS]),
    st.integers(1, 100),
)
def test_every_event_of_a_file_has_one_outcome(texts: list[str], form: str, kind: str, size: int) -> None:
    if form in ("lines", "one after another"):  # there an array is its members
        texts = [text for text in texts if text != "[1]"] or ["{}"]
    data = _form(form, texts).encode()
    data = COMPRESS[kind](data) if kind else data
    outcomes: list[Any] = [outcome for payload in payloads(data, size=size) for outcome in read_events(payload)]
    assert_that(len(outcomes), equal_to(len(texts)))
    placed = sum(isinstance(outcome, (Filtered, Rejected)) or _is_placed(outcome) for outcome in outcomes)
    assert_that(placed, equal_to(len(texts)))


def _is_placed(event: Event) -> bool:
    try:
        mapped = map_event(event, MappingSettings())
    except InvalidEvent:
        return True
    return bool(mapped.operations) or bool(mapped.unsent)
