"""What one request changes, collected while its operations are applied and written in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from customerio_beam.sandbox.rules.identifiers import Identifier
from customerio_beam.sandbox.rules.people import ObjectKey
from customerio_beam.sandbox.rules.validation import Problem


class ActivityRow(NamedTuple):
    """One line of the activity log.

    Attributes:
        ulid: The event's deduplication id in capitals, if it has one.
        type: `event`, `Page View`, `Screen View` or `delivery`.
        name: The event's name, trimmed.
        person: The key of the person, or None while it is anonymous.
        anonymous_id: The anonymous id it was sent with, if it was.
        identifier: The identifier it was sent with, as `kind:value`; empty for none.
        time: When it happened, in unix seconds.
        received: When it arrived, in unix seconds.
        operation: The exact operation as compact JSON.
    """

    ulid: str | None
    type: str
    name: str
    person: int | None
    anonymous_id: str | None
    identifier: str
    time: int
    received: float
    operation: bytes


class Refusal(NamedTuple):
    """An operation, or a whole request, that did not take effect, or not fully.

    Attributes:
        received: When it arrived, in unix seconds.
        status: The HTTP status the sender saw. With 200 or 207 and no index, it failed after it was accepted.
        batch_index: Its position in the batch, if it came in one.
        problem: Reason, field, message.
        operation: The operation as compact JSON; empty where the request could not be read.
        later: Whether it was accepted and failed only then.
    """

    received: float
    status: int
    batch_index: int | None
    problem: Problem
    operation: bytes
    later: bool


class Move(NamedTuple):
    """A merge's change of the activity log: the events of `source` from `since` (unix seconds) on go to `target`."""

    source: int
    target: int
    since: float


@dataclass(slots=True)
class Changes:
    """Everything that the operations of one request change.

    Attributes:
        people: Keys of the changed people.
        objects: Changed, created or deleted objects.
        activity: New lines of the activity log.
        links: New links of an anonymous id to a person, as `(anonymous_id, time, person)`.
        unlinked: Keys of people whose links end.
        moves: Activity moved by merges.
        redacted: Keys of people whose activity is redacted.
        suppressed: Identifiers that may not be added any more.
        unsuppressed: Identifiers that may be added again.
        refusals: What was refused or failed later.
    """

    people: set[int] = field(default_factory=set)
    objects: set[ObjectKey] = field(default_factory=set)
    activity: list[ActivityRow] = field(default_factory=list)
    links: list[tuple[str, int, int]] = field(default_factory=list)
    unlinked: list[int] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    redacted: list[int] = field(default_factory=list)
    suppressed: list[Identifier] = field(default_factory=list)
    unsuppressed: list[Identifier] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
