"""Google's in-memory Pub/Sub server (pstest), reached by the real clients through ``PUBSUB_EMULATOR_HOST``."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google.cloud import pubsub_v1

from tests.integration.processes import printed, running
from tests.integration.tools import tool

__all__ = ["PubSub", "running_pubsub"]

_EMULATOR_VARIABLE = "PUBSUB_EMULATOR_HOST"
_PROJECT = "projects/integration-test"


@dataclass
class PubSub:
    """A Pub/Sub server with a topic for events and one for dead letters, each with a subscription."""

    publisher: Any
    subscriber: Any
    events_topic: str = f"{_PROJECT}/topics/events"
    events_subscription: str = f"{_PROJECT}/subscriptions/events"
    dead_letter_topic: str = f"{_PROJECT}/topics/dead-letters"
    dead_letter_subscription: str = f"{_PROJECT}/subscriptions/dead-letters"

    def publish(self, payloads: Iterable[bytes]) -> None:
        """Publishes events, and returns when the server has them all."""
        for future in [self.publisher.publish(self.events_topic, payload) for payload in payloads]:
            future.result(timeout=30)

    def pull_dead_letters(self) -> list[Any]:
        """Returns (and acknowledges) the messages on the dead letters' subscription."""
        found: list[Any] = []
        while received := self._pull():
            self.subscriber.acknowledge(
                subscription=self.dead_letter_subscription, ack_ids=[each.ack_id for each in received]
            )
            found += [each.message for each in received]
        return found

    def _pull(self) -> list[Any]:
        answer = self.subscriber.pull(subscription=self.dead_letter_subscription, max_messages=1000, timeout=10)
        return list(answer.received_messages)


@contextlib.contextmanager
def running_pubsub(folder: pathlib.Path) -> Iterator[PubSub]:
    """Runs a server on a free port.

    Args:
        folder: Where its log goes.
    """
    log = folder / "pubsub.log"
    with running([tool("pubsub_server")], log), pytest.MonkeyPatch.context() as patch:
        address = printed(log, r"Pub/Sub listening on (\S+)")
        # The clients of this process, and those of its children.
        patch.setenv(_EMULATOR_VARIABLE, address)
        with pubsub_v1.PublisherClient() as publisher, pubsub_v1.SubscriberClient() as subscriber:
            found = PubSub(publisher, subscriber)
            for topic, subscription in (
                (found.events_topic, found.events_subscription),
                (found.dead_letter_topic, found.dead_letter_subscription),
            ):
                publisher.create_topic(name=topic)
                subscriber.create_subscription(name=subscription, topic=topic)
            yield found
