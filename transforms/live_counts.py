"""What this process has done so far: for the progress of a local run, where metrics come only at the end."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LIVE_COUNTS", "LiveCounts"]


@dataclass
class LiveCounts:
    """Counts of one process. Threads may lose an increment to one another: good enough to watch, not to account.

    Attributes:
        files: Files found.
        bytes_found: Bytes of those files that are not compressed.
        compressed_files: Files whose uncompressed size is not known.
        bytes_read: Bytes of the payloads read.
        events: Events read.
        operations: Operations mapped.
        delivered: Operations that Customer.io accepted.
    """

    files: int = 0
    bytes_found: int = 0
    compressed_files: int = 0
    bytes_read: int = 0
    events: int = 0
    operations: int = 0
    delivered: int = 0


#: This process's counts.
LIVE_COUNTS = LiveCounts()
