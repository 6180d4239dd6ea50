"""How a command ends: its own exit status, one sentence for a failure, or what a signal asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable

from customerio_beam.pipeline.failures import failure_sentence
from customerio_beam.pipeline.interruption import interruptible

__all__ = ["exit_status"]


def exit_status(run: Callable[[], int], subject: str) -> int:
    """Run something, and return the exit status of the process.

    Args:
        run: Returns its own exit status.
        subject: What failed, for the sentence: ``The job``.

    Returns:
        That of ``run``; 1 if it failed in a way that has a sentence for the user; 130 or 143 if Ctrl-C or SIGTERM ended
        it.
    """
    with interruptible() as interruption:
        try:
            status = run()
        except BaseException as error:
            if interruption.status is not None:
                return interruption.status
            sentence = failure_sentence(error)
            if sentence is None:
                raise
            print(f"{subject} failed: {sentence}", file=sys.stderr)
            return 1
        return interruption.status or status
