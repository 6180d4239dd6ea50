"""ApplyRules: events to those that may leave, changed as a rules file says."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.rules.compiled import Rules
from customerio_beam.rules.model import LoadedRules
from customerio_beam.rules.redaction import Redactor
from customerio_beam.transforms.batches import BatchDoFn
from customerio_beam.transforms.dead_letter import DEAD_LETTERS
from customerio_beam.transforms.outputs import counted_dead_letter, with_dead_letters
from customerio_beam.transforms.rules_files import RULES_RESOURCES

__all__ = ["ApplyRules", "RedactDeadLetters", "RulesResult"]


class RulesResult(NamedTuple):
    """What ``ApplyRules`` returns.

    Attributes:
        events: The events that may leave, as the rules have changed them.
        dead_letters: One record (JSON bytes) for each event that the rules can't read.
    """

    events: beam.PCollection
    dead_letters: beam.PCollection


class ApplyRules(beam.PTransform):
    """Apply a rules file to events, before the mapping.

    Takes a ``PCollection[Event]`` (of ``ParseEvents``) and returns a ``RulesResult``. What a rule filters is counted
    (``filtered/<rule>``), and is in neither output. An opt-out that a rule reduces is counted
    (``events/reduced_opt_outs``), and goes on. docs/rules.md describes the rules.

    Example:
        ```
        ruled = parsed.events | ApplyRules(read_rules("gs://bucket/rules.yaml"))
        ruled.events | KeyByPerson() | MapToCustomerIO()
        ```

    Args:
        rules: The rules, checked (``read_rules``). Their blocklists and their salt are fetched by the workers.
        settings: The job's choices about the mapping: the same that ``MapToCustomerIO`` gets.
        clock: The current time in unix seconds.
    """

    def __init__(
        self,
        rules: LoadedRules,
        settings: MappingSettings | None = None,
        clock: Callable[[], float] = time.time,
    ):
        super().__init__()
        self._dofn = _Apply(rules, settings or MappingSettings(), clock)

    def expand(self, events: beam.PCollection) -> RulesResult:
        """Wire the DoFn; see the class."""
        return RulesResult(*with_dead_letters(events, "Apply rules", self._dofn, events=Event))


class _Apply(BatchDoFn):
    output_type = Event

    def __init__(self, loaded: LoadedRules, settings: MappingSettings, clock: Callable[[], float]):
        self._loaded = loaded
        self._settings = settings
        self._clock = clock
        self._reduced = Metrics.counter("events", "reduced_opt_outs")

    def setup(self) -> None:
        logging.getLogger(__name__).info(
            "Applying the rules of %s, with the SHA-256 %s", self._loaded.file, self._loaded.sha256
        )
        self._rules = Rules(self._loaded.rules, self._settings, RULES_RESOURCES)

    def process_batch(self, batch: list[Event]) -> Iterator[Any]:
        apply = self._rules.apply
        events: list[Event] = []
        filtered: Counter[str | None] = Counter()
        dead_letters: list[bytes] = []
        for event in batch:
            try:
                verdict = apply(event)
            except InvalidEvent as error:
                dead_letters.append(self._dead_letter(event, error))
                continue
            if verdict.event is None:
                filtered[verdict.rule] += 1
                continue
            events.append(verdict.event)
            if verdict.rule is not None:
                self._reduced.inc()
        for rule, count in filtered.items():
            Metrics.counter("filtered", rule).inc(count)
        if events:
            yield events
        if dead_letters:
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, dead_letters)

    def _dead_letter(self, event: Event, error: InvalidEvent) -> bytes:
        return counted_dead_letter(
            stage="parse",
            reason=error.reason,
            detail=error.detail,
            payload=event.origin,
            failed_at=self._clock(),
            event_time_ms=event.time_ms,
        )


class RedactDeadLetters(beam.PTransform):
    """Take what a rules file drops out of dead letters, and hash what it hashes.

    Takes and returns a ``PCollection[bytes]`` of records. docs/rules.md says what becomes of a payload.

    Args:
        rules: The rules, checked.
        settings: The job's choices about the mapping.
    """

    def __init__(self, rules: LoadedRules, settings: MappingSettings | None = None):
        super().__init__()
        self._dofn = _Redact(rules, settings or MappingSettings())

    def expand(self, records: beam.PCollection) -> beam.PCollection:
        """Wire the DoFn; see the class."""
        return records | "Redact" >> beam.ParDo(self._dofn)


class _Redact(BatchDoFn):
    output_type = bytes

    def __init__(self, loaded: LoadedRules, settings: MappingSettings):
        self._loaded = loaded
        self._settings = settings

    def setup(self) -> None:
        self._redactor = Redactor(Rules(self._loaded.rules, self._settings, RULES_RESOURCES), self._settings)

    def process_batch(self, batch: list[bytes]) -> Iterator[list[bytes]]:
        yield [self._redactor.record(record) for record in batch]
