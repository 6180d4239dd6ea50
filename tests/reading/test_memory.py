"""Reading a payload of n bytes holds at most 30 n + 100 MB, whatever the payload.

For the longest payload, 10 MB, that is 40 n. What is measured here grows with n alone, so that small payloads show it.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from hamcrest import assert_that, less_than

from customerio_beam.reading.events import read_events
from customerio_beam.reading.files import read_file
from tests.reading.bombs import BOMBS, EVENT

_SIZE = 30_000
_BYTES_PER_BYTE = 38
_FIXED = 150_000


def peak(read: Iterator[object]) -> int:
    tracemalloc.start()
    try:
        for _ in read:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_payload_takes_no_more_memory_than_it_may(bomb: str) -> None:
    payload = BOMBS[bomb](_SIZE)
    assert_that(peak(read_events(payload)), less_than(_BYTES_PER_BYTE * len(payload) + _FIXED))


def _blocks(*parts: tuple[bytes, int]) -> Iterator[bytes]:
    """Yields each part as often as is said, without holding them."""
    for part, times in parts:
        for _ in range(times):
            yield part


_MB = 1 << 20
_MEMBERS = (EVENT + b',"text":"%b"},' % (b"x" * 4000)) * 250
FILES: dict[str, list[tuple[bytes, int]]] = {
    "one event": [(EVENT + b',"text":"', 1), (b"x" * _MB, 20), (b'"}', 1)],
    "one string that has no end": [(b'{"text":"', 1), (b"x" * _MB, 20)],
    "one word": [(b"x" * _MB, 20)],
    "one number": [(b"9" * _MB, 20)],
    "blanks": [(b" " * _MB, 20)],
    "opening brackets": [(b"[" * _MB, 20)],
    "an array on a line": [(b"[", 1), (_MEMBERS, 20), (EVENT + b"}]", 1)],
    "an array over lines": [(b"[\n", 1), (_MEMBERS.replace(b"},", b"},\n"), 20), (EVENT + b"}]", 1)],
    "an envelope whose defaults come last": [
        (b'{"batch":[', 1),
        (_MEMBERS, 20),
        (EVENT + b'}],"context":{"locale":"en"}}', 1),
    ],
    "an envelope with a context beyond all measure": [
        (b'{"context":{"text":"', 1),
        (b"x" * _MB, 20),
        (b'"},"batch":[' + EVENT + b"}]}", 1),
    ],
    "objects with nothing between": [(_MEMBERS.replace(b"},", b"}"), 20)],
    "objects over lines": [
        (b"{\n", 1),
        (_MEMBERS.replace(b"},", b"}\n")[1:], 1),
        (_MEMBERS.replace(b"},", b"}\n"), 20),
    ],
}


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_any_size_takes_the_same_memory(file: str) -> None:
    limit = 2_000_000
    assert_that(peak(read_file("f.json", _blocks(*FILES[file]), limit)), less_than(12_000_000))
