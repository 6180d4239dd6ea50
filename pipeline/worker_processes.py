"""Worker processes of a local run: they share its work, so that it uses all processors of the machine.

Beam's own worker processes (``--direct_running_mode=multi_processing``) are reached over ports that every user of the
machine, and often of the network, can connect to: whoever comes first is given events. Here the runner and its workers
talk over a socket in a folder that belongs to the user alone.

For the time of a run this takes the place of what starts Beam's embedded worker. It needs parts of Beam's local runner
that are not its public interface; tests run it with the locked version of Beam.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import multiprocessing
import os
import pathlib
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import grpc
from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_fn_api_pb2_grpc
from apache_beam.runners.portability.fn_api_runner import worker_handlers
from apache_beam.runners.portability.fn_api_runner.worker_handlers import GrpcWorkerHandler, WorkerHandler
from apache_beam.runners.worker import data_plane
from apache_beam.utils import thread_pool_executor

from customerio_beam.delivery.cancellation import Cancellation
from customerio_beam.delivery.errors import DiskError
from customerio_beam.pipeline.errors import WorkerEndedError
from customerio_beam.pipeline.local_worker import Order, work
from customerio_beam.transforms.live_counts import LIVE_COUNTS, LiveCounts

__all__ = ["available_cores", "default_processes", "worker_processes"]

#: From this size of the input on, worker processes save more time than it takes to start them: about 300,000 events.
_WORTHWHILE_BYTES = 256_000_000

#: The default uses no more processes than this: each takes some 300 MB of memory, and three deliver what Customer.io's
#: rate allows.
_MAX_DEFAULT = 8

_SOCKET = "beam.sock"

#: The longest path of a socket in bytes, on the system where it is shortest (``sun_path`` of macOS; Linux: 107).
_MAX_SOCKET_PATH = 103

# As Beam's own servers have it: what crosses a shuffle may be of any size, and workers may ask at any time whether the
# connection is still there, as they do every 20 seconds (by default, a server ends it after the third time).
_SERVER_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
]

# A copy of this process has all modules loaded. macOS can't copy one safely (docs.python.org, multiprocessing).
_PROCESSES: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")

#: Seconds between the end of a worker's connection and that of the worker.
_END_SECS = 2.0


def default_processes(input_bytes: int | None, cores: int) -> int:
    """Choose how many processes a local run uses.

    Args:
        input_bytes: The size of the input's files; None where only reading tells.
        cores: The processors that this process may use.

    Returns:
        The number of worker processes; 1 for none besides this process.
    """
    if input_bytes is None or input_bytes < _WORTHWHILE_BYTES:
        return 1
    return min(cores, _MAX_DEFAULT)


def available_cores() -> int:
    """Return how many processors this process may use; all of them where the system doesn't say (macOS)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def worker_processes(count: int, argv: Sequence[str]) -> Iterator[Callable[[], LiveCounts]]:
    """Let Beam's local runner use worker processes during a ``with`` block.

    On Linux they are copies of this process: it must not have used gRPC before, which does not work in a copy then.

    Args:
        count: How many; the runner's ``direct_num_workers`` must be the same.
        argv: The job's command line, from which the workers take the options of file systems.

    Yields:
        A function that adds up what this process and the workers have done so far.

    Raises:
        DiskError: The folder for the socket can't be made.
        WorkerEndedError: The block has failed, because a worker ended before its work was done.
        RuntimeError: The block has failed, because a worker's bundle did: its text is the worker's traceback.
    """
    constructors = WorkerHandler._registered_environments
    embedded = constructors[python_urns.EMBEDDED_PYTHON]
    with _socket_path() as path, _quiet_connections(), _Run(count, path, list(argv)) as run:
        constructors[python_urns.EMBEDDED_PYTHON] = run.new_worker, None
        try:
            yield run.counts
        except Exception as error:
            cause = run.cause_of(error)
            if cause is error:
                raise
            raise cause from error
        finally:
            constructors[python_urns.EMBEDDED_PYTHON] = embedded


@contextlib.contextmanager
def _quiet_connections() -> Iterator[None]:
    """Keep Beam's threads from printing that a worker's connection has ended: the run says why."""
    before = threading.excepthook

    def hook(failed: threading.ExceptHookArgs) -> None:
        if not isinstance(failed.exc_value, grpc.RpcError):
            before(failed)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = before


@contextlib.contextmanager
def _socket_path() -> Iterator[str]:
    with contextlib.ExitStack() as folders:
        for place in (None, "/tmp"):  # noqa: S108  # where the user's own place has a path too long for a socket
            try:
                folder = tempfile.TemporaryDirectory(prefix="customerio-beam-", dir=place)
            except OSError as error:
                raise DiskError(f"A folder for temporary files can't be made ({error.strerror}): set TMPDIR.") from None
            path = str(pathlib.Path(folders.enter_context(folder)) / _SOCKET)
            if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
                break
        yield path


