"""The files that a run writes on its own: named for the run alone, and readable for its user alone."""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
from collections.abc import Iterator

__all__ = ["PRIVATE_UMASK", "new_run_name", "private_files"]

#: Files of mode 0600 and folders of mode 0700.
PRIVATE_UMASK = 0o077


def new_run_name(now: float) -> str:
    """Make a name that no other run has.

    Args:
        now: The current time in unix seconds.

    Returns:
        The time in UTC and a random part, such as ``20261126T013000Z-5f0c``: names are in the order of the runs.
    """
    time = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    return f"{time:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Let this process, and those that it starts, make files of mode 0600 and folders of mode 0700 for a while."""
    mask = os.umask(PRIVATE_UMASK)
    try:
        yield
    finally:
        os.umask(mask)
