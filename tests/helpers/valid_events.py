"""Valid events of every kind, from a seed: each is delivered whole."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["valid_events"]

_FIRST_SECOND = 1_700_000_000
_WORDS = ["lamp", "desk", "Zoë", "漢字", "🚀", "a.b", "plan", "city", "__proto__", "total", "2024-05-06", "note"]
_SPECIAL = [
    "Application Installed",
    "Application Opened",
    "Application Uninstalled",
    "Device Created or Updated",
    "Device Deleted",
    "User Deleted",
    "User Suppressed",
    "User Unsuppressed",
    "Object Deleted",
    "Relationship Deleted",
    "Report Delivery Event",
    "Delete Person",
]


def _value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(10 if depth < 3 else 8)
    if kind < 3:
        return rng.choice(_WORDS) * rng.randint(0, 4)
    if kind < 8:
        return rng.choice([None, True, rng.random() * 1e6, rng.randint(-(2**70), 2**70), "2026-11-24T10:00:00.5+01:00"])
    if kind == 8:
        return [_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return _fields(rng, 3, depth + 1)


def _fields(rng: random.Random, most: int, depth: int = 0) -> dict[str, Any]:
    return {f"{rng.choice(_WORDS)}{rng.randrange(90)}": _value(rng, depth) for _ in range(rng.randint(0, most))}


def _person(rng: random.Random) -> dict[str, Any]:
    number = rng.randrange(500)
    user = rng.choice([f"user-{number}", number, f"p{number}@example.com", f"cio_{number:08x}"])
    return rng.choice([{"userId": user}, {"userId": user, "anonymousId": f"visitor-{number}"}])


def _someone(rng: random.Random) -> dict[str, Any]:
    return rng.choice([_person(rng), {"anonymousId": f"visitor-{rng.randrange(500)}", "userId": None}])


def _track(rng: random.Random) -> dict[str, Any]:
    return {**_someone(rng), "event": rng.choice(_WORDS) * rng.randint(1, 40), "properties": _fields(rng, 8)}


def _special(rng: random.Random) -> dict[str, Any]:
    device = {"token": f"t-{rng.randrange(99)}", "type": rng.choice(["ios", "android", "iPadOS"]), "model": "M 1"}
    properties = {
        "objectId": rng.randrange(99),
        "deliveryId": f"d-{rng.randrange(99)}",
        "metric": rng.choice(["opened", "clicked", "bounced"]),
        **rng.choice([{}, {"recipient": "ada@example.com", "reason": "full"}, {"recipient": "+41446681800"}]),
    }
    context = {"device": device, "os": {"version": "17.2"}, "app": {"version": "3.1"}, "locale": "en-GB"}
    if rng.random() < 0.3:
        properties["device"] = context.pop("device")
    return {
        **_person(rng),
        "type": "track",
        "event": rng.choice(_SPECIAL),
        "properties": properties,
        "context": context,
    }


def _page(rng: random.Random) -> dict[str, Any]:
    url = "https://shop.example/" + "p" * rng.randrange(150)
    named = rng.choice([{"name": rng.choice(_WORDS)}, {"category": "Docs"}, {}])
    return {**_someone(rng), **named, "properties": {**_fields(rng, 5), "url": url}}


def _screen(rng: random.Random) -> dict[str, Any]:
    return {**_someone(rng), rng.choice(["name", "event"]): rng.choice(_WORDS), "properties": _fields(rng, 5)}


def _identify(rng: random.Random) -> dict[str, Any]:
    traits = {
        **_fields(rng, rng.choice([3, 8, 90])),
        **rng.choice([{}, {"createdAt": "2024-05-06"}, {"created_at": 1714979289}, {"_update": True}]),
        **rng.choice([{}, {"objectId": "acme", "relationshipAttributes": {"role": "owner"}}]),
        **rng.choice([{}, {"unsubscribed": True}, {"cio_subscription_preferences": {"topics": {"topic_1": True}}}]),
    }
    return {**rng.choice([_person(rng), {}]), "traits": {**traits, "email": f"p{rng.randrange(500)}@example.com"}}


def _group(rng: random.Random) -> dict[str, Any]:
    traits = {
        **_fields(rng, 50),
        "name": "Acme",
        **rng.choice([{}, {"objectTypeId": 2}, {"objectAttributes": {"a": 1}}]),
    }
    return {**rng.choice([_someone(rng), {}]), "groupId": rng.randrange(99), "traits": traits}


def _alias(rng: random.Random) -> dict[str, Any]:
    return {**_person(rng), "previousId": f"lead-{rng.randrange(99)}"}


_MAKERS: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "track": _track,
    "page": _page,
    "screen": _screen,
    "identify": _identify,
    "group": _group,
    "alias": _alias,
}


def valid_events(count: int, seed: int) -> Iterator[bytes]:
    """Yield ``count`` events as JSON; the same ones for the same seed."""
    rng = random.Random(seed)
    for number in range(count):
        call = rng.choice(list(_MAKERS))
        fields = _special(rng) if call == "track" and rng.random() < 0.5 else _MAKERS[call](rng)
        seconds = _FIRST_SECOND + rng.randrange(90_000_000)
        time = rng.choice([seconds, seconds * 1000 + 123, "2026-11-24T10:00:00.123+01:00"])
        event = {"type": call, "messageId": f"m-{seed}-{number}", "timestamp": time, **fields}
        yield json.dumps(event, ensure_ascii=False).encode("utf-8")
