"""Profiles: what events, operations and dead letters are like, and how many people there are."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.profile.comparison import ComparisonProfile, Outcome, outcome
from customerio_beam.profile.encoding import encode, merged
from customerio_beam.profile.events import event_key
from customerio_beam.profile.people import PeopleSet, count_people
from customerio_beam.profile.profile import Profile
from customerio_beam.profile.tracking_plan import TrackingPlan, Violation, ViolationsProfile
from customerio_beam.rules.compiled import Rules
from customerio_beam.rules.model import LoadedRules
from customerio_beam.transforms.batches import BatchDoFn
from customerio_beam.transforms.rules_files import RULES_RESOURCES

__all__ = [
    "CheckTrackingPlan",
    "CompareRules",
    "CountPeople",
    "Encoded",
    "MergeProfiles",
    "ProfileElements",
    "SampleVisitors",
]

#: People who are gathered before they are packed: some megabytes.
_MAX_GATHERED: Final = 100_000
_HASH_BYTES: Final = 8


#: The name of a profile's class, and the profile (``profile.encoding``).
Encoded = tuple[str, bytes]


class ProfileElements(beam.PTransform):
    """Profile a bounded PCollection: any elements to one ``Encoded`` profile a bundle, for ``MergeProfiles``.

    Args:
        start: The profile of no elements.
    """

    def __init__(self, start: Profile) -> None:
        super().__init__()
        self._start = start
        self._dofn: _Profile = _Profile(start)

    def expand(self, elements: beam.PCollection) -> beam.PCollection:
        """Wire the DoFn; see the class."""
        return elements | "Profile bundles" >> beam.ParDo(self._dofn).with_output_types(Encoded)


class MergeProfiles(beam.PTransform):
    """Merge profiles: ``PCollection[Encoded]`` to one ``Encoded`` for each class of profile."""

    def expand(self, profiles: beam.PCollection) -> beam.PCollection:
        """Wire the combiner; see the class."""
        return profiles | "Merge" >> beam.CombinePerKey(merged).with_output_types(Encoded)


class CompareRules(ProfileElements):
    """Profile what another rules file would change: ``PCollection[Event]`` to ``Encoded`` ``ComparisonProfile``.

    Args:
        before: The rules; None for none.
        after: The other ones.
        settings: The job's choices about the mapping.
        shows_values: Whether examples keep the events' values.
    """

    def __init__(
        self, before: LoadedRules | None, after: LoadedRules, settings: MappingSettings, *, shows_values: bool
    ) -> None:
        super().__init__(ComparisonProfile(shows_values=shows_values))
        self._dofn = _Compare(self._start, before, after, settings)


class CheckTrackingPlan(ProfileElements):
    """Profile how events break a tracking plan: ``PCollection[Event]`` to ``Encoded`` ``ViolationsProfile``.

    Args:
        plan: The plan (``tracking_plan.read_plan``).
        settings: The job's choices about the mapping.
    """

    def __init__(self, plan: TrackingPlan, settings: MappingSettings) -> None:
        super().__init__(ViolationsProfile())
        self._dofn = _Check(self._start, plan, settings)


class _Profile(beam.DoFn):
    """Profiles a bundle."""

    def __init__(self, start: Profile) -> None:
        self._start = start

    def start_bundle(self) -> None:
        self._profile = copy.deepcopy(self._start)

    @beam.DoFn.yields_elements
    def process_batch(self, batch: list[Any]) -> Iterator[Encoded]:
        add, prepared = self._profile.add, self.prepared
        for element in batch:
            add(prepared(element))
        yield from ()

    def process(self, element: Any) -> Iterator[Encoded]:
        yield from self.process_batch([element])

    def finish_bundle(self) -> Iterator[WindowedValue]:
        window = GlobalWindow()
        yield WindowedValue(_encoded(self._profile), window.max_timestamp(), (window,))

    def prepared(self, element: Any) -> Any:
        """Return what is to be counted of an element."""
        return element

    get_input_batch_type = BatchDoFn.get_input_batch_type
    get_output_batch_type = BatchDoFn.get_output_batch_type


class _Compare(_Profile):
    def __init__(
        self, start: Profile, before: LoadedRules | None, after: LoadedRules, settings: MappingSettings
    ) -> None:
        super().__init__(start)
        self._loaded = (before, after)
        self._settings = settings

    def setup(self) -> None:
        self._rules = [
            None if loaded is None else Rules(loaded.rules, self._settings, RULES_RESOURCES) for loaded in self._loaded
        ]

    def prepared(self, element: Event) -> tuple[Event, Outcome, Outcome]:
        before, after = (outcome(element, rules, self._settings) for rules in self._rules)
        return element, before, after


class _Check(_Profile):
    def __init__(self, start: Profile, plan: TrackingPlan, settings: MappingSettings) -> None:
        super().__init__(start)
        self._plan = plan
        self._settings = settings

    def prepared(self, element: Event) -> tuple[str, list[Violation] | None]:
        return event_key(element, self._settings), self._plan.violations(element, self._settings)


class CountPeople(beam.PTransform):
    """Count different people, exactly: ``PCollection[KeyedOperation]`` to ``Encoded`` ``PeopleCounts``, one a shard.

    A bundle packs hashes of its people by shard, 17 bytes each, and only these blocks cross the shuffle. A shard's
    people are then counted in memory: ten million people are 40,000 in each of 256 shards.

    Args:
        claims: The links from visitors to people: ``MapResult.claims``.
    """

    def __init__(self, claims: beam.PCollection) -> None:
        super().__init__()
        self._claims = claims

    def expand(self, operations: beam.PCollection) -> beam.PCollection:
        """Wire packing, grouping and counting; see the class."""
        people = operations | "Pack people" >> beam.ParDo(_Pack(PeopleSet.add)).with_output_types(tuple[int, bytes])
        claims = self._claims | "Pack claims" >> beam.ParDo(_Pack(PeopleSet.add_claim)).with_output_types(
            tuple[int, bytes]
        )
        return (
            (people, claims)
            | "Merge" >> beam.Flatten()
            | "Group by shard" >> beam.GroupByKey()
            | "Count shards"
            >> beam.MapTuple(lambda _, blocks: _encoded(count_people(blocks))).with_output_types(Encoded)
        )


def _encoded(profile: Profile) -> Encoded:
    return type(profile).__name__, encode(profile)


class _Pack(beam.DoFn):
    """Packs the people of a bundle."""

    def __init__(self, add: Any) -> None:
        self._add = add

    def start_bundle(self) -> None:
        self._people = PeopleSet()

    @beam.DoFn.yields_elements
    def process_batch(self, batch: list[KeyedOperation]) -> Iterator[tuple[int, bytes]]:
        for element in batch:
            self._add(self._people, element)
        if len(self._people) > _MAX_GATHERED:
            yield from self._people.blocks()

    def process(self, element: KeyedOperation) -> Iterator[tuple[int, bytes]]:
        yield from self.process_batch([element])

    def finish_bundle(self) -> Iterator[WindowedValue]:
        window = GlobalWindow()
        for block in self._people.blocks():
            yield WindowedValue(block, window.max_timestamp(), (window,))

    get_input_batch_type = BatchDoFn.get_input_batch_type
    get_output_batch_type = BatchDoFn.get_output_batch_type


class SampleVisitors(beam.PTransform):
    """Keep a share of the events: ``PCollection[Event]`` to ``PCollection[Event]``.

    All events of a visitor (an anonymousId; or a userId where there is none) are kept or left out together, so that a
    sample has visitors with the identify calls that claim them. The same events are kept in each run.

    Args:
        share: The share of visitors, above 0 and at most 1.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self._below = int(share * 256**_HASH_BYTES)

    def expand(self, events: beam.PCollection) -> beam.PCollection:
        """Wire the DoFn; see the class."""
        return events | "Sample" >> beam.ParDo(_Sample(self._below))


class _Sample(BatchDoFn):
    output_type = Event

    def __init__(self, below: int) -> None:
        self._below = below

    def process_batch(self, batch: list[Event]) -> Iterator[list[Event]]:
        yield [event for event in batch if self._number(event) < self._below]

    def _number(self, event: Event) -> int:
        visitor = event.anonymous_id or event.user_id or event.message_id
        text = event.origin.text if visitor is None else visitor.encode()
        return int.from_bytes(blake2b(text, digest_size=_HASH_BYTES).digest(), "big")
