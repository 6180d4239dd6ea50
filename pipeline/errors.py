"""What makes the job refuse to start, and what ends it besides its own work."""

from __future__ import annotations

import signal

__all__ = ["OptionError", "WorkerEndedError"]


class OptionError(ValueError):
    """An option that can't be right: one sentence that names the option and its value."""


class WorkerEndedError(RuntimeError):
    """A worker process of a local run has ended before its work was done."""

    @classmethod
    def of_status(cls, status: int) -> WorkerEndedError:
        """Say how it ended.

        Args:
            status: As ``subprocess`` has it: the exit status, or a signal's number as a negative one.
        """
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return cls(
            f"a worker process {how}. Is there too little memory? --processes=1 needs the least. Run again; nothing "
            "is sent twice."
        )
