"""What a case is, and the short forms that keep the tables readable."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from customerio_beam.mapping.settings import MappingSettings

__all__ = [
    "ANONYMOUS",
    "ID",
    "NOW",
    "TIME",
    "Case",
    "FilteredOut",
    "Operations",
    "Refused",
    "about",
    "event",
    "identified",
    "operation",
]

#: When the cases' events happened, and the same in unix seconds.
TIME = "2026-11-24T10:00:00Z"
NOW = 1795514400
#: The ULID of message ``m-1`` at ``TIME``; ``tests/mapping/test_ulid.py`` checks it against another implementation.
ID = "01M86FYZ80GN1ZQCHKBEY8FWP7"
#: What every event of ``event()`` has.
ENVELOPE = {"messageId": "m-1", "timestamp": TIME}

ANONYMOUS = {"anonymous_id": "a-1"}


@dataclass(frozen=True)
class Operations:
    """These operations, byte for byte.

    Attributes:
        operations: In their order, keys in theirs.
        unsent: The reasons of the parts that can't be sent.
    """

    operations: tuple[dict[str, Any], ...]
    unsent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """A dead letter with this reason."""

    reason: str


@dataclass(frozen=True)
class FilteredOut:
    """Opted out: counted, and neither delivered nor dead-lettered."""


Outcome = Operations | Refused | FilteredOut


@dataclass(frozen=True)
class Case:
    """One rule with an example.

    Attributes:
        rule: What the example shows, as one phrase.
        payload: The input as JSON text, or as bytes where it is no JSON.
        outcomes: One an event, in the events' order.
        settings: The job's choices.
        source_time_ms: The time that the source gives the payload, in unix milliseconds.
        shown: Whether the documentation prints the example.
    """

    rule: str
    payload: str | bytes
    outcomes: tuple[Outcome, ...]
    settings: MappingSettings = field(default_factory=MappingSettings)
    source_time_ms: int | None = None
    shown: bool = True


def about(
    rule: str,
    payload: Any,
    *outcomes: Outcome | dict[str, Any] | str,
    shown: bool = True,
    source_time_ms: int | None = None,
    **settings: Any,
) -> Case:
    """Write a case in one line: an outcome is an operation, or the reason of a dead letter."""
    return Case(
        rule,
        payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False),
        tuple(map(_outcome, outcomes)),
        MappingSettings(**settings),
        source_time_ms,
        shown,
    )


def _outcome(short: Outcome | dict[str, Any] | str) -> Outcome:
    if isinstance(short, dict):
        return Operations((short,))
    return Refused(short) if isinstance(short, str) else short


def event(call: str, **fields: Any) -> dict[str, Any]:
    """Make an event of message ``m-1`` at ``TIME``. A field that is ``...`` is left out."""
    event = {"type": call, **ENVELOPE, **fields}
    return {name: value for name, value in event.items() if value is not ...}


def operation(action: str, person: dict[str, str], name: str, /, **attributes: Any) -> dict[str, Any]:
    """Make the ``event``, ``page`` or ``screen`` operation of ``event()``."""
    return {
        "type": "person",
        "action": action,
        "identifiers": person,
        "id": ID,
        "name": name,
        "timestamp": NOW,
        "attributes": attributes,
    }


def identified(person: dict[str, str], /, **attributes: Any) -> dict[str, Any]:
    """Make the ``identify`` operation of ``event()``."""
    return {
        "type": "person",
        "action": "identify",
        "identifiers": person,
        "timestamp": NOW,
        "attributes": attributes,
    }