class _Run:
    """The processes of one run, and the server that they all use."""

    def __init__(self, count: int, path: str, argv: list[str]) -> None:
        self._path = path
        self._server: _Server | None = None
        self._workers: list[_Worker] = []
        self._failure: Exception | None = None
        self._has_failed = threading.Event()
        self._processes = [_Process(argv, self.fail) for _ in range(count)]
        self._idle = list(self._processes)

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.end()
        if self._server is not None:
            self._server.close()

    def new_worker(self, payload: None, state: Any, provision_info: Any, manager: Any) -> _Worker:
        """Make a worker; Beam calls this where it would make its embedded one."""
        if self._server is None:
            self._server = _Server(self._path, state, manager, self.fail)
        worker = _Worker(state, provision_info, self._server, self._idle.pop())
        self._workers.append(worker)
        return worker

    def fail(self, error: Exception) -> None:
        """End all workers, so that none goes on for hours with what has failed already."""
        self._failure = self._failure or error
        self._has_failed.set()
        for worker in self._workers:
            worker.abort(self._failure)

    def cause_of(self, error: Exception) -> Exception:
        """Return why the run has failed. What the runner met first may be that a worker was gone, for that reason."""
        if self._server is not None:
            self._has_failed.wait(_END_SECS)
        return self._failure or error

    def counts(self) -> LiveCounts:
        """Add up the counts of all processes."""
        all_counts = [LIVE_COUNTS, *(process.counts for process in self._processes)]
        return LiveCounts(*map(sum, zip(*map(dataclasses.astuple, all_counts), strict=True)))


class _Server:
    """All services of the runner for its workers, at one socket. Takes the place of Beam's ``GrpcServer``."""

    def __init__(self, path: str, state: Any, manager: Any, fail: Callable[[Exception], None]) -> None:
        # Beam joins a host and a port to an address. Here these are "unix" and the path.
        self.control_port = self.data_port = self.state_port = self.logging_port = path
        self.control_handler = _Control(manager, fail)
        self.data_plane_handler = data_plane.BeamFnDataServicer()
        self._server = grpc.server(thread_pool_executor.shared_unbounded_instance(), options=_SERVER_OPTIONS)
        beam_fn_api_pb2_grpc.add_BeamFnControlServicer_to_server(self.control_handler, self._server)
        beam_fn_api_pb2_grpc.add_BeamFnDataServicer_to_server(self.data_plane_handler, self._server)
        beam_fn_api_pb2_grpc.add_BeamFnStateServicer_to_server(worker_handlers.GrpcStateServicer(state), self._server)
        self._server.add_insecure_port(f"unix:{path}")
        self._server.start()

    def close(self) -> None:
        self.control_handler.done()
        self._server.stop(None).wait()


class _Control(worker_handlers.BeamFnControlServicer):
    """Beam's control service, which also looks at the responses."""

    def __init__(self, manager: Any, fail: Callable[[Exception], None]) -> None:
        super().__init__(manager)
        self._connections_by_worker_id: dict[str, _Connection] = collections.defaultdict(lambda: _Connection(fail))


class _Connection(worker_handlers.ControlConnection):
    """A worker's connection. Beam's runner looks at a bundle's failure only once those before it are done."""

    def __init__(self, fail: Callable[[Exception], None]) -> None:
        super().__init__()
        self._fail = fail

    def set_input(self, responses: Iterable[Any]) -> None:
        super().set_input(self._watched(responses))

    def _watched(self, responses: Iterable[Any]) -> Iterator[Any]:
        for response in responses:
            if response.error:
                self._fail(RuntimeError(response.error))
            yield response


class _Worker(GrpcWorkerHandler):
    """What Beam's runner knows of a worker process."""

    def __init__(self, state: Any, provision_info: Any, server: _Server, process: _Process) -> None:
        super().__init__(state, provision_info, server)
        self._process = process

    def host_from_worker(self) -> str:
        return "unix"

    def start_worker(self) -> None:
        self._process.order(Order(self.worker_id, self.control_address))

    def abort(self, error: Exception) -> None:
        """End it, and have whoever waits for it raise the error."""
        self._process.kill()
        self.control_conn.abort(error)

    def stop_worker(self) -> None:
        self._process.end()


class _Process:
    """A worker process (``local_worker``).

    Attributes:
        counts: What it has done so far.
    """

    def __init__(self, argv: list[str], fail: Callable[[Exception], None]) -> None:
        self.counts = LiveCounts()
        self._fail = fail
        self._is_ended_here = False
        self._has_order = False
        self._cancelled = Cancellation()
        self._cancelled.add_interrupt(self.kill)
        self._pipe, workers_end = _PROCESSES.Pipe()
        self._process = _PROCESSES.Process(target=work, args=(workers_end, argv), daemon=True)
        self._process.start()
        workers_end.close()

    def order(self, what: Order) -> None:
        """Tell it what to do."""
        self._has_order = True
        self._pipe.send(what)
        # Not before all processes are there: a process with threads can't be copied safely.
        threading.Thread(target=self._follow, daemon=True).start()

    def end(self) -> None:
        """Wait for its end. One that has done its work ends by itself."""
        if self._has_order:
            self._process.join(_END_SECS)
        self.kill()
        self._process.join()

    def kill(self) -> None:
        """End it in the middle of its work."""
        self._is_ended_here = True
        self._process.kill()

    def _follow(self) -> None:
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                self.counts = self._pipe.recv()
        self._process.join()
        status = self._process.exitcode
        if status and not self._is_ended_here:
            self._fail(WorkerEndedError.of_status(status))
