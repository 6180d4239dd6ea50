"""Run the job as the command line says."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import (
    DebugOptions,
    DirectOptions,
    FlinkRunnerOptions,
    GoogleCloudOptions,
    PortableOptions,
    StandardOptions,
)
from apache_beam.runners.portability import portable_runner

from customerio_beam.delivery.block_files import new_block_folder
from customerio_beam.delivery.connection_check import check_connection
from customerio_beam.delivery.errors import CredentialsUnavailableError
from customerio_beam.delivery.workspace import shared_workspace
from customerio_beam.pipeline.build import build_pipeline
from customerio_beam.pipeline.counts import read_counts
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.exit_status import exit_status
from customerio_beam.pipeline.flink_jobs import cancel_flink_job
from customerio_beam.pipeline.job_server import check_job_server
from customerio_beam.pipeline.options import CustomerIOOptions, parse_options, runner_options
from customerio_beam.pipeline.progress import show_progress
from customerio_beam.pipeline.quiet_logs import quiet_logs
from customerio_beam.pipeline.run_files import new_run_name, private_files
from customerio_beam.pipeline.summary import Summary
from customerio_beam.pipeline.topic_check import check_topic
from customerio_beam.pipeline.unusable import read_examples, unusable_input
from customerio_beam.pipeline.worker_processes import available_cores, default_processes, worker_processes
from customerio_beam.transforms.live_counts import LIVE_COUNTS, LiveCounts

__all__ = ["run"]

#: Runs everything in this process. ``DirectRunner`` would first try to download another runner, and then behave as
#: the machine has it; it is used for subscriptions alone, which only it can read locally.
_LOCAL_RUNNER = "FnApiRunner"
_LOCAL_STREAMING_RUNNER = "DirectRunner"

_UNUSABLE_INPUT = 3


def run(argv: Sequence[str]) -> int:
    """Run the job as the command line says.

    On Dataflow it returns once the job is submitted; elsewhere when the job is done, after printing its summary.

    Args:
        argv: The command line, without the program's name.

    Returns:
        The exit status: 0; 1 if the job failed; 2 for an option that can't be right; 3 if the job is done and most of
        its input could not be used (``unusable_input``); 130 or 143 if Ctrl-C or SIGTERM
        ended it.
    """
    return exit_status(lambda: _run_command(argv), "The job")


def _run_command(argv: Sequence[str]) -> int:
    # It warns of the options that only a job server knows; these are checked with it.
    logging.getLogger("apache_beam.options.pipeline_options").setLevel(logging.ERROR)
    try:
        options = parse_options(argv)
        if options.check_connection:
            return _check_connection(options)
        FileSystems.set_options(options)  # the first look at gs:// decides which credentials are used
        options.job_input.check()
    except OptionError as error:
        print(error, file=sys.stderr)
        return 2
    standard = options.view_as(StandardOptions)
    standard.streaming = options.job_input.is_stream
    if standard.runner is None:
        standard.runner = _LOCAL_STREAMING_RUNNER if standard.streaming else _LOCAL_RUNNER
    with _workers(options, argv) as counts:  # first: what is checked next may use gRPC
        try:
            _check_services(options, argv)
        except (OptionError, CredentialsUnavailableError) as error:
            print(error, file=sys.stderr)
            return 2
        try:
            return _run(options, counts)
        except OptionError as error:  # the rules are read when the pipeline is built
            print(error, file=sys.stderr)
            return 2


def _check_services(options: CustomerIOOptions, argv: Sequence[str]) -> None:
    """Check what only a service can tell, before anything runs.

    Raises:
        OptionError: The topic or the job server can't be right.
        CredentialsUnavailableError: The credentials can't be fetched.
    """
    if options.dead_letter_topic:
        check_topic(options.dead_letter_topic, publishes_here=options.runs_on_this_machine)
    job_endpoint = options.view_as(PortableOptions).job_endpoint
    if job_endpoint:
        check_job_server(job_endpoint, runner_options(argv))
    if options.runs_on_this_machine and not options.operations_output:
        _fetch_credentials(options)  # now, not when the first operation is to be sent


def _run(options: CustomerIOOptions, counts: Callable[[], LiveCounts]) -> int:
    if not options.runs_on_dataflow:
        quiet_logs()
    elif not options.rate_limit_service:
        # A worker's processes share its budget by files. Dataflow may give each process a container with files of its
        # own, and each would then use the worker's whole share.
        options.view_as(DebugOptions).add_experiment("no_use_multiple_sdk_containers")
    run_name = new_run_name(time.time())
    if options.runs_on_dataflow:
        pipeline = beam.Pipeline(options=options)
        build_pipeline(pipeline, options, run_name=run_name)
        return _submit(pipeline, options)
    with private_files():
        result = _run_here(options, counts, run_name)
    return _report(result, options, run_name)


def _report(result: Any, options: CustomerIOOptions, run_name: str) -> int:
    """Print what a finished run did; return the exit status."""
    try:
        counts = read_counts(result)
    except Exception as error:  # noqa: BLE001 - runners raise what they like, and the run itself has succeeded
        print(f"The job has finished. Its counts could not be read: {type(error).__name__}: {error}")
        return 0
    summary = Summary(counts.counters, counts.means, counts.missing)
    place = options.dead_letter_topic or f"{options.dead_letters_prefix}-{run_name}*.ndjson"
    print("\n".join(summary.lines(delivers=not options.operations_output, dead_letters_place=place)))
    if options.job_input.is_stream or not counts.counters or counts.missing:
        return 0
    given = options.input_settings
    problem = unusable_input(summary, given, read_examples(counts.string_sets))
    if problem is None:
        return 0
    print(problem, file=sys.stderr)
    return 0 if given.allow_unusable else _UNUSABLE_INPUT


def _run_here(options: CustomerIOOptions, counts: Callable[[], LiveCounts], run_name: str) -> Any:
    with _block_folder(options) as folder:
        pipeline = beam.Pipeline(options=options)
        build_pipeline(pipeline, options, block_folder=folder, run_name=run_name)
        with show_progress(counts, sys.stderr):
            result = pipeline.run()
            try:
                result.wait_until_finish()
            except KeyboardInterrupt:
                _cancel(result, options)
                raise
    return result


def _block_folder(options: CustomerIOOptions) -> AbstractContextManager[str | None]:
    """Return where blocks are on disk: only where it is known that all workers are processes of this machine."""
    return new_block_folder() if _reads_files_here(options) else nullcontext()


def _workers(options: CustomerIOOptions, argv: Sequence[str]) -> AbstractContextManager[Callable[[], LiveCounts]]:
    """Return what starts the worker processes, if the run has any, and tells how far the run has come."""
    processes = options.local_settings.processes
    direct = options.view_as(DirectOptions)
    beam_decides = direct.direct_num_workers != 1 or direct.direct_running_mode not in (None, "in_memory")
    if processes is None and _reads_files_here(options) and not beam_decides:
        processes = default_processes(options.job_input.size_bytes(), available_cores())
    if processes in (None, 1):
        return nullcontext(lambda: LIVE_COUNTS)
    direct.direct_num_workers = processes
    return worker_processes(processes, argv)


def _reads_files_here(options: CustomerIOOptions) -> bool:
    return options.view_as(StandardOptions).runner == _LOCAL_RUNNER and not options.job_input.is_stream


def _cancel(result: Any, options: CustomerIOOptions) -> None:
    result.cancel()
    master = options.view_as(FlinkRunnerOptions).flink_master
    if isinstance(result, portable_runner.PipelineResult) and not master.startswith("["):  # [auto], [local]
        name, _, _ = result._job_id.rpartition("_")  # the job server adds an id of its own to the job's name
        if cancel_flink_job(master, name):
            print(f"Cancelled the job {name} on Flink.", file=sys.stderr)


def _submit(pipeline: beam.Pipeline, options: CustomerIOOptions) -> int:
    result = pipeline.run()
    template = options.view_as(GoogleCloudOptions).template_location
    # A Flex Template's launcher has the job written to a file, and submits it itself.
    print(f"Wrote the job to {template}" if template else f"Submitted Dataflow job {result.job_id()}")
    return 0


def _fetch_credentials(options: CustomerIOOptions) -> None:
    settings = options.delivery_settings
    workspace = shared_workspace(options.credentials_source, settings.base_url, settings.secret_max_age_secs)
    _ = workspace.credentials.current  # the workers in this process use the same


def _check_connection(options: CustomerIOOptions) -> int:
    check = check_connection(options.credentials_source, options.delivery_settings)
    print(check.sentence, file=sys.stdout if check.works else sys.stderr)
    return 0 if check.works else 1
