"""Dead letters by reason, with an example or three."""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec

from customerio_beam.mapping import json_text
from customerio_beam.profile.attributes import Attributes, json_type
from customerio_beam.profile.masking import MAX_SHOWN_CHARS, masked_sentence, shown
from customerio_beam.profile.profile import Profile

__all__ = ["DeadLettersProfile", "Example", "Reason"]

_MAX_EXAMPLES: Final = 3


class Example(msgspec.Struct, frozen=True, order=True):
    """One dead letter.

    Attributes:
        file: The file that its event came from; empty for none.
        offset: Where the event begins, in bytes of the file's text.
        detail: What is wrong, as the report may show it.
        payload: The event, as the report may show it.
    """

    file: str
    offset: int
    detail: str
    payload: str


class Reason(msgspec.Struct):
    """The dead letters of one reason.

    Attributes:
        count: How many there are.
        examples: The first three, by file and offset.
    """

    count: int = 0
    examples: list[Example] = msgspec.field(default_factory=list)

    def wants(self, file: str, offset: int) -> bool:
        """Tell whether a dead letter is among the first three."""
        last = self.examples[-1] if len(self.examples) == _MAX_EXAMPLES else None
        return last is None or (file, offset) < (last.file, last.offset)

    def keep(self, examples: list[Example]) -> None:
        """Keep the first three of these and of those that are kept."""
        self.examples = sorted([*self.examples, *examples])[:_MAX_EXAMPLES]


class DeadLettersProfile(Profile):
    """Dead letters that the run would write.

    Attributes:
        shows_values: Whether examples keep the events' values.
        reasons: Each reason's, by its code.
        long_attributes: Attributes over Customer.io's limits, which are not sent.
    """

    shows_values: bool = False
    reasons: dict[str, Reason] = msgspec.field(default_factory=dict)
    long_attributes: Attributes = msgspec.field(default_factory=Attributes)

    def add(self, element: bytes) -> None:
        """Count a record."""
        record: dict[str, Any] = json_text.loads(element)
        reason = self.reasons.setdefault(record["reason"], Reason())
        reason.count += 1
        attribute = record.get("attribute")
        if attribute is not None:
            long = self.long_attributes.named(attribute["name"])
            long.add(json_type(attribute["value"]), attribute["size"], is_over=True)
        source = record.get("source") or {}
        file, offset = source.get("file", ""), source.get("offset", -1)
        if reason.wants(file, offset):
            payload = shown(_payload(record), shows_values=self.shows_values)
            detail = record["detail"] if self.shows_values else masked_sentence(record["detail"])
            reason.keep([Example(file, offset, detail[:MAX_SHOWN_CHARS], payload)])

    def merge(self, other: DeadLettersProfile) -> None:
        """Add the dead letters of another part of the input."""
        for code, found in other.reasons.items():
            reason = self.reasons.setdefault(code, Reason())
            reason.count += found.count
            reason.keep(found.examples)
        self.long_attributes.merge(other.long_attributes)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(reason.count for reason in self.reasons.values())


def _payload(record: dict[str, Any]) -> bytes:
    if "payload_base64" in record:
        return base64.b64decode(record["payload_base64"])
    text: str = record["payload"]
    return text.encode()
