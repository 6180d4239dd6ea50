"""The request rate of one worker machine, shared by all lanes, sinks and processes of a user that call one workspace.

What is shared is a few numbers in a private file. They hold no promise to anybody: a process that ends or is killed
takes nothing with it, and one that waits has taken nothing yet.
"""

from __future__ import annotations

import hashlib
import math
import pathlib
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from customerio_beam.delivery.private_file import PrivateFile, private_folder

__all__ = ["RateLimit", "WorkerRateLimit", "burst_of"]

#: The share of the rate that requests are paced at.
_PACE = 0.97

#: The share of a second's requests that a pause saves up, to catch up with: threads of a busy machine wake up late.
_BURST = 0.2

#: The last second is remembered as so many slices and the one that has begun, each with a count of its requests.
#: Together they hold more than a second, so none has more requests than the rate.
_SLICES = 50

#: The share of the rate that may leave within a second: what leaves within one may arrive within a little less.
_FULL = 0.985

#: So much of a token may be missing: after exactly the wait asked for, rounding can leave it a hair short.
_ROUNDING = 1e-6

#: A waiting request asks again at least this often: meanwhile an outage may be over, or another process may have ended.
_ASK_AGAIN_SECS = 1.0

#: Another process has the file, for some microseconds.
_FILE_IS_BUSY_SECS = 0.001

#: A job that named a lower rate, and hasn't asked for so long, no longer holds the others back.
_RATE_HOLDS_SECS = 60.0

#: How fast responses are forgotten: they count in full at first, after these seconds to 1/e. On average they are as old
#: as those of the last minute, which is what the rule below is meant for.
_MEMORY_SECS = 30.0

#: Below one accepted request in so many the worker slows down (the K of the rule below; the book's value).
_OVERLOAD_RATIO = 2.0

#: The least share of the rate, so that the end of an outage is noticed.
_FLOOR = 0.02

_BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id")


def burst_of(rate: float) -> float:
    """Return how many requests may leave at once after a pause: a fifth of a second's, and at least one."""
    return max(1.0, rate * _BURST)


class RateLimit(Protocol):
    """Gives permission for one HTTP attempt at a time. Safe to use from many threads."""

    def take(self, pause: Callable[[float], None]) -> float:
        """Return once an attempt may be made.

        Args:
            pause: Waits for a number of seconds; it raises where the wait is cancelled.

        Returns:
            The seconds waited.
        """

    def record(self, *, accepted: bool) -> None:
        """Tell how an attempt ended: not accepted means an overload or no response."""


@dataclass
class _Shared:
    """The numbers in the file. Times are monotonic seconds, which all processes of one boot have in common.

    Attributes:
        boot: Identifies the machine's boot: after another one, the times mean nothing.
        updated: When the numbers were written.
        tokens: Requests that may leave at once.
        rate: The lowest rate that a job has named, in requests per second.
        named: When that job asked last.
        requests: Recent responses, weighted by age.
        accepted: Those that were no overload.
        left: Requests that left in each slice of the last second, the oldest first.
    """

    boot: bytes
    updated: float
    tokens: float
    rate: float
    named: float
    requests: float = 0.0
    accepted: float = 0.0
    left: tuple[int, ...] = (0,) * (_SLICES + 1)

    FORMAT: ClassVar = struct.Struct(f"<16s6d{_SLICES + 1}H")

    @classmethod
    def read(cls, text: bytes, boot: bytes, rate: float, now: float) -> _Shared:
        """Read the file's text; start anew if it is empty, of another boot, or damaged."""
        fresh = cls(boot, now, burst_of(rate), rate, now)
        if len(text) != cls.FORMAT.size:
            return fresh
        boot_then, *numbers = cls.FORMAT.unpack(text)
        updated, tokens, lowest, named, requests, accepted, *left = numbers
        shared = cls(boot_then, updated, tokens, lowest, named, requests, accepted, tuple(left))
        is_sound = (
            all(map(math.isfinite, numbers))
            and shared.rate > 0
            and min(shared.tokens + 1.0, shared.requests, shared.accepted) >= 0
            and max(shared.updated, shared.named) <= now
        )
        return shared if is_sound and shared.boot == boot else fresh

    def text(self) -> bytes:
        """Return what is written to the file."""
        return self.FORMAT.pack(
            self.boot,
            self.updated,
            self.tokens,
            self.rate,
            self.named,
            self.requests,
            self.accepted,
            *self.left,
        )

    def move_to(self, now: float, rate: float) -> None:
        """Let time pass until ``now``, and take note that a job with this rate is running."""
        if rate <= self.rate or now - self.named > _RATE_HOLDS_SECS:
            self.rate, self.named = rate, now
        elapsed = now - self.updated
        fading = math.exp(-elapsed / _MEMORY_SECS)
        self.requests *= fading
        self.accepted *= fading
        self.tokens = min(burst_of(self.rate), self.tokens + elapsed * self.speed)
        passed = min(int(now * _SLICES) - int(self.updated * _SLICES), len(self.left))
        self.left = self.left[passed:] + (0,) * passed
        self.updated = now

    @property
    def speed(self) -> float:
        """Requests that leave per second: the rate, less while responses say overload.

        The rule is client-side throttling as in "Site Reliability Engineering", chapter 21 (Beam's
        ``AdaptiveThrottler`` has it too): with r requests of which a were accepted, the share (r - K*a) / (r + 1) of
        requests should not be made. There each request is dropped at random; here the rate is lowered by that share,
        which delays all requests alike and needs no dice.
        """
        surplus = max(0.0, self.requests - _OVERLOAD_RATIO * self.accepted)
        return self.rate * _PACE * max(_FLOOR, 1.0 - surplus / (self.requests + 1.0))

    def take(self) -> float:
        """Take a token if there is one, and return 0; else return the seconds until there may be one."""
        if self.tokens < 1.0 - _ROUNDING:
            return (1.0 - self.tokens) / self.speed
        if sum(self.left) >= self.rate * _FULL:
            oldest = next(number for number, count in enumerate(self.left) if count)
            return (int(self.updated * _SLICES) + oldest + 1) / _SLICES - self.updated + _ROUNDING
        self.tokens -= 1.0
        self.left = (*self.left[:-1], min(self.left[-1] + 1, 0xFFFF))
        return 0.0


