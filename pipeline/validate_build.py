"""The steps of ``validate``: those of the job up to the delivery, with profiles in place of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import apache_beam as beam

from customerio_beam.mapping.campaigns import CAMPAIGN_WINDOW_SECS
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.pipeline.inputs import Input
from customerio_beam.profile.dead_letters import DeadLettersProfile
from customerio_beam.profile.events import EventsProfile
from customerio_beam.profile.operations import OperationsProfile
from customerio_beam.profile.tracking_plan import TrackingPlan
from customerio_beam.rules.model import LoadedRules
from customerio_beam.transforms import ApplyRules, KeyByPerson, MapToCustomerIO, ParseEvents
from customerio_beam.transforms.profile_events import (
    CheckTrackingPlan,
    CompareRules,
    CountPeople,
    MergeProfiles,
    ProfileElements,
    SampleVisitors,
)

__all__ = ["Wanted", "build_validation"]


@dataclass(frozen=True)
class Wanted:
    """What is validated.

    Attributes:
        job_input: Where events come from.
        max_payload_bytes: The longest event.
        mapping: The job's choices about the mapping.
        rules: The rules; None for none.
        other_rules: Rules to compare these with; None for none.
        plan: The tracking plan; None for none.
        share: The share of visitors that is looked at.
        shows_values: Whether examples keep the events' values.
    """

    job_input: Input
    max_payload_bytes: int
    mapping: MappingSettings
    rules: LoadedRules | None = None
    other_rules: LoadedRules | None = None
    plan: TrackingPlan | None = None
    share: float = 1.0
    shows_values: bool = False


def build_validation(
    pipeline: beam.Pipeline, wanted: Wanted, clock: Callable[[], float] = time.time
) -> beam.PCollection:
    """Compose the steps.

    Args:
        pipeline: The pipeline to add them to.
        wanted: What is validated.
        clock: The current time in unix seconds; "now" for events that can trigger campaigns.

    Returns:
        What was found: ``transforms.profile_events.Encoded`` profiles, one of each class. Where the input has nothing
        of a kind, its profile may be missing.
    """
    mapping, shows = wanted.mapping, wanted.shows_values
    read = wanted.job_input.read(pipeline)
    parsed = read.payloads | "ParseEvents" >> ParseEvents(
        mapping, source_timestamps=read.have_times, max_payload_bytes=wanted.max_payload_bytes
    )
    events = parsed.events
    if wanted.share < 1:
        events = events | "SampleVisitors" >> SampleVisitors(wanted.share)
    ruled = events
    dead_letters = [*read.dead_letters, parsed.dead_letters]
    if wanted.rules is not None:
        applied = events | "ApplyRules" >> ApplyRules(wanted.rules, mapping)
        ruled = applied.events
        dead_letters.append(applied.dead_letters)
    mapped = ruled | "KeyByPerson" >> KeyByPerson(mapping) | "MapToCustomerIO" >> MapToCustomerIO(mapping)
    dead_letters.append(mapped.dead_letters)
    records = dead_letters | "MergeDeadLetters" >> beam.Flatten()

    recent_from_ms = int((clock() - CAMPAIGN_WINDOW_SECS) * 1000)
    profiles = [
        events | "ProfileEvents" >> ProfileElements(EventsProfile(settings=mapping, shows_values=shows)),
        mapped.operations
        | "ProfileOperations" >> ProfileElements(OperationsProfile(recent_from_ms=recent_from_ms, shows_values=shows)),
        records | "ProfileDeadLetters" >> ProfileElements(DeadLettersProfile(shows_values=shows)),
        mapped.operations | "CountPeople" >> CountPeople(mapped.claims),
    ]
    if wanted.other_rules is not None:
        compare = CompareRules(wanted.rules, wanted.other_rules, mapping, shows_values=shows)
        profiles.append(events | "CompareRules" >> compare)
    if wanted.plan is not None:
        profiles.append(events | "CheckTrackingPlan" >> CheckTrackingPlan(wanted.plan, mapping))
    return profiles | "FlattenProfiles" >> beam.Flatten() | "MergeProfiles" >> MergeProfiles()
