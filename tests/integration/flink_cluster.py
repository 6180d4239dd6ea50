"""A Flink cluster: JobManager, two TaskManagers and Beam's job server, in a network of their own."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.integration.java import java
from tests.integration.loopback_network import LoopbackNetwork
from tests.integration.processes import running, sdk_workers, wait_until
from tests.integration.tools import ROOT

__all__ = ["FlinkCluster", "running_flink"]

_REST = "http://127.0.0.1:8081"
_JOB_PORT, _ARTIFACT_PORT = 8099, 8098
_CONFIGURATION = pathlib.Path(__file__).parent / "flink"
_TASK_MANAGERS = ("tm1", "tm2")
_START_SECS = 300.0
_ENDED = ("FINISHED", "CANCELED", "FAILED")


@dataclass
class FlinkCluster:
    """A running cluster. Its addresses lead to it only within ``network.entered()``.

    Attributes:
        folder: Where its logs and checkpoints are.
        environment: What its SDK workers find in their environment besides this process's.
        network: The network that it runs in.
    """

    folder: pathlib.Path
    environment: dict[str, str]
    network: LoopbackNetwork
    _stack: contextlib.ExitStack
    _task_managers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def options(self) -> tuple[str, ...]:
        """The job's options to run on it, on both TaskManagers."""
        worker = str(pathlib.Path(sys.executable).parent / "customerio-beam-sdk-worker")
        return (
            "--runner=PortableRunner",
            f"--job_endpoint=127.0.0.1:{_JOB_PORT}",
            f"--flink_master={_REST.removeprefix('http://')}",
            "--environment_type=PROCESS",
            f"--environment_config={json.dumps({'command': worker})}",
            "--parallelism=2",
        )

    def rest(self, path: str) -> Any:
        """What the JobManager answers to a GET of its REST API."""
        answer = requests.get(f"{_REST}{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def running_job(self) -> str | None:
        """The id of the job that has not ended, if there is one; it may be about to start again."""
        return next((job["id"] for job in self.rest("/jobs")["jobs"] if job["status"] not in _ENDED), None)

    def running_tasks(self) -> Counter[str]:
        """How many tasks of the running job each TaskManager has at the moment."""
        job = self.running_job()
        if job is None:
            return Counter()
        vertices = self.rest(f"/jobs/{job}")["vertices"]
        details = [self.rest(f"/jobs/{job}/vertices/{vertex['id']}") for vertex in vertices]
        tasks = [task for vertex in details for task in vertex["subtasks"]]
        return Counter(task["taskmanager-id"] for task in tasks if task["status"] == "RUNNING")

    def task_managers_of_newest_job(self) -> Counter[str]:
        """How many tasks each TaskManager has had of the newest job."""
        newest = max(self.rest("/jobs/overview")["jobs"], key=lambda job: job["start-time"])["jid"]
        vertices = self.rest(f"/jobs/{newest}")["vertices"]
        details = [self.rest(f"/jobs/{newest}/vertices/{vertex['id']}") for vertex in vertices]
        return Counter(task["taskmanager-id"] for vertex in details for task in vertex["subtasks"])

    def cancel_jobs(self) -> None:
        """Cancel what runs, and wait until it has ended."""
        for job in self.rest("/jobs")["jobs"]:
            if job["status"] not in _ENDED:
                requests.patch(f"{_REST}/jobs/{job['id']}?mode=cancel", timeout=30).raise_for_status()
        wait_until(lambda: all(job["status"] in _ENDED for job in self.rest("/jobs")["jobs"]), "all jobs have ended")

    def stop_with_savepoint(self) -> str:
        """Stop the running job with a savepoint; return the savepoint's place."""
        job = self.running_job()
        target = {"targetDirectory": (self.folder / "savepoints").as_uri(), "drain": False}
        answer = requests.post(f"{_REST}/jobs/{job}/stop", json=target, timeout=30)
        answer.raise_for_status()
        path = f"/jobs/{job}/savepoints/{answer.json()['request-id']}"
        wait_until(lambda: self.rest(path)["status"]["id"] == "COMPLETED", "the job has stopped with a savepoint")
        place: str = self.rest(path)["operation"]["location"]
        return place

    def last_restart(self) -> int:
        """When the running job was last restarted, in unix milliseconds; 0 for never."""
        return int(self.rest(f"/jobs/{self.running_job()}")["timestamps"]["RESTARTING"])

    def completed_checkpoints(self) -> int:
        """How many checkpoints the running job has completed."""
        return int(self.rest(f"/jobs/{self.running_job()}/checkpoints")["counts"]["completed"])

    def kill_sdk_workers(self) -> None:
        """Kill all SDK workers without a warning. A runner does not notice that an idle one died."""
        for task_manager in self._task_managers.values():
            for pid in sdk_workers(task_manager):
                os.kill(pid, signal.SIGKILL)

    def kill_task_manager(self, name: str) -> None:
        """Kill a TaskManager without a warning; its SDK workers end by themselves."""
        self._task_managers[name].send_signal(signal.SIGKILL)
        self._task_managers.pop(name).wait()

    def start_missing_task_managers(self) -> None:
        """Have both TaskManagers again, as an operator's supervisor would."""
        with self.network.entered():
            for name in _TASK_MANAGERS:
                if name not in self._task_managers:
                    self._task_managers[name] = self._start(
                        name,
                        java(
                            "flink",
                            "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
                            *self._arguments(name),
                            *("-D", f"taskmanager.resource-id={name}"),
                            heap_mb=640,
                        ),
                    )
            self.wait_until(
                lambda: self._task_managers_registered() == set(_TASK_MANAGERS), "both TaskManagers are there"
            )

    def start_services(self) -> None:
        """Start the JobManager and the job server."""
        with self.network.entered():
            entry_point = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
            self._start("job-manager", java("flink", entry_point, *self._arguments("job-manager"), heap_mb=512))
            self._start(
                "job-server",
                java(
                    "flink",
                    "org.apache.beam.runners.flink.FlinkJobServerDriver",
                    *("--flink-master", _REST.removeprefix("http://"), "--flink-conf-dir", str(_CONFIGURATION)),
                    *("--job-host", "127.0.0.1", "--job-port", str(_JOB_PORT), "--artifact-port", str(_ARTIFACT_PORT)),
                    *("--expansion-port", "8097", "--artifacts-dir", str(self.folder / "artifacts")),
                    heap_mb=512,
                ),
            )

    def wait_until_ready(self) -> None:
        """Wait until jobs can be submitted."""
        log = self.folder / "job-server.log"
        self.wait_until(lambda: "JobService started" in log.read_text(), "the job server takes jobs")

    def _task_managers_registered(self) -> set[str]:
        return {each["id"] for each in self.rest("/taskmanagers")["taskmanagers"] if each["freeSlots"]}

    def _arguments(self, name: str) -> tuple[str, ...]:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        settings = {
            "io.tmp.dirs": folder,
            "state.checkpoints.dir": (self.folder / "checkpoints").as_uri(),
            "state.savepoints.dir": (self.folder / "savepoints").as_uri(),
        }
        words = [word for key, value in settings.items() for word in ("-D", f"{key}={value}")]
        return ("--configDir", str(_CONFIGURATION), *words)

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        log = self.folder / f"{name}.log"
        environment = {**self.environment, "PYTHONPATH": str(ROOT)}
        return self._stack.enter_context(running(command, log, environment=environment))

    def wait_until(self, holds: Any, what: str) -> None:
        """``wait_until``, where an address may not be listened on yet."""

        def holds_already() -> bool:
            with contextlib.suppress(requests.RequestException):
                return bool(holds())
            return False

        wait_until(holds_already, f"{what}; see {self.folder}", secs=_START_SECS)


@contextlib.contextmanager
def running_flink(folder: pathlib.Path, environment: dict[str, str]) -> Iterator[FlinkCluster]:
    """Run a cluster.

    Args:
        folder: Where its logs and checkpoints go.
        environment: What its SDK workers find in their environment besides this process's.
    """
    network = LoopbackNetwork()
    with contextlib.ExitStack() as stack:
        stack.callback(network.close)
        cluster = FlinkCluster(folder, environment, network, stack)
        cluster.start_services()
        cluster.start_missing_task_managers()
        cluster.wait_until_ready()
        yield cluster
