"""KeyByPerson: events keyed by the person whose operations must keep their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import apache_beam as beam

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.person import person_key
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.transforms.batches import BatchDoFn

__all__ = ["KeyByPerson", "KeyedEvent"]

#: ``(person key, event)``
KeyedEvent: TypeAlias = tuple[bytes, Event]


class KeyByPerson(beam.PTransform):
    """Key events by a hash of their person: ``PCollection[Event]`` to ``PCollection[tuple[bytes, Event]]``.

    Example:
        ```
        keyed = parsed.events | KeyByPerson()
        ```

    Args:
        settings: The job's choices about the mapping: the same that ``MapToCustomerIO`` gets, so that both agree
            about who a person is.
    """

    def __init__(self, settings: MappingSettings | None = None):
        super().__init__()
        self._settings = settings or MappingSettings()

    def expand(self, events: beam.PCollection) -> beam.PCollection:
        """Wire the keying DoFn; see the class."""
        return events | "Key by person" >> beam.ParDo(_Key(self._settings))


class _Key(BatchDoFn):
    output_type = KeyedEvent

    def __init__(self, settings: MappingSettings) -> None:
        self._identify_by = settings.identify_by

    def process_batch(self, batch: list[Event]) -> Iterator[list[KeyedEvent]]:
        identify_by = self._identify_by
        yield [(person_key(event, identify_by), event) for event in batch]
