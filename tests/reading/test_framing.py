"""The first value decides whether each line of a text stands alone."""

from __future__ import annotations

import pytest
from hamcrest import assert_that, equal_to

from customerio_beam.reading.cursor import Cursor
from customerio_beam.reading.framing import is_in_lines
from tests.reading.blocks import blocks

EVENT = b'{"type":"track","event":"E"}\n'


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n \n",
        EVENT,
        EVENT * 3,
        b"\n\n" + EVENT,
        b"\xef\xbb\xbf" + EVENT,
        b"\x1e" + EVENT,
        EVENT.strip() * 2,
        EVENT.strip() + b'{"cut":\n' + EVENT,
        b"[" + EVENT.strip() + b"]\n" + EVENT,
        b'{"a":NaN}\n' + EVENT,
        b'{"a":}\n' + EVENT,
        b"hello\n" + EVENT,
        b"7\n" + EVENT,
        b'"text\n' + EVENT,
        b"}\n" + EVENT,
        b'{"type":"track","event":"cut o\n' + EVENT,
        b'{"type" "track",\n' + EVENT,
        b"{hello\n" + EVENT,
        # Cut between tokens: what follows would go on with the event, and then can't.
        b'{"type":"track","event":\n' + EVENT * 2,
        b'{"type":"track",\n' + EVENT,
        b'{"type":"track"\n' + EVENT,
        b'{"type":"track","event":',
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_each_line_stands_alone(text: bytes, size: int) -> None:
    cursor = Cursor(blocks(text, size))
    assert_that(is_in_lines(cursor, 1000), equal_to(True))
    assert_that(cursor.offset <= len(text) - len(text.lstrip(b"\xef\xbb\xbf\x1e\n ")), equal_to(True))


@pytest.mark.parametrize(
    "text",
    [
        b"[\n" + EVENT + b"]",
        b"[\n" + EVENT + b"," + EVENT + b"]",
        b"[\n" + EVENT + EVENT + b"]",  # damaged
        b"{\n" + EVENT[1:],
        b'{"type":\n"track"}\n' + EVENT,
        b'{"type":"track","properties":\n{"a":1}\n}\n{"type":"track"}\n',
        b'{"type":"track","properties":\n{"a":1}',
        b'{"batch":[\n' + EVENT + EVENT + b"]}",  # damaged
        b'{"type":"track",\n"properties":{}}}\n',  # damaged
        b'[{"type":"track"},\n{"type":"track"}]',
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_values_run_over_lines(text: bytes, size: int) -> None:
    assert_that(is_in_lines(Cursor(blocks(text, size)), 1000), equal_to(False))


def test_a_first_line_beyond_all_measure_stands_alone() -> None:
    text = b'{"text":"' + b"x" * (3 << 20) + b'",\n"a":1}'
    assert_that(is_in_lines(Cursor(blocks(text)), 1000), equal_to(True))
    assert_that(is_in_lines(Cursor(blocks(text)), 10 << 20), equal_to(False))
