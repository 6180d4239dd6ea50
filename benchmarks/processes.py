"""Programs run as processes of their own, with what each of them took: seconds, CPU seconds, memory."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["API_KEY", "SITE_ID", "Usage", "program", "run_process", "serving", "stand_in", "stats"]

SITE_ID = "site"
API_KEY = "key"


_GO_BIN = pathlib.Path(__file__).resolve().parents[1] / ".cache" / "go-bin"


@dataclass(frozen=True)
class Usage:
    """What a process took.

    Attributes:
        wall_secs: From its start to its end.
        cpu_secs: On all cores, in user and system mode.
        peak_mb: The most memory that it held, in megabytes; at least this process's own peak, which Linux counts in.
    """

    wall_secs: float
    cpu_secs: float
    peak_mb: float


def program(name: str) -> str:
    """Return the path of a program that ``scripts/integration_tools.sh`` builds.

    Raises:
        FileNotFoundError: It has not been built, and is not on the path.
    """
    found = shutil.which(name, path=os.pathsep.join([str(_GO_BIN), os.environ.get("PATH", "")]))
    if found is None:
        raise FileNotFoundError(f"{name} is missing: scripts/integration_tools.sh gets it, or says what that needs")
    return found


def run_process(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None, project: pathlib.Path | None = None
) -> Usage:
    """Run ``python ARGUMENTS`` to its end.

    Args:
        arguments: What to run.
        environment: Variables besides this process's.
        project: The project's folder whose modules it takes; the working directory by default.

    Raises:
        RuntimeError: It failed.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall_secs = time.perf_counter() - started
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} failed: {errors.decode(errors='replace')[-2000:]}")
    return Usage(wall_secs, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextlib.contextmanager
def serving(module: str, *arguments: str) -> Iterator[str]:
    """Run ``python -m MODULE ARGUMENTS``, a server that prints its URL when it is ready; yields the URL.

    Raises:
        RuntimeError: It ended without one.
    """
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if "http://" in line:
                    yield line[line.index("http://") :].split()[0]
                    break
            else:
                raise RuntimeError(f"{module} did not start")
        finally:
            process.terminate()


@contextlib.contextmanager
def stand_in(*arguments: str) -> Iterator[str]:
    """Run the sandbox as a process; yields its URL.

    Args:
        arguments: Further ones of ``python -m customerio_beam.sandbox``.
    """
    with serving(
        "customerio_beam.sandbox", "--port", "0", "--site-id", SITE_ID, "--api-key", API_KEY, *arguments
    ) as url:
        yield url


def stats(url: str) -> dict[str, Any]:
    """Ask the sandbox what it has taken."""
    with urllib.request.urlopen(f"{url}/stats.json") as response:
        found: dict[str, Any] = json.load(response)
    return found
