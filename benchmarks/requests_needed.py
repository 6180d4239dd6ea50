"""Requests that a million events need, against one request an event and a hundred events a request.

Run with ``python -m benchmarks.requests_needed``. Counted by the stand-in while the job sends a part of them.
"""

from __future__ import annotations

import pathlib
import tempfile

from benchmarks.backfill import run_backfill
from benchmarks.generate import write_files
from benchmarks.measurement import Measurement

__all__ = ["measure"]

_EVENTS = 200_000
_MILLION = 1_000_000
_AIM = 1_000
#: The most events in one request of Segment's destination.
_SEGMENT_BATCH = 100


def measure(events: int = _EVENTS) -> Measurement:
    """Count the requests of a backfill in the order of each person's events.

    Args:
        events: Events to send.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_files(folder, events)
        _, requests = run_backfill(folder, "person", events)
    for_a_million = requests * _MILLION / events
    return Measurement(
        name="requests for 1,000,000 events",
        compared_with=f"{_MILLION:,} at one a request, {_MILLION // _SEGMENT_BATCH:,} at {_SEGMENT_BATCH} a request",
        value=for_a_million,
        unit="requests",
        aim=f"at most {_AIM:,}",
        reached=for_a_million <= _AIM,
        details={"events_sent": events, "requests_made": requests},
    )


if __name__ == "__main__":
    print(measure())
