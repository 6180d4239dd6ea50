"""What this process has done so far: for the progress of a local run, where metrics come only at the end."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LIVE_COUNTS", "LiveCounts"]


@dataclass
class LiveCounts:
    """Counts of one process. Threads may lose an increment to one another: good enough to watch, not to account.

    Attributes:
        files: Files found.
        files_of_unknown_size: Those of them whose size only reading tells, such as pipes.
        bytes_found: Bytes of the others.
        bytes_read: Bytes of files read.
        events: Events read.
        operations: Operations mapped.
        delivered: Operations that Customer.io accepted.
    """

    files: int = 0
    files_of_unknown_size: int = 0
    bytes_found: int = 0
    bytes_read: int = 0
    events: int = 0
    operations: int = 0
    delivered: int = 0


#: This process's counts.
LIVE_COUNTS = LiveCounts()
