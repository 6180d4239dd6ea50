"""The progress line of a local run, on a terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from customerio_beam.transforms.live_counts import LiveCounts

__all__ = ["progress_text", "show_progress"]

_INTERVAL_SECS = 0.5
_TOO_EARLY_SECS = 3.0  # an estimate from less than this would only jump


def progress_text(counts: LiveCounts, elapsed_secs: float) -> str:
    """Say how far a run has come.

    Args:
        counts: What it has done so far.
        elapsed_secs: Seconds since it began.

    Returns:
        One line: files, events (and their part of the input, where its size is known), operations, rate, time left.
    """
    rate = counts.events / elapsed_secs if elapsed_secs > 0 else 0.0
    words = [f"{counts.files:,} files", f"{counts.events:,} events read"]
    done = _part_done(counts)
    if done is not None:
        words[-1] += f" ({done:.0%})"
    words += [f"{counts.delivered:,} of {counts.operations:,} operations delivered", f"{rate:,.0f} events/s"]
    if done is not None and elapsed_secs >= _TOO_EARLY_SECS:
        part = (done + _delivered_part(counts) * done) / 2
        if 0 < part < 1:
            words.append(f"about {_duration(elapsed_secs * (1 - part) / part)} left")
    return ", ".join(words)


def _part_done(counts: LiveCounts) -> float | None:
    if counts.files_of_unknown_size or not counts.bytes_found:
        return None
    return min(counts.bytes_read / counts.bytes_found, 1.0)


def _delivered_part(counts: LiveCounts) -> float:
    return counts.delivered / counts.operations if counts.operations else 0.0


def _duration(secs: float) -> str:
    minutes, seconds = divmod(round(secs), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@contextmanager
def show_progress(
    counts: Callable[[], LiveCounts],
    stream: TextIO,
    clock: Callable[[], float] = time.monotonic,
    interval_secs: float = _INTERVAL_SECS,
) -> Iterator[None]:
    """Keep one line of a terminal up to date while the ``with`` block runs; do nothing where there is no terminal.

    Args:
        counts: Tells what the run has done so far.
        stream: Where to write; a terminal, or nothing is written.
        clock: Seconds of a clock that never goes back.
        interval_secs: Seconds between two updates.
    """
    if not stream.isatty():
        yield
        return
    began = clock()
    ended = threading.Event()

    def update() -> None:
        while not ended.wait(interval_secs):
            stream.write(f"\r\033[K{progress_text(counts(), clock() - began)}")
            stream.flush()

    thread = threading.Thread(target=update, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        stream.write("\r\033[K")
        stream.flush()
