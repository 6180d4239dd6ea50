"""Google's in-memory Pub/Sub server, run for a benchmark."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from google.cloud import pubsub_v1

from benchmarks.processes import program

__all__ = ["EMULATOR_VARIABLE", "LocalPubSub", "running_local_pubsub"]

#: Where Google's clients look for another server than Google's.
EMULATOR_VARIABLE = "PUBSUB_EMULATOR_HOST"

_LISTENING = "Pub/Sub listening on "


@dataclass(frozen=True)
class LocalPubSub:
    """A server with a topic and a subscription to it.

    Attributes:
        address: ``HOST:PORT``, for ``EMULATOR_VARIABLE``.
        topic: The topic's full name.
        subscription: The subscription's full name.
    """

    address: str
    topic: str = "projects/benchmark/topics/events"
    subscription: str = "projects/benchmark/subscriptions/events"


@contextlib.contextmanager
def running_local_pubsub() -> Iterator[LocalPubSub]:
    """Run a server on a free port of loopback.

    This process's own clients go there too for as long: the variable that they look at is set meanwhile.

    Raises:
        FileNotFoundError: The server has not been built.
        RuntimeError: It did not start.
    """
    with subprocess.Popen(
        [program("pubsub_server")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            if not line.startswith(_LISTENING):
                raise RuntimeError("the Pub/Sub server did not start")
            found = LocalPubSub(line.removeprefix(_LISTENING))
            with _environment(EMULATOR_VARIABLE, found.address):
                with pubsub_v1.PublisherClient() as publisher, pubsub_v1.SubscriberClient() as subscriber:
                    publisher.create_topic(name=found.topic)
                    subscriber.create_subscription(name=found.subscription, topic=found.topic)
                yield found
        finally:
            process.terminate()


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
