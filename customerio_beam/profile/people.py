"""How many different people there are: exact, by a set of hashes for each of many shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.mapping import json_text
from customerio_beam.mapping.person import KEY_BYTES, identifiers_key
from customerio_beam.profile.profile import Profile

__all__ = ["PeopleCounts", "PeopleSet", "count_people"]

#: What is known of a person or visitor, as bits of a byte.
_IDENTIFIED: Final = 1
_VISITOR: Final = 2
_CLAIMED: Final = 4

_RECORD_BYTES: Final = KEY_BYTES + 1
#: Ten million people make shards of 40,000.
_SHARDS: Final = 256


class PeopleCounts(Profile):
    """How many people there are.

    Attributes:
        identified: People with an id, an email or a phone number. One who has several of these counts as several, as
            in the Track API.
        visitors: Anonymous visitors.
        joinable: Those of them whom an identify call or an alias of the input claims.
    """

    identified: int = 0
    visitors: int = 0
    joinable: int = 0

    def merge(self, other: PeopleCounts) -> None:
        """Add the people of another shard."""
        self.identified += other.identified
        self.visitors += other.visitors
        self.joinable += other.joinable


class PeopleSet:
    """The people of some operations, gathered until there are enough for a block."""

    def __init__(self) -> None:
        self._people: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._people)

    def add(self, element: KeyedOperation) -> None:
        """Note the people of an operation."""
        operation: dict[str, Any] = json_text.loads(element[1][1])
        if operation["type"] == "person":
            self._note(operation.get("identifiers") or operation.get("primary"))
        elif operation["type"] == "object":
            for entry in operation.get("cio_relationships") or ():
                self._note(entry["identifiers"])

    def add_claim(self, element: KeyedOperation) -> None:
        """Note the visitor of a claim (``MapResult.claims``)."""
        self._set(element[0], _CLAIMED)

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield ``(shard, block)``, and begin again with nothing."""
        shards: dict[int, bytearray] = {}
        for key, bits in self._people.items():
            block = shards.setdefault(key[0] % _SHARDS, bytearray())
            block += key
            block.append(bits)
        self._people = {}
        for shard, block in shards.items():
            yield shard, bytes(block)

    def _note(self, identifiers: Any) -> None:
        if isinstance(identifiers, dict) and identifiers and "object_id" not in identifiers:
            bit = _VISITOR if "anonymous_id" in identifiers else _IDENTIFIED
            self._set(identifiers_key(identifiers), bit)

    def _set(self, key: bytes, bit: int) -> None:
        self._people[key] = self._people.get(key, 0) | bit


def count_people(blocks: Iterable[bytes]) -> PeopleCounts:
    """Count the people of a shard, each once.

    Args:
        blocks: All blocks of the shard.
    """
    people: dict[bytes, int] = {}
    for block in blocks:
        for start in range(0, len(block), _RECORD_BYTES):
            key = block[start : start + KEY_BYTES]
            people[key] = people.get(key, 0) | block[start + KEY_BYTES]
    found = list(people.values())
    return PeopleCounts(
        sum(bool(bits & _IDENTIFIED) for bits in found),
        sum(bool(bits & _VISITOR) for bits in found),
        sum(bits & (_VISITOR | _CLAIMED) == _VISITOR | _CLAIMED for bits in found),
    )