@dataclass
class _Unwritten:
    """Responses that are not in the file yet."""

    requests: int = 0
    accepted: int = 0


class WorkerRateLimit:
    """A worker's share of the workspace's rate, used by all its processes.

    No second has more requests than the rate (rounded up). Requests of one object leave in the order in which they
    asked; of several objects or processes, whoever asks at the right moment. Where jobs name different rates, the
    lowest holds.
    """

    def __init__(
        self,
        rate: float,
        workspace: str,
        *,
        folder: pathlib.Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Join the rate limit of a workspace.

        Args:
            rate: Requests per second.
            workspace: Identifies the workspace; the file's name is a hash of it.
            folder: Where the file is; by default the private folder of this user.
            monotonic: Seconds that never run backwards, the same in all processes.

        Raises:
            ValueError: ``rate`` is not above 0.
        """
        if not rate > 0:
            raise ValueError(f"A rate limit must be above 0, not {rate!r}.")
        self._rate = rate
        name = f"rate-{hashlib.sha256(workspace.encode()).hexdigest()[:32]}"
        self._file = PrivateFile(folder or private_folder(), name)
        self._monotonic = monotonic
        self._boot = _boot_id()
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._unwritten = _Unwritten()

    def take(self, pause: Callable[[float], None]) -> float:
        """Wait for this request's turn, and then for a token; return the seconds that took.

        Raises:
            PrivateFolderError: The folder of the shared file can't be used.
        """
        began = self._monotonic()
        turn = threading.Event()
        with self._lock:
            self._waiting.append(turn)
            self._waiting[0].set()
        try:
            while not turn.wait(_ASK_AGAIN_SECS):
                pause(0.0)
            while (wait := self._ask()) > 0:
                pause(min(wait, _ASK_AGAIN_SECS))
        finally:
            with self._lock:
                self._waiting.remove(turn)
                if self._waiting:
                    self._waiting[0].set()
        return self._monotonic() - began

    def record(self, *, accepted: bool) -> None:
        """Count a response; it is written with the next request."""
        with self._lock:
            self._unwritten.requests += 1
            self._unwritten.accepted += accepted

    def _ask(self) -> float:
        """Take a token: 0 for success, else the seconds to wait before asking again."""
        wait = _FILE_IS_BUSY_SECS

        def take(text: bytes) -> bytes:
            nonlocal wait
            now = self._monotonic()  # read under the file's lock: its time never runs backwards
            shared = _Shared.read(text, self._boot, self._rate, now)
            shared.move_to(now, self._rate)
            with self._lock:
                unwritten, self._unwritten = self._unwritten, _Unwritten()
            shared.requests += unwritten.requests
            shared.accepted += unwritten.accepted
            wait = shared.take()
            return shared.text()

        self._file.update(take)
        return wait


def _boot_id() -> bytes:
    """Return what identifies the machine's boot; zeros where the system doesn't tell."""
    try:
        text = _BOOT_ID.read_text(encoding="ascii")
    except OSError:
        return bytes(16)
    return hashlib.sha256(text.encode()).digest()[:16]
