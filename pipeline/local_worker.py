"""What a worker process of a local run does (``worker_processes``)."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from typing import NamedTuple

import grpc
from apache_beam.internal import pickler
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions
from apache_beam.runners.portability.fn_api_runner.worker_handlers import FNAPI_RUNNER_CAPABILITIES
from apache_beam.runners.worker import sdk_worker

from customerio_beam.pipeline.quiet_logs import quiet_logs
from customerio_beam.pipeline.run_files import PRIVATE_UMASK
from customerio_beam.transforms.live_counts import LIVE_COUNTS

__all__ = ["Order", "work"]

#: Seconds between two reports of how far it has come: as often as a terminal's line shows it.
_REPORT_SECS = 0.5


class Order(NamedTuple):
    """What a worker is to do.

    Attributes:
        worker_id: Its name at the runner.
        control_address: Where the runner is.
    """

    worker_id: str
    control_address: str


def work(pipe: Connection, argv: list[str]) -> None:
    """Work until the run is over, or its process has gone.

    Args:
        pipe: Brings the order, and takes ``LiveCounts``.
        argv: The job's command line.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the run's process ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_run, daemon=True).start()
    order: Order = pipe.recv()
    quiet_logs()
    os.umask(PRIVATE_UMASK)
    # Beam prints a failed bundle's traceback, too. The run says the cause in one sentence.
    vars(sdk_worker)["print"] = lambda *_, **__: None
    options = PipelineOptions(argv)
    FileSystems.set_options(options)
    pickler.set_library(options.view_as(SetupOptions).pickle_library)
    threading.Thread(target=_report, args=[pipe], daemon=True).start()
    harness = sdk_worker.SdkHarness(
        order.control_address, worker_id=order.worker_id, runner_capabilities=FNAPI_RUNNER_CAPABILITIES
    )
    # Where the connection has ended, the run says why.
    with contextlib.suppress(grpc.RpcError):
        harness.run()


def _end_with_run() -> None:
    run = multiprocessing.parent_process()
    assert run is not None  # noqa: S101  # this is a process that another one has started
    run.join()
    os._exit(1)


def _report(pipe: Connection) -> None:
    with contextlib.suppress(ConnectionError):  # the run's process has gone
        while True:
            pipe.send(LIVE_COUNTS)
            time.sleep(_REPORT_SECS)
