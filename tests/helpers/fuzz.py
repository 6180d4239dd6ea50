"""Fuzzed payloads: what a broken, careless or hostile sender may put on a line, from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["fuzzed_payloads", "ten_megabytes"]

_NAMES = ["Ordered", "Application Opened", "User Deleted", "Object Deleted", "Report Delivery Event", "", " ", "\u0000"]
_ODD: list[Any] = [
    None,
    True,
    [],
    {},
    "",
    " ",
    0,
    -1,
    1.5,
    2**64,
    10**300,
    -(2**80),
    1e308,
    "2024-05-06",
    "2024-02-30T00:00:00Z",
    "\u0000\u001f\u007f",
    "\u202eabc",
    "🚀" * 60,
    "x" * 1200,
    {"__proto__": {"a": 1}},
    [[], [[]], {"a": [None]}],
]
_FIELDS = [
    "type",
    "userId",
    "anonymousId",
    "groupId",
    "previousId",
    "messageId",
    "timestamp",
    "originalTimestamp",
    "sentAt",
    "traits",
    "properties",
    "context",
    "integrations",
    "event",
    "name",
]


def _event(rng: random.Random) -> dict[str, Any]:
    return {
        "type": rng.choice(["track", "identify", "page", "screen", "group", "alias"]),
        "userId": rng.choice(["u1", "cio_7", "ada@example.com", 7]),
        "anonymousId": "a-1",
        "groupId": "acme",
        "previousId": "old",
        "event": rng.choice(_NAMES),
        "name": "Home",
        "messageId": f"m-{rng.getrandbits(64)}",
        "timestamp": rng.choice(["2026-11-24T10:00:00.123Z", 1795514400, 1795514400123]),
        "traits": {"email": "ada@example.com", "createdAt": "2024-05-06", "n": rng.choice(_ODD)},
        "properties": {
            "total": rng.random(),
            "objectId": "o",
            "deliveryId": "d",
            "metric": "opened",
            "odd": rng.choice(_ODD),
        },
        "integrations": rng.choice([{}, {}, {}, {"All": False}, {"All": False, "customerio": True}]),
        "context": {"device": {"token": "t", "type": rng.choice(["ios", "android", "toaster"])}, "locale": "en"},
    }


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


def _odd_field(rng: random.Random) -> bytes:
    event = _event(rng)
    for _ in range(rng.randint(1, 3)):
        event[rng.choice(_FIELDS)] = rng.choice(_ODD)
    return _text(event)


def _random_bytes(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randint(0, 200))


def _truncated(rng: random.Random) -> bytes:
    text = _text(_event(rng))
    return text[: rng.randrange(len(text))]


def _mutated(rng: random.Random) -> bytes:
    text = bytearray(_text(_event(rng)))
    for _ in range(rng.randint(1, 4)):
        position = rng.randrange(len(text))
        change = rng.randrange(3)
        if change == 0:
            text[position] = rng.randrange(256)
        elif change == 1:
            del text[position]
        else:
            text[position:position] = rng.choice(
                [b"{", b"[", b'"', b"\\", b"\x00", b"\\ud83d", b"9" * 30, b"\xff", b","]
            )
    return bytes(text)


def _nested(rng: random.Random) -> bytes:
    levels = rng.choice([50, 238, 239, 240, 241, 253, 254, 255, 300, 700, 1024, 10_000])
    opening, closing = rng.choice([(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
    inner = opening * levels + b"1" + closing * levels
    field = rng.choice([b"traits", b"properties", b"context", b"integrations", b"name", b"userId"])
    return rng.choice(
        [
            inner,
            b'{"type":"identify","userId":"u1","timestamp":1795514400,"%b":%b}' % (field, inner),
            b'{"type":"track","event":"E","userId":"u1","timestamp":1795514400,"%b":{"a":%b}}' % (field, inner),
            b'{"batch":[{"type":"track","event":"E","userId":"u1","timestamp":1795514400},%b]}' % inner,
            opening * levels,
        ]
    )


def _huge_number(rng: random.Random) -> bytes:
    number = rng.choice(
        [b"9" * 400, b"-" + b"1" * 5000, b"1e999", b"-1e400", b"0." + b"3" * 500, b"1e-999", b"18446744073709551616"]
    )
    field = rng.choice([b"userId", b"timestamp", b"messageId", b"groupId", b"name"])
    return b'{"type":"group","groupId":"g","timestamp":1795514400,"traits":{"n":%b},"%b":%b}' % (number, field, number)


def _surrogates(rng: random.Random) -> bytes:
    escape = rng.choice(
        [rb"\ud83d", rb"\udc00", rb"\udc00\ud83d", rb"\ud83d\ude80", "\ud83d".encode("utf-8", "surrogatepass")]
    )
    return b'{"type":"track","event":"E%b","userId":"u1","timestamp":1795514400,"properties":{"%b":"%b"}}' % (
        (escape,) * 3
    )


def _duplicate_keys(rng: random.Random) -> bytes:
    text = _text(_event(rng))
    return text[:-1] + b',"userId":%b,"type":%b,"traits":{"a":1,"a":2}}' % (
        _text(rng.choice(_ODD)),
        rng.choice([b'"track"', b'"purchase"', b"1"]),
    )


def _many(rng: random.Random) -> bytes:
    members = [
        rng.choice([_event(rng), rng.choice(_ODD), {"type": "track"}, {**_event(rng), "userId": []}])
        for _ in range(rng.randint(0, 6))
    ]
    envelope = {"batch": members, rng.choice(["sentAt", "context", "integrations"]): rng.choice(_ODD)}
    return _text(rng.choice([members, envelope]))


def _wide(rng: random.Random) -> bytes:
    event = {**_event(rng), "type": rng.choice(["identify", "group"])}
    event["traits"] = {
        f"t{number}{'k' * (number % 160)}": "\x01" * (number * 9) for number in range(rng.randint(1, 150))
    }
    return _text(event)


_KINDS: list[tuple[Callable[[random.Random], bytes], int]] = [
    (_odd_field, 30),
    (_mutated, 20),
    (_truncated, 12),
    (_random_bytes, 12),
    (_many, 8),
    (_duplicate_keys, 6),
    (_surrogates, 5),
    (_huge_number, 4),
    (_nested, 2),
    (_wide, 1),
]
_MAKERS = [kind for kind, _ in _KINDS]
_WEIGHTS = [weight for _, weight in _KINDS]


def fuzzed_payloads(count: int, seed: int) -> Iterator[bytes]:
    """Yield ``count`` payloads; the same ones for the same seed."""
    rng = random.Random(seed)
    for maker in rng.choices(_MAKERS, _WEIGHTS, k=count):
        yield maker(rng)


def ten_megabytes() -> list[bytes]:
    """Return payloads with a string of 10 MB: as an attribute, a name, an identifier, and broken off."""
    long = b"x" * 10_000_000
    return [
        b'{"type":"identify","userId":"u1","timestamp":1795514400,"traits":{"bio":"%b"}}' % long,
        b'{"type":"track","userId":"u1","timestamp":1795514400,"event":"%b"}' % long,
        b'{"type":"track","userId":"%b","timestamp":1795514400,"event":"E"}' % long,
        b'{"type":"track","userId":"u1","timestamp":1795514400,"event":"%b' % long,
    ]
