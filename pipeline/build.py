"""The job's steps, in the order in which data flows through them."""

from __future__ import annotations

import time
from collections.abc import Callable

import apache_beam as beam

from customerio_beam.pipeline.dead_letters import (
    WriteDeadLetterFiles,
    WriteDeadLetterFilesOfStream,
    WriteDeadLettersToTopic,
)
from customerio_beam.pipeline.operations_output import WriteOperations
from customerio_beam.pipeline.options import CustomerIOOptions
from customerio_beam.pipeline.rules import job_rules
from customerio_beam.pipeline.run_files import new_run_name
from customerio_beam.transforms import (
    ApplyRules,
    HoldRecentEvents,
    KeyByPerson,
    MapToCustomerIO,
    ParseEvents,
    RedactDeadLetters,
    StitchAnonymous,
    WriteToCustomerIO,
)

__all__ = ["build_pipeline"]


def build_pipeline(
    pipeline: beam.Pipeline,
    options: CustomerIOOptions,
    clock: Callable[[], float] = time.time,
    block_folder: str | None = None,
    run_name: str | None = None,
) -> None:
    """Compose the job.

    Args:
        pipeline: The pipeline to add it to.
        options: The job's options, checked (``CustomerIOOptions.check``).
        clock: The current time in unix seconds; "now" for events that are too recent for a backfill.
        run_name: What the names of this run's files have after their prefix (``run_files.new_run_name``); None for a
            new one.
        block_folder: A folder for what crosses the shuffle (``WriteToCustomerIO``); None to leave it to the runner.

    Raises:
        OptionError: The file of ``--rules`` can't be right (``rules.job_rules``).
    """
    run_name = run_name or new_run_name(clock())
    mapping, delivery, output = options.mapping_settings, options.delivery_settings, options.output_settings
    rules = job_rules(options)
    read = options.job_input.read(pipeline)
    parsed = read.payloads | "ParseEvents" >> ParseEvents(
        mapping, source_timestamps=read.have_times, max_payload_bytes=options.input_settings.max_payload_bytes
    )
    events = parsed.events
    dead_letters = [*read.dead_letters, parsed.dead_letters]
    if rules is not None:
        ruled = events | "ApplyRules" >> ApplyRules(rules, mapping)
        events = ruled.events
        dead_letters.append(ruled.dead_letters)
    keyed = events | "KeyByPerson" >> KeyByPerson(mapping)
    mapped = keyed | "MapToCustomerIO" >> MapToCustomerIO(mapping)
    operations = mapped.operations
    dead_letters.append(mapped.dead_letters)
    if options.holds_recent_events:
        held = operations | "HoldRecentEvents" >> HoldRecentEvents(
            launched_at=None if options.job_input.is_stream else clock()
        )
        operations = held.operations
        dead_letters.append(held.dead_letters)
    if delivery.anonymous == "stitch":
        operations = operations | "StitchAnonymous" >> StitchAnonymous(
            mapped.claims, mapping, block_folder=block_folder
        )

    if output.operations_output:
        _ = operations | "WriteOperations" >> WriteOperations(output.operations_output, run_name)
    else:
        written = operations | "WriteToCustomerIO" >> WriteToCustomerIO(
            options.credentials_source, delivery, block_folder=block_folder
        )
        dead_letters.append(written.dead_letters)

    records = dead_letters | "MergeDeadLetters" >> beam.Flatten()
    if rules is not None and options.rules_settings.dead_letters_redacted:
        records = records | "RedactDeadLetters" >> RedactDeadLetters(rules, mapping)
    if output.dead_letter_topic:
        _ = records | "WriteDeadLetters" >> WriteDeadLettersToTopic(output.dead_letter_topic)
    else:
        write_files = WriteDeadLetterFilesOfStream if options.job_input.is_stream else WriteDeadLetterFiles
        _ = records | "WriteDeadLetters" >> write_files(f"{options.dead_letters_prefix}-{run_name}")
