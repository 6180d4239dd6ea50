"""What another rules file would change."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.profile.counts import Counts
from customerio_beam.profile.masking import shown
from customerio_beam.profile.profile import Profile
from customerio_beam.rules.compiled import Rules

__all__ = ["SAME", "Change", "ComparisonProfile", "Outcome", "outcome"]

#: Stands for events that both files send alike.
SAME: Final = "same"

_MAX_EXAMPLES: Final = 3
#: Operations of an event that an example shows.
_MAX_OPERATIONS: Final = 3


class Outcome(NamedTuple):
    """What becomes of an event under one rules file.

    Attributes:
        verdict: ``sent``, ``filtered by RULE``, or ``dead letter: REASON``.
        operations: The operations that are sent.
    """

    verdict: str
    operations: tuple[bytes, ...] = ()


class Change(msgspec.Struct, frozen=True, order=True):
    """An event that two rules files treat in different ways.

    Attributes:
        file: The file that it came from; empty for none.
        offset: Where it begins, in bytes of the file's text.
        before: Its operations under the first file, as the report may show them.
        after: Those under the other file.
    """

    file: str
    offset: int
    before: list[str]
    after: list[str]


class ComparisonProfile(Profile):
    """The same events under two rules files.

    Attributes:
        shows_values: Whether examples keep the operations' values.
        outcomes: How many events there are of each change, such as ``sent → filtered by events.deny``.
        operations_before: How many operations the first file sends.
        operations_after: How many the other one sends.
        examples: The first three events of each change.
    """

    shows_values: bool = False
    outcomes: Counts = msgspec.field(default_factory=Counts)
    operations_before: int = 0
    operations_after: int = 0
    examples: dict[str, list[Change]] = msgspec.field(default_factory=dict)

    def add(self, element: tuple[Event, Outcome, Outcome]) -> None:
        """Count an event with what becomes of it under both files."""
        event, before, after = element
        self.operations_before += len(before.operations)
        self.operations_after += len(after.operations)
        if before == after:
            self.outcomes.add(SAME)
            return
        kind = "sent in another form"
        if before.verdict != after.verdict:
            kind = f"{before.verdict} → {after.verdict}"
        self.outcomes.add(kind)
        kept = self.examples.setdefault(kind, [])
        place = (event.origin.source, event.origin.offset)
        if len(kept) < _MAX_EXAMPLES or place < (kept[-1].file, kept[-1].offset):
            change = Change(*place, self._shown(before), self._shown(after))
            self.examples[kind] = sorted([*kept, change])[:_MAX_EXAMPLES]

    def merge(self, other: ComparisonProfile) -> None:
        """Add the events of another part of the input."""
        self.outcomes.merge(other.outcomes)
        self.operations_before += other.operations_before
        self.operations_after += other.operations_after
        for kind, changes in other.examples.items():
            self.examples[kind] = sorted([*self.examples.get(kind, ()), *changes])[:_MAX_EXAMPLES]

    def _shown(self, found: Outcome) -> list[str]:
        texts = [shown(text, shows_values=self.shows_values) for text in found.operations[:_MAX_OPERATIONS]]
        return texts or [f"({found.verdict})"]


def outcome(event: Event, rules: Rules | None, settings: MappingSettings) -> Outcome:
    """Decide what becomes of an event.

    Args:
        event: The event.
        rules: The rules; None for none.
        settings: The job's choices about the mapping.
    """
    try:
        if rules is not None:
            verdict = rules.apply(event)
            if verdict.event is None:
                return Outcome(f"filtered by {verdict.rule}")
            event = verdict.event
        return Outcome("sent", tuple(map_event(event, settings).operations))
    except InvalidEvent as error:
        return Outcome(f"dead letter: {error.reason}")
