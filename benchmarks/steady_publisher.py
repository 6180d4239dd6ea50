"""Publishes events to a topic at a steady rate, and keeps when each of them was published."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import orjson
from google.cloud import pubsub_v1

from benchmarks.generate import events

__all__ = ["SteadyPublisher", "numbered_events"]

#: How long the client gathers messages for one call, in seconds.
_GATHER_SECS = 0.01
#: How often the schedule is looked at, in seconds.
_TICK_SECS = 0.005


def numbered_events(count: int) -> Iterator[bytes]:
    """Make track and page calls whose operations carry the event's number, from 0, as the attribute ``number``.

    The sandbox's activity log shows when it received each of them; it does not show identify and group calls.

    Args:
        count: How many.
    """
    calls = (event for event in map(orjson.loads, events(2 * count)) if event["type"] in ("track", "page"))
    for number, event in enumerate(itertools.islice(calls, count)):
        event["properties"]["number"] = number
        yield orjson.dumps(event)


class SteadyPublisher:
    """Publishes numbered events; the next one is due a fixed time after the last, however long that one took.

    Attributes:
        moments: When each event was handed to Pub/Sub's client, in unix seconds, by the event's number.
    """

    def __init__(self, topic: str, events_per_second: float, max_secs: float) -> None:
        """Begin at the first call of a method.

        Args:
            topic: The topic's full name.
            events_per_second: The rate.
            max_secs: For how long there are events, in seconds.
        """
        self.moments: list[float] = []
        self._topic = topic
        self._rate = events_per_second
        self._events = numbered_events(int(events_per_second * max_secs))
        self._client = pubsub_v1.PublisherClient(pubsub_v1.types.BatchSettings(max_latency=_GATHER_SECS))
        self._began: float | None = None

    def publish_for(self, secs: float) -> None:
        """Publish for some seconds."""
        self._publish_while(lambda: True, time.time() + secs)

    def publish_until(self, holds: Callable[[], bool], secs: float) -> None:
        """Publish until something is so.

        Args:
            holds: Asked again and again.
            secs: For how long.

        Raises:
            TimeoutError: It was not so in time.
        """
        self._publish_while(lambda: not holds(), time.time() + secs)
        if not holds():
            raise TimeoutError(f"no event was accepted within {secs:g} seconds")

    def close(self) -> None:
        """Send what the client still holds, and end it."""
        self._client.stop()

    def _publish_while(self, holds: Callable[[], bool], end: float) -> None:
        if self._began is None:
            self._began = time.time()
        while (now := time.time()) < end and holds():
            while len(self.moments) < (now - self._began) * self._rate:
                self.moments.append(time.time())
                self._client.publish(self._topic, next(self._events))
            time.sleep(_TICK_SECS)
