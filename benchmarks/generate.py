"""Analytics events to measure with: the same ones for the same seed, in the shape that browser libraries send.

Run with ``python -m benchmarks.generate --events 200000 events.ndjson`` to look at them. A line is 600 to 900 bytes;
60 % are track calls, 20 % page, 15 % identify, 5 % group, of 20,000 people.
"""

from __future__ import annotations

import argparse
import datetime
import pathlib
import random
from collections.abc import Iterator
from typing import Any

import orjson

__all__ = ["MAX_LINE_BYTES", "MIN_LINE_BYTES", "PEOPLE", "SHARES", "events", "write_files"]

PEOPLE = 20_000
#: Calls and their shares in percent.
SHARES = {"track": 60, "page": 20, "identify": 15, "group": 5}
MIN_LINE_BYTES = 600
MAX_LINE_BYTES = 900

# Long before now, so that a backfill holds none of them back.
_FIRST_SECOND = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
_SPAN_MS = 300 * 86_400_000

# Of the calls that a visitor makes before logging in, this part has no userId.
_ANONYMOUS_CALLS = ("track", "page")
_ANONYMOUS_SHARE = 0.25
# An odd number of 128 bits: makes ids that look random, one for each person.
_SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835

_USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
)
_EVENT_NAMES = ("Product Viewed", "Product Added", "Products Searched", "Checkout Started", "Order Completed")
_PRODUCTS = ("Monopoly: 3rd Edition", "Café crème", "Running shoes", "Trail jacket", "Standing desk", "Desk lamp")
_PAGES = ("Home", "Catalogue", "Product", "Basket", "Help")
_LOCALES = ("en-US", "en-GB", "de-DE", "fr-FR", "ja-JP")
_CITIES = ("San Francisco", "London", "Zürich", "Lyon", "東京")
_PLANS = ("free", "starter", "business", "enterprise")


def events(count: int, seed: int = 1) -> Iterator[bytes]:
    """Make events, one line of JSON each.

    Args:
        count: How many.
        seed: The same seed makes the same events.
    """
    rng = random.Random(seed)
    calls = rng.choices(list(SHARES), list(SHARES.values()), k=count)
    for number, call in enumerate(calls):
        yield orjson.dumps(_event(call, number, count, rng))


def write_files(folder: pathlib.Path, count: int, *, files: int = 4, seed: int = 1) -> list[pathlib.Path]:
    """Write events to files of about the same size.

    Args:
        folder: Where to; it exists.
        count: How many events in all.
        files: How many files.
        seed: The same seed makes the same events.

    Returns:
        The files' paths.
    """
    paths = [folder / f"events-{number:02d}.ndjson" for number in range(files)]
    lines = events(count, seed)
    for number, path in enumerate(paths):
        share = count * (number + 1) // files - count * number // files
        with path.open("wb") as file:
            file.writelines(next(lines) + b"\n" for _ in range(share))
    return paths


def _event(call: str, number: int, count: int, rng: random.Random) -> dict[str, Any]:
    person = rng.randrange(PEOPLE)
    moment_ms = _SPAN_MS * number // count + rng.randrange(60_000)
    path = f"/{rng.choice(_PAGES).lower()}/{rng.randrange(10_000)}"
    page = {
        "path": path,
        "referrer": "https://www.example.com/",
        "search": "?utm_source=newsletter" if rng.random() < 0.3 else "",
        "title": "The Example Shop",
        "url": f"https://shop.example.com{path}",
    }
    event: dict[str, Any] = {
        "type": call,
        "messageId": f"ajs-next-{rng.getrandbits(128):032x}",
        "anonymousId": f"{person * _SPREAD % 2**128:032x}",
        "userId": None if call in _ANONYMOUS_CALLS and rng.random() < _ANONYMOUS_SHARE else f"user-{person:05d}",
        "timestamp": _iso(moment_ms),
        "sentAt": _iso(moment_ms + 55),
        "integrations": {},
        "context": {
            "library": {"name": "analytics.js", "version": "next-1.84.3"},
            "locale": _LOCALES[person % len(_LOCALES)],
            "timezone": "Europe/Zurich",
            "userAgent": _USER_AGENTS[person % len(_USER_AGENTS)],
            "page": page,
        },
    }
    if call == "track":
        event["event"] = rng.choice(_EVENT_NAMES)
        event["properties"] = _properties(rng)
    elif call == "page":
        event["name"] = rng.choice(_PAGES)
        event["properties"] = page
    elif call == "identify":
        event["traits"] = _person(person, rng)
    else:
        event["groupId"] = f"company-{person % 500}"
        event["traits"] = _company(person % 500, rng)
    return event


def _properties(rng: random.Random) -> dict[str, Any]:
    properties = {
        "product_id": f"{rng.getrandbits(48):012x}",
        "sku": f"G-{rng.randrange(1000)}",
        "name": rng.choice(_PRODUCTS),
        "price": rng.randrange(1, 50_000) / 100,
        "quantity": rng.randrange(1, 5),
        "currency": "EUR",
        "coupon": None,
        "categories": ["shop", "summer"],
    }
    if rng.random() < 0.2:
        properties["delivery_date"] = f"2024-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
    return properties


def _person(person: int, rng: random.Random) -> dict[str, Any]:
    return {
        "email": f"person.{person:05d}@example.com",
        "firstName": "Zoë",
        "lastName": f"Example {person}",
        "createdAt": _iso(-86_400_000 * (person % 1000)),
        "plan": rng.choice(_PLANS),
        "logins": rng.randrange(500),
        "newsletter": rng.random() < 0.5,
        "address": {"city": rng.choice(_CITIES), "postalCode": "8001"},
    }


def _company(company: int, rng: random.Random) -> dict[str, Any]:
    return {
        "name": f"Company {company}",
        "industry": "Technology",
        "employees": rng.randrange(1, 5000),
        "plan": rng.choice(_PLANS),
        "created_at": _iso(-86_400_000 * company),
        "website": f"https://company-{company}.example.com",
    }


def _iso(offset_ms: int) -> str:
    moment = _FIRST_SECOND + datetime.timedelta(milliseconds=offset_ms)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def main() -> None:
    """Write one file of events."""
    parser = argparse.ArgumentParser(description="Write events to measure with.")
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with options.file.open("wb") as file:
        file.writelines(line + b"\n" for line in events(options.events, options.seed))


if __name__ == "__main__":
    main()
