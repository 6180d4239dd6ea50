"""The runners that the job is tested on, each as the options and the environment that a run on it needs."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.integration.processes import running, sdk_workers, wait_until
from tests.integration.tools import ROOT, tool

__all__ = ["ENGINES", "Engine", "kill_an_sdk_worker", "sdk_workers"]


@dataclass(frozen=True)
class Engine:
    """A runner, ready to take jobs.

    Attributes:
        options: The job's options for it.
        workers: The process whose descendants are its SDK workers; None where they are the job's own.
    """

    options: tuple[str, ...]
    workers: subprocess.Popen[bytes] | None = None


@contextlib.contextmanager
def _fn_api(folder: pathlib.Path, environment: dict[str, str]) -> Iterator[Engine]:
    yield Engine(("--runner=FnApiRunner",))


@contextlib.contextmanager
def _fn_api_processes(folder: pathlib.Path, environment: dict[str, str]) -> Iterator[Engine]:
    yield Engine(("--processes=4",))


@contextlib.contextmanager
def _direct(folder: pathlib.Path, environment: dict[str, str]) -> Iterator[Engine]:
    # Without a location it would try to download Prism, and then behave as the machine has it.
    yield Engine(("--runner=DirectRunner", f"--prism_location={tool('prism')}"))


@contextlib.contextmanager
def _prism(folder: pathlib.Path, environment: dict[str, str]) -> Iterator[Engine]:
    yield Engine(("--runner=PrismRunner", f"--prism_location={tool('prism')}"))


@contextlib.contextmanager
def _prism_worker_pool(folder: pathlib.Path, environment: dict[str, str]) -> Iterator[Engine]:
    prism = tool("prism")
    port = _free_port()
    command = [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main", f"--service_port={port}"]
    # The pool starts its workers as "python".
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    pool_environment = {**environment, "PATH": path, "PYTHONPATH": str(ROOT)}
    with running(command, folder / "worker-pool.log", environment=pool_environment, directory=ROOT) as pool:
        wait_until(lambda: _listens(port), "the worker pool listens")
        options = ("--runner=PrismRunner", f"--prism_location={prism}")
        yield Engine((*options, "--environment_type=EXTERNAL", f"--environment_config=localhost:{port}"), pool)


#: By name. Each takes the folder for its logs and the environment that SDK workers need.
ENGINES: dict[str, Callable[[pathlib.Path, dict[str, str]], AbstractContextManager[Engine]]] = {
    "FnApiRunner": _fn_api,
    "FnApiRunner, 4 worker processes": _fn_api_processes,
    "DirectRunner": _direct,
    "Prism": _prism,
    "Prism, SDK workers from a pool": _prism_worker_pool,
}


def kill_an_sdk_worker(parent: subprocess.Popen[bytes]) -> None:
    """Kills one of the SDK worker processes among a process's descendants, without a warning."""
    os.kill(sdk_workers(parent)[0], signal.SIGKILL)


def _free_port() -> int:
    """Returns a TCP port that nobody listens on: the pool can't choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
