"""StitchAnonymous: events of anonymous visitors, sent under the people whom they turned out to be."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.delivery.blocks import Block, BlockPacker, RowReader
from customerio_beam.delivery.external_sort import sort_rows
from customerio_beam.delivery.operation import operation_kind
from customerio_beam.delivery.stitching import join_claims
from customerio_beam.mapping import json_text
from customerio_beam.mapping.anonymous import under_person
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.person import identifiers_key
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.transforms.batches import Batch, BatchDoFn
from customerio_beam.transforms.pack_by_shard import PackByShard

__all__ = ["StitchAnonymous"]

_VISITORS = "visitors"
_VISITOR_AND_TIME = operator.attrgetter("key", "time_ms")

#: Groups of visitors, by a hash. Each is joined in memory or, if it is larger than this many bytes, through a file.
_SHARDS = 64
_SORT_BYTES = 64_000_000
_PACK_BYTES = 32_000_000


class StitchAnonymous(beam.PTransform):
    """Send the events of anonymous visitors under the people who claim them. For bounded input.

    Customer.io joins an anonymous event to a person only if it receives the event before the identify call that claims
    it. This transform joins them itself: an event leaves under the person of the visitor's first claim at or after it,
    or else of the last one before it. Events keep their ids: Customer.io does not move those that it has received as
    anonymous events already. Events that nobody claims leave as they came. Counts ``events/stitched``.

    Takes a ``PCollection[KeyedOperation]`` and returns one. Memory is bounded: visitors are grouped by shards, which
    are sorted outside of memory where they are large.

    Example:
        ```
        stitched = mapped.operations | StitchAnonymous(mapped.claims, MappingSettings())
        stitched | WriteToCustomerIO(...)
        ```

    Args:
        claims: The claims of the whole input: ``MapResult.claims``.
        settings: The job's choices about the mapping.
        block_folder: A folder of all workers for what crosses the shuffle (``WriteToCustomerIO``).
    """

    def __init__(
        self, claims: beam.PCollection, settings: MappingSettings | None = None, *, block_folder: str | None = None
    ) -> None:
        super().__init__()
        self._block_folder = block_folder
        self._claims = claims
        self._settings = settings or MappingSettings()

    def expand(self, operations: beam.PCollection) -> beam.PCollection:
        """Part the visitors' operations from the others, join them to the claims, and merge; see the class."""
        parted = operations | "PartVisitors" >> beam.ParDo(_PartVisitors()).with_outputs(_VISITORS, main="others")
        visitors = parted[_VISITORS] | "PackVisitors" >> self._pack()
        claims = self._claims | "PackClaims" >> self._pack()
        joined = (
            (visitors, claims)
            | "GroupByVisitor" >> beam.CoGroupByKey()
            | "Stitch" >> beam.ParDo(_Stitch(self._settings, self._block_folder)).with_output_types(tuple[int, Block])
        )
        # What is merged crosses a shuffle on some runners: as blocks.
        others = parted.others | "PackOthers" >> self._pack()
        return (others, joined) | "Merge" >> beam.Flatten() | "Unpack" >> beam.ParDo(_Unpack())

    def _pack(self) -> beam.ParDo:
        pack = PackByShard(_SHARDS, _PACK_BYTES, self._block_folder)
        return beam.ParDo(pack).with_output_types(tuple[int, Block])


class _PartVisitors(BatchDoFn):
    output_type = KeyedOperation

    def process_batch(self, batch: list[KeyedOperation]) -> Iterator[Any]:
        visitors: list[KeyedOperation] = []
        others: list[KeyedOperation] = []
        for keyed in batch:
            (visitors if operation_kind(keyed[1][1]) == "anonymous" else others).append(keyed)
        yield others
        if visitors:
            yield beam.pvalue.TaggedOutput(_VISITORS, visitors)


class _Stitch(beam.DoFn):
    """Joins the events of a shard's visitors to their claims."""

    def __init__(self, settings: MappingSettings, block_folder: str | None) -> None:
        self._settings = settings
        self._block_folder = block_folder
        self._stitched = Metrics.counter("events", "stitched")

    def process(self, element: tuple[int, tuple[Iterable[Block], Iterable[Block]]]) -> Iterator[tuple[int, Block]]:
        _, (events, claims) = element
        event_reader, claim_reader = RowReader(), RowReader()
        joined = join_claims(
            sort_rows(event_reader.lists(events), _VISITOR_AND_TIME, _SORT_BYTES),
            sort_rows(claim_reader.lists(claims), _VISITOR_AND_TIME, _SORT_BYTES),
        )
        packer = BlockPacker(_SHARDS, self._block_folder)
        for event, person in joined:
            keyed = [(event.key, value) for value in event_reader.values([event])]
            packer.add(keyed if person is None else self._under(person, keyed))
            if packer.gathered_bytes > _PACK_BYTES:
                yield from packer.flush()
        yield from packer.flush()

    def _under(self, person: bytes, visitors: list[KeyedOperation]) -> list[KeyedOperation]:
        identifiers = json_text.loads(person)
        key = identifiers_key(identifiers)
        try:
            operations = [
                (key, (time_ms, rewritten, origin))
                for _, (time_ms, operation, origin) in visitors
                for rewritten in under_person(operation, identifiers, self._settings)
            ]
        except InvalidEvent:
            return visitors  # the person can't have it; as the visitor's it is valid
        self._stitched.inc()
        return operations


class _Unpack(beam.DoFn):
    """Unpacks blocks; yields lists of operations."""

    @beam.DoFn.yields_batches
    def process(self, element: tuple[int, Block]) -> Iterator[list[KeyedOperation]]:
        reader = RowReader()
        yield [(row.key, value) for row in reader.rows([element[1]]) for value in reader.values([row])]

    def get_output_batch_type(self, input_element_type: Any) -> type:
        """Tell Beam the type of the batches."""
        return Batch

    def infer_output_type(self, input_type: Any) -> Any:
        """Tell Beam the type of the elements."""
        return KeyedOperation
