"""A sandbox that serves, and a client of it, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from customerio_beam.sandbox.server import RunningSandbox, running_sandbox

NOW = 1_800_000_000.0


class Client:
    """Sends operations to a sandbox, and reads it back."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.auth = ("site", "key")
        self.host, self.port = urlsplit(sandbox.url).hostname, urlsplit(sandbox.url).port

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        return self.session.request(method, self.sandbox.url + path, timeout=10, **arguments)

    def batch(self, *operations: Any) -> requests.Response:
        return self.call("POST", "/api/v2/batch", json={"batch": list(operations)})

    def read(self, path: str) -> Any:
        answer = self.call("GET", path)
        answer.raise_for_status()
        return answer.json()

    def people(self) -> list[dict[str, Any]]:
        return self.read("/people.json")["people"]

    def person(self, key: str) -> dict[str, Any]:
        return self.read(f"/people/{key}.json")["person"]

    def activity(self, query: str = "") -> list[dict[str, Any]]:
        return self.read(f"/activity.json{query}")["activity"]


@pytest.fixture
def client() -> Iterator[Client]:
    with running_sandbox(clock=lambda: NOW, sleep=lambda seconds: None) as sandbox:
        yield Client(sandbox)


def ulid(number: int) -> str:
    """Returns a ULID of its own for each number."""
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(digits[number >> 5 * place & 31] for place in range(25, -1, -1))


def event(number: int, name: str = "Clicked", *, action: str = "event", **fields: Any) -> dict[str, Any]:
    """Returns an event of the person u1, unless the fields say otherwise."""
    return {
        "type": "person",
        "action": action,
        "identifiers": {"id": "u1"},
        "id": ulid(number),
        "name": name,
        "timestamp": 1000 + number,
        **fields,
    }


def identify(attributes: dict[str, Any] | None = None, timestamp: int | None = 1000, **fields: Any) -> dict[str, Any]:
    """Returns an identify call of the person u1, unless the fields say otherwise."""
    operation = {"type": "person", "action": "identify", "identifiers": {"id": "u1"}, "attributes": attributes or {}}
    if timestamp is not None:
        operation["timestamp"] = timestamp
    return {**operation, **fields}


def person_operation(action: str, who: str = "u1", **fields: Any) -> dict[str, Any]:
    """Returns an operation about the person with an id."""
    return {"type": "person", "action": action, "identifiers": {"id": who}, **fields}
