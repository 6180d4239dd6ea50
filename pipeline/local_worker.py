"""A worker process of a local run, as ``worker_processes`` starts it.

It reads a line of JSON that says what to do, and then nothing: its standard input ends when the run's process has gone,
and the worker ends with it. To its standard output it writes how far it has come.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import sys
import threading
import time
from typing import BinaryIO

from customerio_beam.pipeline.loading import loading

with loading():
    import grpc
    from apache_beam.internal import pickler
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions
    from apache_beam.runners.worker import sdk_worker

    import customerio_beam.pipeline.build  # noqa: F401  # what bundles need is loaded once and for all
    from customerio_beam.pipeline.quiet_logs import quiet_logs
    from customerio_beam.transforms.live_counts import LIVE_COUNTS

__all__ = ["main"]

#: Seconds between two reports of how far it has come: as often as a terminal's line shows it.
_REPORT_SECS = 0.5


def main() -> int:
    """Work until the run is over; return the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the run's process ends its workers
    reports = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print is no report
    line = sys.stdin.buffer.readline()
    if not line:
        return 0  # the run has ended before it began
    order = json.loads(line)
    threading.Thread(target=_end_with_run, daemon=True).start()
    threading.Thread(target=_report, args=[reports], daemon=True).start()
    quiet_logs()
    # Beam prints a failed bundle's traceback, too. The run says the cause in one sentence.
    vars(sdk_worker)["print"] = lambda *_, **__: None
    options = PipelineOptions(order["argv"])
    FileSystems.set_options(options)
    pickler.set_library(options.view_as(SetupOptions).pickle_library)
    harness = sdk_worker.SdkHarness(
        order["control_address"],
        worker_id=order["worker_id"],
        runner_capabilities=frozenset(order["capabilities"]),
    )
    try:
        harness.run()
    except grpc.RpcError:
        return 1  # the connection has ended: the run says why
    return 0


def _end_with_run() -> None:
    os.read(0, 1)
    os._exit(1)


def _report(reports: BinaryIO) -> None:
    with contextlib.suppress(BrokenPipeError):  # the run's process has gone
        while True:
            reports.write(json.dumps(dataclasses.astuple(LIVE_COUNTS)).encode() + b"\n")
            time.sleep(_REPORT_SECS)


if __name__ == "__main__":
    sys.exit(main())
