"""Writes a report's page, for this user alone."""

from __future__ import annotations

import os
from pathlib import Path

from customerio_beam.pipeline.errors import OptionError
from customerio_beam.visible import visible

__all__ = ["write_private"]


def write_private(path: Path, page: str) -> None:
    """Write the page of ``--report``, so that only this user can read it: it may have values of events in it.

    Raises:
        OptionError: It can't be written there.
    """
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(page)
    except OSError as error:
        raise OptionError(f"--report={visible(str(path))} can't be written to: {error.strerror}.") from error
