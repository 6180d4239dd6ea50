"""A seeded set of events with disorder, repeats and broken ones, and what a workspace must show in the end."""

from __future__ import annotations

import datetime
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from hamcrest import assert_that, equal_to

__all__ = ["EventSet", "make_events"]

#: Older than the 72 hours within which a backfill holds events back.
_BEGINNING = datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone.utc)
_BROKEN = {
    b'{"type": "track", "event": ': "invalid_json",
    b'["not an event"]': "not_an_object",
    b'{"type": "poke", "userId": "u1"}': "unknown_type",
    b'{"type": "track", "userId": "u1", "timestamp": "2024-03-01T00:00:00Z"}': "missing_event_name",
    b'{"type": "page", "name": "P", "timestamp": "2024-03-01T00:00:00Z"}': "missing_identity",
}


@dataclass
class EventSet:
    """Events, and what is to become of them.

    Attributes:
        payloads: As they arrive: shuffled, some of them twice.
        activity: Each event's name and its person, which must show up exactly once.
        attributes: Each person's attributes.
        broken: How many events end as dead letters, by reason.
    """

    payloads: list[bytes] = field(default_factory=list)
    activity: Counter[tuple[str, str]] = field(default_factory=Counter)
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    broken: Counter[str] = field(default_factory=Counter)

    def lines(self) -> bytes:
        """Returns the payloads as NDJSON."""
        return b"".join(payload + b"\n" for payload in self.payloads)

    def parts(self, count: int) -> Iterator[bytes]:
        """Returns the payloads as so many NDJSON files."""
        for start in range(count):
            yield b"".join(payload + b"\n" for payload in self.payloads[start::count])

    def messages(self, members: int = 10) -> Iterator[bytes]:
        """Returns the payloads in every form that a message may have: alone, in an envelope, in an array.

        Args:
            members: How many events an envelope or an array has.
        """
        events = [payload for payload in self.payloads if payload not in _BROKEN]
        yield from (payload for payload in self.payloads if payload in _BROKEN)
        forms = itertools.cycle(((b"", b"", 1), (b'{"batch":[', b"]}", members), (b"[", b"]", members)))
        rest = iter(events)
        while taken := list(itertools.islice(rest, (form := next(forms))[2])):
            yield form[0] + b",".join(taken) + form[1]

    def is_complete(self, sandbox_url: str) -> bool:
        """Whether the workspace has all events by now."""
        try:
            self.check(sandbox_url)
        except AssertionError:
            return False
        return True

    def check(self, sandbox_url: str) -> None:
        """Checks that the workspace has all events, each once, and the attributes of the newest identify calls."""
        assert_that(_activity(sandbox_url) - self.activity, equal_to(Counter()), "activity doubled or invented")
        assert_that(self.activity - _activity(sandbox_url), equal_to(Counter()), "activity lost")
        people = _read(sandbox_url, "people")
        found = {person["id"]: {"step": person["attributes"].get("step")} for person in people}
        assert_that(found, equal_to(self.attributes))


def make_events(count: int, *, people: int = 100, repeated: int = 0, broken: int = 0, seed: int = 5) -> EventSet:
    """Makes a set of events.

    Args:
        count: Good ones.
        people: How many people do something.
        repeated: How many of the good ones come a second time.
        broken: How many there are that can't be delivered.
        seed: Another seed gives other events.
    """
    rng = random.Random(seed)
    found = EventSet()
    for number in range(count):
        person = f"person-{number % people}"
        time = _BEGINNING + datetime.timedelta(seconds=number)
        event: dict[str, Any] = {"userId": person, "messageId": f"message-{number}", "timestamp": time.isoformat()}
        if number < people or rng.random() < 0.2:
            event |= {"type": "identify", "traits": {"step": number}}
            found.attributes[person] = {"step": number}
        elif rng.random() < 0.3:
            event |= {"type": "page", "name": f"Page {number}", "properties": {"url": "https://example.com/é"}}
            found.activity[f"Page {number}", person] += 1
        else:
            event |= {"type": "track", "event": f"Event {number}", "properties": {"number": number}}
            found.activity[f"Event {number}", person] += 1
        found.payloads.append(json.dumps(event).encode())
    found.payloads += rng.choices(found.payloads, k=repeated)
    for payload, reason in itertools.islice(itertools.cycle(_BROKEN.items()), broken):
        found.payloads.append(payload)
        found.broken[reason] += 1
    rng.shuffle(found.payloads)
    return found


def _activity(sandbox_url: str) -> Counter[tuple[str, str]]:
    return Counter((row["name"], row["person"]["id"]) for row in _read(sandbox_url, "activity"))


def _read(sandbox_url: str, name: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{sandbox_url}/{name}.json?limit=1000000", timeout=30)
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()[name]
    return rows
