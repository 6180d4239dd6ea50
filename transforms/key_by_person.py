"""KeyByPerson: events keyed by the person whose operations must keep their order."""

from __future__ import annotations

import apache_beam as beam

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.person import person_key
from customerio_beam.mapping.settings import MappingSettings

__all__ = ["KeyByPerson"]


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
        """Wire the keying; see the class."""
        identify_by = self._settings.identify_by

        def keyed(event: Event) -> tuple[bytes, Event]:
            return person_key(event, identify_by), event

        return events | "Key by person" >> beam.Map(keyed)
