"""Fuzzed files, from a seed: names of a nasty alphabet, every compression under every suffix, cut, doubled, spoiled."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.reading.compressions import COMPRESS

_ALPHABET = [*"[]*?{}!\\'\"$&|;<> \n\t~#%+,:=@^`()._-aZ0", "é", "🚀", "\u202e", "\udcff"]
_SUFFIXES = [
    "",
    ".json",
    ".ndjson",
    ".gz",
    ".GZ",
    ".json.Gz",
    ".bz2",
    ".xz",
    ".zst",
    ".ZSTD",
    ".lzma",
    ".deflate",
    ".parquet",
]
_SEPARATORS = ["\n", "\r\n", "\n\n", "", " ", "\x1e", "\n\x1e"]


@dataclass(frozen=True)
class FuzzedFile:
    """A file, and what is known of it.

    Attributes:
        folder: The name of its folder.
        name: Its name.
        data: Its bytes.
        text: Its text, where its bytes still have one.
        events: The message ids in the text, where it is whole.
        compression: How it is compressed; empty where it is plain.
        change: What was done to its bytes; empty for nothing.
    """

    folder: str
    name: str
    data: bytes
    text: bytes
    events: list[str]
    compression: str
    change: str


def fuzzed_file(seed: int) -> FuzzedFile:
    rng = random.Random(seed)
    events = [f"m-{number}" for number in range(rng.choice([0, 1, 2, 5, 40]))]
    text = _text(rng, [_event(rng, event) for event in events]).encode()
    compression = rng.choice(["", *COMPRESS])
    data = COMPRESS[compression](text) if compression else text
    change = rng.choice(["", "", "cut", "doubled", "padded", "spoiled", "with rubbish behind"])
    if change == "doubled":
        data, text, events = data * 2, text * 2, events * 2
    elif change:
        data = _CHANGES[change](rng, data)
        text, events = (text if compression else data), (events if change == "padded" and compression else [])
    suffix = rng.choice(_SUFFIXES)
    return FuzzedFile(_name(rng), _name(rng) + suffix, data, text, events, compression, change)


def _name(rng: random.Random) -> str:
    name = "".join(rng.choices(_ALPHABET, k=rng.randint(1, 12)))
    return f"x{name}" if name.startswith((".", "_", "~")) else name


def _event(rng: random.Random, message_id: str) -> str:
    properties = {"".join(rng.choices('ab"\\{}[]é\n\u2028', k=4)): rng.choice([1, None, "]}", [{}], "🚀" * 9])}
    event = {"type": "track", "event": "E", "userId": "u", "timestamp": 1700000000, "messageId": message_id}
    return json.dumps({**event, "properties": properties}, ensure_ascii=rng.random() < 0.5)


def _text(rng: random.Random, events: list[str]) -> str:
    form = rng.randrange(6)
    if form < 3 or not events:
        return rng.choice(["", "\ufeff"]) + rng.choice(_SEPARATORS).join(events) + rng.choice(["", "\n"])
    if form == 3:
        return "[" + ",".join(events) + "]"
    if form == 4:
        return "[\n" + ",\n".join(events) + "\n]\n"
    return "\n".join(event.replace("{", "{\n ", 1) for event in events) + "\n"


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))] if data else data


def _spoil(rng: random.Random, data: bytes) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


_CHANGES: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "cut": _cut,
    "padded": lambda rng, data: data + bytes(rng.choice([1, 3, 512])),
    "spoiled": _spoil,
    "with rubbish behind": lambda rng, data: (
        data + rng.choice([b"rubbish", b"\x00\x01", b"{", rng.randbytes(9) + b"\x02"])
    ),
}
