"""A person, and the changes of one that need nobody else to be known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from customerio_beam.sandbox.rules.attributes import Attributes, Timed, is_unsubscribed, values
from customerio_beam.sandbox.rules.identifiers import Identifier

ObjectKey = tuple[str, str]
"""An object's type id and its own id."""

MERGED_HISTORY_SECONDS = 30 * 24 * 3600
"""How much of the secondary's event history a merge moves, in seconds (published for `merge_customers`)."""


class Person(msgspec.Struct, gc=False):
    """One person of the workspace. Never part of a cycle: not looked at for garbage.

    Attributes:
        key: The sandbox's own number.
        cio_id: Customer.io's unchangeable identifier.
        id: The identifier the sender assigned, if any.
        email: The email address as it was sent, if any.
        attributes: All attributes by name, with the time each was set.
        devices: Devices by token.
        relationships: The attributes of the relationship to each object.
        state: `active`, `deleted`, `merged` or `suppressed`; only an active person can be found.
        last_seen: The newest activity, in unix seconds.
    """

    key: int
    cio_id: str
    id: str | None = None
    email: str | None = None
    attributes: Attributes = msgspec.field(default_factory=dict)
    devices: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    relationships: dict[ObjectKey, dict[str, Any]] = msgspec.field(default_factory=dict)
    state: str = "active"
    last_seen: int | None = None

    @property
    def subscribed(self) -> bool:
        """Whether the person may be messaged: everybody who did not unsubscribe."""
        current = self.attributes.get("unsubscribed")
        return current is None or not is_unsubscribed(current.value)

    def identifiers(self) -> list[Identifier]:
        """Returns every identifier the person can be found by."""
        found = [Identifier("cio_id", self.cio_id)]
        if self.id is not None:
            found.append(Identifier("id", self.id))
        if self.email is not None:
            found.append(Identifier("email", self.email.lower()))
        return found

    def name(self) -> dict[str, str]:
        """Returns the identifiers by kind, as the JSON answers give them."""
        named = {"id": self.id, "email": self.email, "cio_id": self.cio_id}
        return {kind: value for kind, value in named.items() if value is not None}

    def described(self, relationships: Mapping[ObjectKey, Mapping[str, Any]]) -> dict[str, Any]:
        """Returns the person, with its relationships, as the JSON answers give one; no clock of the sandbox's own."""
        return {
            "id": self.id,
            "email": self.email,
            "cio_id": self.cio_id,
            "subscribed": self.subscribed,
            "attributes": values(self.attributes),
            "attribute_times": {name: timed.time for name, timed in self.attributes.items() if timed.value is not None},
            "devices": list(self.devices.values()),
            "relationships": [
                {"object_type_id": kind, "object_id": name, "relationship_attributes": attributes}
                for (kind, name), attributes in relationships.items()
            ],
            "last_seen": self.last_seen,
        }

    def to_record(self) -> dict[str, Any]:
        """Returns what the database keeps, as what is JSON to msgspec."""
        return {
            "cio_id": self.cio_id,
            "id": self.id,
            "email": self.email,
            "attributes": self.attributes,
            "devices": self.devices,
            "relationships": [[*key, attributes] for key, attributes in self.relationships.items()],
            "state": self.state,
        }

    @classmethod
    def from_record(cls, key: int, record: Mapping[str, Any]) -> Person:
        """Makes a person of what `to_record` returned."""
        return cls(
            key=key,
            cio_id=record["cio_id"],
            id=record["id"],
            email=record["email"],
            attributes={name: Timed(*timed) for name, timed in record["attributes"].items()},
            devices=record["devices"],
            relationships={(kind, name): attributes for kind, name, attributes in record["relationships"]},
            state=record["state"],
        )


def make_cio_id(first: Identifier, taken: Callable[[str], bool]) -> str:
    """Makes a `cio_id`: the same for the same person in every run, never one that is or was in use."""
    generation = 0
    while True:
        text = f"{first.kind}:{first.value}:{generation}".encode("utf-8", "surrogatepass")
        made = hashlib.blake2b(text, digest_size=6).hexdigest()
        if not taken(made):
            return made
        generation += 1


def merge_profile(primary: Person, secondary: Person) -> None:
    """Gives the primary what it lacks of the secondary: attributes, devices, relationships. Both stay two persons."""
    for name, timed in secondary.attributes.items():
        current = primary.attributes.get(name)
        if timed.value is not None and (current is None or current.value is None):
            primary.attributes[name] = timed
    for token, device in secondary.devices.items():
        primary.devices.setdefault(token, device)
    for key, attributes in secondary.relationships.items():
        primary.relationships[key] = {**attributes, **primary.relationships.get(key, {})}
