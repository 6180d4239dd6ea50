"""Payloads that make as much as can be made of few bytes.

As a program it reads one of them, and prints by how many bytes the process grew meanwhile, and the outcomes' count.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable

from customerio_beam.reading.events import read_events

EVENT = b'{"type":"track","event":"E","userId":"u","timestamp":1700000000'


def _filled(before: bytes, unit: bytes, after: bytes) -> Callable[[int], bytes]:
    """Returns a function that makes a payload of a size, of a repeated unit between two ends."""
    return lambda size: before + unit * ((size - len(before) - len(after)) // len(unit)) + after


def _doubly_encoded(size: int) -> bytes:
    text = _filled(EVENT + b',"properties":{"a":[', b"{},", b"0]}}")(size // 4)
    for _ in range(3):
        text = json.dumps(text.decode()).encode()
    return text


def _keys(size: int) -> bytes:
    return EVENT + b',"properties":{"a":0%b}}' % b"".join(b',"%07x":0' % number for number in range(size // 12))


BOMBS: dict[str, Callable[[int], bytes]] = {
    "empty objects": _filled(b"[", b"{},", b"0]"),
    "members": _filled(b'{"batch":[', b"0,", b'0],"context":{"locale":"en"}}'),
    "events": _filled(b"[", EVENT + b"},", b"0]"),
    "events of an envelope": _filled(b'{"sentAt":7,"batch":[', b'{"type":"track"},', b"0]}"),
    "members with one large context": _filled(
        b'{"batch":[' + b'{"type":"track"},' * 1000 + b'0],"context":{"traits":[', b"{},", b"0]}}"
    ),
    "a context of small objects": _filled(b'{"batch":[0],"context":{"page":[', b'{"":0},', b"0]}}"),
    "properties of small objects": _filled(EVENT + b',"properties":{"a":[', b'{"":0},', b"0]}}"),
    "properties of small lists": _filled(EVENT + b',"properties":{"a":[', b"[],", b"0]}}"),
    "many keys": _keys,
    "many keys and no type": lambda size: _keys(size).replace(b'"type"', b'"detail"'),
    "fields of an object without a type": _filled(b'{"detail":7', b',"a":[]', b"}"),
    "objects in a wrapper": _filled(b'{"detail":' + EVENT + b',"properties":{"a":[', b'{"":0},', b"0]}}}"),
    "objects in a string": _doubly_encoded,
    "a string of escapes": _filled(EVENT + b',"properties":{"a":"', b"\\u00e9", b'"}}'),
    "a string of quotes": _filled(b'["', b'\\"', b'"]'),
    "a string that has no end": _filled(b'{"a":"', b'\\"', b""),
    "characters of four bytes": _filled(EVENT + b',"properties":{"a":"', "🚀".encode(), b'"}}'),
    "opening brackets": _filled(b"", b"[", b""),
    "levels": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
    "values": _filled(b"", b"0 ", b""),
    "objects with nothing between": _filled(b"", b"{}", b""),
    "not a number": _filled(b"[", b'{"a":NaN},', b"0]"),
    "halves of surrogate pairs": _filled(b"[", b'"\\ud83d",', b"0]"),
    "damaged objects": _filled(b"", b'{"a":}', b""),
    "damage behind small objects": _filled(EVENT + b',"properties":{"a":[', b'{"":0},', b"}]}}"),
    "not a number behind small objects": _filled(EVENT + b',"properties":{"a":[', b'{"":0},', b"NaN]}}"),
    "separators": _filled(b"", b"\x1e", b""),
    "byte order marks": _filled(b"", b"\xef\xbb\xbf", b"7"),
    "blanks": _filled(b"", b" ", b""),
    "digits": _filled(EVENT + b',"userId":', b"9", b"}"),
    "bytes": _filled(b"", b"\xff", b""),
}


def main() -> None:
    payload = BOMBS[sys.argv[1]](int(sys.argv[2]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = sum(1 for _ in read_events(payload))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print((after - before) * 1024, count)


if __name__ == "__main__":
    main()
