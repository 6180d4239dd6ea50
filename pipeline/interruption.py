"""Ctrl-C and SIGTERM: they end a run within seconds, whatever the server or a library is doing.

Bundles run in threads of their own, and a signal reaches the main thread alone. So the first signal cancels all
delivery of the process, which closes its connections, and interrupts the main thread. If the process hasn't ended some
seconds later, or at the second signal, it ends at once. Nothing is lost by that: the next run reads it all again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from customerio_beam.delivery.cancellation import cancel_all

__all__ = ["Interruption", "interruptible"]

#: Together with the time that it takes to notice, this stays below five seconds.
_GRACE_SECS = 4.0
_SHELL_BASE = 128  # a shell's status for a process that a signal ended is this and the signal's number


class Interruption:
    """Tells whether a signal has asked for the end.

    Attributes:
        status: The exit status for it; None without a signal.
    """

    status: int | None = None

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Begin to stop; end the process at the second signal."""
        if self.status is not None:
            os._exit(self.status)
        self.status = _SHELL_BASE + number
        os.write(2, b"\nStopping ...\n")
        ends = threading.Timer(_GRACE_SECS, os._exit, [self.status])
        ends.daemon = True
        ends.start()
        # In another thread: this one may hold a lock that cancelling needs.
        threading.Thread(target=cancel_all, daemon=True).start()
        raise KeyboardInterrupt


@contextlib.contextmanager
def interruptible() -> Iterator[Interruption]:
    """Handle signals for the time of a ``with`` block. Ignored ones stay ignored; only the main thread can do this."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {
        number: handler
        for number in (signal.SIGINT, signal.SIGTERM)
        if (handler := signal.getsignal(number)) != signal.SIG_IGN
    }
    for number in before:
        signal.signal(number, interruption.handle)
    try:
        yield interruption
    finally:
        # After a signal the handlers stay, until the process has ended: ending can take time, too.
        if interruption.status is None:
            for number, handler in before.items():
                signal.signal(number, handler)
