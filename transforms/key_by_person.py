"""KeyByPerson: events keyed by the person whose operations must keep their order."""

from __future__ import annotations

import apache_beam as beam

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.person import person_key
from customerio_beam.mapping.settings import IdentifyBy

__all__ = ["KeyByPerson"]


class KeyByPerson(beam.PTransform):
    """Key events by a hash of their person: ``PCollection[Event]`` to ``PCollection[tuple[bytes, Event]]``.

    Example:
        ```
        keyed = parsed.events | KeyByPerson()
        ```

    Args:
        identify_by: How userIds and emails identify people; as in ``mapping.settings.MappingSettings``.
    """

    def __init__(self, identify_by: IdentifyBy = "auto"):
        super().__init__()
        self._identify_by = identify_by

    def expand(self, events: beam.PCollection) -> beam.PCollection:
        """Wire the keying; see the class."""
        identify_by = self._identify_by

        def keyed(event: Event) -> tuple[bytes, Event]:
            return person_key(event, identify_by), event

        return events | "Key by person" >> beam.Map(keyed)
