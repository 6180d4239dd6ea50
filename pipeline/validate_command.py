"""``validate``: say what the job would send for some events, and send nothing."""

from __future__ import annotations

import gc
import logging
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.pipeline.command_settings import ValidateSettings
from customerio_beam.pipeline.commands import Given
from customerio_beam.pipeline.counts import read_counts
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.exit_status import exit_status
from customerio_beam.pipeline.inputs import select_input
from customerio_beam.pipeline.job_settings import InputSettings, RulesSettings
from customerio_beam.pipeline.private_page import write_private
from customerio_beam.pipeline.rules import checked_rules
from customerio_beam.pipeline.summary import Summary
from customerio_beam.pipeline.validate_build import Wanted, build_validation
from customerio_beam.profile.comparison import ComparisonProfile
from customerio_beam.profile.dead_letters import DeadLettersProfile
from customerio_beam.profile.encoding import decode
from customerio_beam.profile.events import EventsProfile
from customerio_beam.profile.operations import OperationsProfile
from customerio_beam.profile.people import PeopleCounts
from customerio_beam.profile.profile import Profile
from customerio_beam.profile.tracking_plan import (
    MAX_PLAN_BYTES,
    JsonSchemaMissing,
    PlanError,
    TrackingPlan,
    ViolationsProfile,
    read_plan,
)
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.report.html_form import html_document
from customerio_beam.report.text_form import text_document
from customerio_beam.report.validation import Validation, validation_report
from customerio_beam.rules.model import LoadedRules
from customerio_beam.transforms.bundle_tally import LOGGER as UNUSABLE_BUNDLES
from customerio_beam.transforms.file_systems import opened
from customerio_beam.transforms.profile_events import Encoded
from customerio_beam.visible import visible

__all__ = ["run"]

_T = TypeVar("_T", bound=Profile)

_PROBLEMS = 3


def run(given: Given) -> int:
    """Read the input, print the report, and write the page.

    Returns:
        0: there are no problems; 1: the input can't be read to its end; 3: there are problems, which the report's first
        lines name.

    Raises:
        OptionError: An option can't be right.
    """
    FileSystems.set_options(PipelineOptions([]))
    inputs, options = given[InputSettings], given[ValidateSettings]
    mapping = given[MappingSettings]
    job_input = select_input(inputs)
    job_input.check()
    wanted = Wanted(
        job_input=job_input,
        max_payload_bytes=inputs.max_payload_bytes,
        mapping=mapping,
        rules=_rules("rules", given[RulesSettings].rules, mapping),
        other_rules=_rules("compare", options.compare, mapping),
        plan=None if options.tracking_plan is None else _plan(options.tracking_plan),
        share=options.sample,
        shows_values=options.show_values,
    )
    if options.report is not None:
        write_private(Path(options.report), "")  # a page that can't be written is said now, not after hours
    return exit_status(lambda: _run(wanted, given), "The command")


def _run(wanted: Wanted, given: Given) -> int:
    options = given[ValidateSettings]
    report = validation_report(_validated(wanted, given))
    if options.report is not None:
        write_private(Path(options.report), html_document(report))
    print("\n".join(text_document(report)))
    return _PROBLEMS if report.problems else 0


def _validated(wanted: Wanted, given: Given) -> Validation:
    # A failing bundle's traceback; its cause is said in one sentence at the end.
    logging.getLogger("apache_beam.runners").setLevel(logging.CRITICAL)
    UNUSABLE_BUNDLES.setLevel(logging.ERROR)  # the report says it of the whole input
    gc.freeze()  # as in a run of the job
    now = time.time()
    with tempfile.TemporaryDirectory() as folder:
        pipeline = beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"]))
        found = build_validation(pipeline, wanted, lambda: now)
        _ = found | "Keep" >> beam.Map(_keep, folder)
        result = pipeline.run()
        try:
            result.wait_until_finish()
        except KeyboardInterrupt:
            result.cancel()
            raise
        profiles = [decode(path.read_bytes()) for path in Path(folder).iterdir()]
    inputs = given[InputSettings]
    counts = read_counts(result)
    summary = Summary(counts.counters, counts.means)
    return Validation(
        inputs=[visible(pattern) for pattern in inputs.input],
        made_at=now,
        share=wanted.share,
        delivery=given[DeliverySettings],
        holds_recent=inputs.backfill_recent == "hold",
        rules=wanted.rules,
        events_read=summary.events_read,
        opted_out=summary.events_opted_out,
        filtered=summary.filtered_by_rule,
        events=_found(EventsProfile, profiles),
        operations=_found(OperationsProfile, profiles),
        dead_letters=_found(DeadLettersProfile, profiles),
        people=_found(PeopleCounts, profiles),
        other_rules=wanted.other_rules,
        comparison=None if wanted.other_rules is None else _found(ComparisonProfile, profiles),
        plan=given[ValidateSettings].tracking_plan,
        violations=None if wanted.plan is None else _found(ViolationsProfile, profiles),
    )


def _keep(found: Encoded, folder: str) -> None:
    name, profile = found
    (Path(folder) / name).write_bytes(profile)


def _found(kind: type[_T], profiles: Iterable[Profile]) -> _T:
    return next((profile for profile in profiles if isinstance(profile, kind)), kind())


def _rules(option: str, path: str | None, mapping: MappingSettings) -> LoadedRules | None:
    return None if path is None else checked_rules(option, path, mapping)


def _plan(path: str) -> TrackingPlan:
    try:
        with opened(path) as file:
            data = file.read(MAX_PLAN_BYTES + 1)
        return read_plan(data)
    except JsonSchemaMissing as error:
        raise OptionError(str(error)) from None
    except PlanError as error:
        raise OptionError(f"--tracking_plan={visible(path)} can't be used: {error}.") from None
    except UnreadableFileError as error:
        raise OptionError(f"--tracking_plan={error}") from None
