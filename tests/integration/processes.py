"""Programs that run for as long as a test needs them, and never longer."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["PATIENCE_SECS", "printed", "running", "sdk_workers", "wait_until"]

#: How long anything may take that takes a second or a few: machines may be busy.
PATIENCE_SECS = 120.0

#: In the command lines of the processes that run the job's functions for another process.
_SDK_WORKER_MARKS = (b"sdk_worker_main", b"SdkHarness", b"customerio-beam-sdk-worker")


@contextlib.contextmanager
def running(
    command: Sequence[str],
    log: pathlib.Path,
    *,
    environment: Mapping[str, str] | None = None,
    directory: pathlib.Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program in a process group of its own, and ends the whole group with the ``with`` block.

    Args:
        command: The program and its arguments.
        log: The file that its output goes to.
        environment: What it finds in its environment besides this process's.
        directory: The folder it starts in; this process's by default.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=directory,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                pass
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_until(holds: Callable[[], bool], what: str, *, secs: float = PATIENCE_SECS) -> None:
    """Returns as soon as ``holds()`` is true.

    Args:
        holds: Asked again and again.
        what: What is waited for, for the error.
        secs: For how long to ask.

    Raises:
        TimeoutError: It did not become true.
    """
    deadline = time.monotonic() + secs
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {secs:g} seconds: {what}")
        time.sleep(0.05)


def printed(log: pathlib.Path, pattern: str) -> str:
    """Waits until a program has printed a line; returns the pattern's first group.

    Raises:
        TimeoutError: It did not.
    """
    wait_until(lambda: re.search(pattern, log.read_text()) is not None, f"{pattern!r} is in {log}")
    match = re.search(pattern, log.read_text())
    assert match is not None
    return match[1]


def sdk_workers(parent: subprocess.Popen[bytes]) -> list[int]:
    """Returns the ids of the SDK worker processes among a process's descendants. The job's own are copies of it."""
    found = []
    of_copies = [os.fsencode(word) for word in parent.args]  # type: ignore[union-attr]  # a list here
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        # Processes come and go meanwhile.
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            words = (folder / "cmdline").read_bytes().split(b"\0")[:-1]
            if pid == parent.pid or os.getsid(pid) != parent.pid or not words:
                continue
            if words == of_copies or (b"python" in words[0] and any(m in w for m in _SDK_WORKER_MARKS for w in words)):
                found.append(pid)
    return found
