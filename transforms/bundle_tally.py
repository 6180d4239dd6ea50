"""BundleTally: how much of a bundle's events is unusable, and where the first of each kind is."""

from __future__ import annotations

import logging

from apache_beam.metrics import Metrics

from customerio_beam.mapping.origin import Origin
from customerio_beam.visible import visible

__all__ = ["EXAMPLES", "FILTERED", "LOGGER", "BundleTally"]

#: The namespace of the string sets that hold, by reason, where such events are: ``OFFSET:FILE``.
EXAMPLES = "examples"

#: Stands for a reason where an event opted this destination out.
FILTERED = "filtered"

LOGGER = logging.getLogger(__name__)


class BundleTally:
    """Counts a step's events of files, bundle by bundle.

    Where more than half of a bundle is unusable, it logs one line, and adds to the counter
    ``events/in_unusable_bundles``: on Dataflow the launcher has left by then.

    Attributes:
        read: Events of this bundle, usable or not.
    """

    def __init__(self) -> None:
        self.read = 0
        self._unusable = 0
        self._first: dict[str, Origin] = {}
        self._counter = Metrics.counter("events", "in_unusable_bundles")

    def start(self) -> None:
        """Begin a bundle."""
        self.read = self._unusable = 0
        self._first = {}

    def add_unusable(self, reason: str, origin: Origin) -> None:
        """Note an event that is not used.

        Args:
            reason: A code of ``customerio_beam.reasons``, or ``FILTERED``.
            origin: Where it came from. That of a message, which has no place in a file, is left out.
        """
        if origin.offset < 0:
            return
        self._unusable += 1
        if reason not in self._first:
            self._first[reason] = origin
            Metrics.string_set(EXAMPLES, reason).add(f"{origin.offset}:{origin.source}")

    def finish(self) -> None:
        """End the bundle."""
        if self._unusable * 2 <= self.read:
            return
        self._counter.inc(self._unusable)
        first = "; ".join(
            f"{reason} at byte {origin.offset} of {visible(origin.source)}"
            for reason, origin in list(self._first.items())[:3]
        )
        LOGGER.warning("%d of a bundle's %d events can't be used or are filtered: %s", self._unusable, self.read, first)
