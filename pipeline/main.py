"""The job: what is composed of what (``build_pipeline``), and how it is run (``run``)."""

from __future__ import annotations

import time
from collections.abc import Callable

import apache_beam as beam

from pipeline.dead_letters import WriteDeadLetterFiles, WriteDeadLettersToTopic
from pipeline.operations_output import WriteOperations
from pipeline.options import CustomerIOOptions
from pipeline.sources import ReadDeadLetters, ReadFiles, ReadSubscription
from transforms import HoldRecentEvents, KeyByPerson, MapToCustomerIO, ParseEvents, WriteToCustomerIO

__all__ = ["build_pipeline"]


def build_pipeline(pipeline: beam.Pipeline, options: CustomerIOOptions, clock: Callable[[], float] = time.time) -> None:
    """Compose the job.

    Args:
        pipeline: The pipeline to add it to.
        options: The job's options, checked (``CustomerIOOptions.check``).
        clock: The current time in unix seconds; "now" for events that are too recent for a backfill.
    """
    dead_letters = []
    source_timestamps = None
    if options.input_subscription:
        payloads = pipeline | "ReadEvents" >> ReadSubscription(options.input_subscription, options.id_label)
    elif options.input_format == "dead_letters":
        read = pipeline | "ReadDeadLetters" >> ReadDeadLetters(options.patterns)
        payloads, source_timestamps = read.payloads, True
        dead_letters.append(read.dead_letters)
    else:
        payloads = pipeline | "ReadEvents" >> ReadFiles(options.patterns)

    parsed = payloads | "ParseEvents" >> ParseEvents(source_timestamps)
    keyed = parsed.events | "KeyByPerson" >> KeyByPerson(options.identify_by)
    mapped = keyed | "MapToCustomerIO" >> MapToCustomerIO(options.mapping_settings)
    operations = mapped.operations
    dead_letters += [parsed.dead_letters, mapped.dead_letters]

    if options.operations_output:
        _ = operations | "WriteOperations" >> WriteOperations(options.operations_output)
    else:
        if options.holds_recent_events:
            held = operations | "HoldRecentEvents" >> HoldRecentEvents(launched_at=clock())
            operations = held.operations
            dead_letters.append(held.dead_letters)
        written = operations | "WriteToCustomerIO" >> WriteToCustomerIO(
            options.credentials_source, options.delivery_settings
        )
        dead_letters.append(written.dead_letters)

    records = dead_letters | "MergeDeadLetters" >> beam.Flatten()
    if options.dead_letter_topic:
        _ = records | "WriteDeadLetters" >> WriteDeadLettersToTopic(options.dead_letter_topic)
    else:
        _ = records | "WriteDeadLetters" >> WriteDeadLetterFiles(options.dead_letters_prefix)
