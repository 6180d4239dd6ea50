"""What a run's own messages say better than the logs of its libraries."""

from __future__ import annotations

import logging

from customerio_beam.transforms.bundle_tally import LOGGER as UNUSABLE_BUNDLES

__all__ = ["quiet_logs"]


def quiet_logs() -> None:
    """Silence the loggers whose messages the run's last lines repeat in one sentence, or that say nothing."""
    # A failing bundle's traceback; its cause is said at the end.
    logging.getLogger("apache_beam.runners").setLevel(logging.CRITICAL)
    # It warns of every run without dead letters that it has written no file.
    logging.getLogger("apache_beam.io.filebasedsink").setLevel(logging.ERROR)
    UNUSABLE_BUNDLES.setLevel(logging.ERROR)  # the last line says it of the whole input
