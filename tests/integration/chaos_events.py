"""Seeded events for the chaos run: every person's life in order, the file in none."""

from __future__ import annotations

import datetime
import json
import pathlib
import random
from typing import Any

#: Refused by itself, and refused together with its whole batch: see the faults of the chaos run.
REFUSED, POISONED = "Refused Event", "Poisoned Event"

_BEGINNING = datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone.utc)


def write_events(path: pathlib.Path, *, events: int, people: int, seed: int = 4) -> dict[str, list[str]]:
    """Write the events as NDJSON, shuffled; return the message ids that can't be delivered, by event name."""
    rng = random.Random(seed)
    each = events // people
    lines = []
    guilty: dict[str, list[str]] = {REFUSED: [], POISONED: []}
    for person in range(people):
        time = _BEGINNING + datetime.timedelta(seconds=rng.randrange(10**6))
        for number in range(each):
            time += datetime.timedelta(seconds=rng.randint(1, 5000))
            event = _event(rng, person, number, each)
            event |= {
                "userId": f"user-{person}",
                "messageId": f"message-{person}-{number}",
                "timestamp": time.isoformat(),
            }
            if event.get("event") in guilty:
                guilty[event["event"]].append(event["messageId"])
            lines.append(json.dumps(event))
    rng.shuffle(lines)
    path.write_text("\n".join(lines) + "\n")
    return guilty


def _event(rng: random.Random, person: int, number: int, each: int) -> dict[str, Any]:
    if number in (0, each - 1):
        traits = {"email": f"user-{person}@example.com", "plan": rng.choice(["free", "team"]), "step": number}
        return {"type": "identify", "traits": traits}
    chance = rng.random()
    properties: dict[str, Any] = {"number": number, "text": "x" * rng.randint(100, 400)}
    if chance < 0.002:
        return {"type": "track", "event": "Large Event", "properties": {"text": "y" * 40_000}}
    if chance < 0.003:
        return {"type": "track", "event": POISONED, "properties": properties}
    if chance < 0.006:
        return {"type": "track", "event": REFUSED, "properties": properties}
    if chance < 0.2:
        return {"type": "page", "name": f"Page {number}", "properties": properties}
    return {"type": "track", "event": f"Step {number}", "properties": properties}
