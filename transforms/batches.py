"""DoFns that take their elements in batches: lists that Beam hands from step to step where both sides have them.

A step costs Beam a few microseconds for each element that it hands on, and next to nothing for each list. The types of
the PCollections stay those of single elements: a DoFn of somebody else's that takes single elements may stand anywhere
between these steps, and a PCollection of single elements may go into any of them.
"""

from __future__ import annotations

import abc
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import apache_beam as beam
from apache_beam.typehints.batch import BatchConverter

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.origin import Origin

__all__ = ["Batch", "BatchDoFn", "exploded"]

#: Elements whose sizes give a batch's estimated size.
_SAMPLED = 4


class Batch(list[Any]):
    """Names the type of a batch to Beam. The batches are lists; this is not instantiated."""


@BatchConverter.register(name="customerio_beam")
class _BatchConverter(BatchConverter):
    """Turns elements into lists and back. Beam's own converter encodes a tenth of all elements to estimate sizes."""

    def __init__(self, element_type: Any, batch_type: Any) -> None:
        if batch_type is not Batch:
            raise TypeError("batch type must be customerio_beam.transforms.batches.Batch")
        super().__init__(batch_type, element_type)

    def __eq__(self, other: object) -> bool:
        """Take any other for the same: a list is a list, whatever a PCollection's type says of its elements."""
        return isinstance(other, _BatchConverter)

    def __hash__(self) -> int:
        return hash(_BatchConverter)

    def produce_batch(self, elements: Any) -> list[Any]:
        return list(elements)

    def explode_batch(self, batch: list[Any]) -> Iterator[Any]:
        return iter(batch)

    def combine_batches(self, batches: Any) -> list[Any]:
        return list(itertools.chain.from_iterable(batches))

    def get_length(self, batch: list[Any]) -> int:
        return len(batch)

    def estimate_byte_size(self, batch: list[Any]) -> int:
        sample = batch[:_SAMPLED]
        return sum(map(_size, sample)) * len(batch) // max(len(sample), 1)


def _size(element: Any) -> int:
    if isinstance(element, bytes):
        return len(element)
    if isinstance(element, tuple):
        return sum(map(_size, element))
    if isinstance(element, Event):
        return len(element.origin.text)
    return len(element.text) if isinstance(element, Origin) else 8


def exploded(outputs: Iterable[Any]) -> Iterator[Any]:
    """Yield the elements of lists and of tagged lists one by one, as a DoFn's ``process`` does."""
    for output in outputs:
        if isinstance(output, beam.pvalue.TaggedOutput):
            yield from (beam.pvalue.TaggedOutput(output.tag, each) for each in output.value)
        else:
            yield from output


class BatchDoFn(beam.DoFn):
    """A DoFn that takes lists of elements, or single elements, and yields lists.

    Attributes:
        output_type: The type of the main output's elements.
    """

    output_type: ClassVar[Any]

    @abc.abstractmethod
    def process_batch(self, batch: list[Any]) -> Iterator[Any]:
        """Yield lists of the main output's elements, and tagged lists of others."""

    def process(self, element: Any) -> Iterator[Any]:
        """Process an element that comes alone; yields single elements."""
        return exploded(self.process_batch([element]))

    def get_input_batch_type(self, input_element_type: Any) -> type:
        """Tell Beam the type of the batches."""
        return Batch

    def get_output_batch_type(self, input_element_type: Any) -> type:
        """Tell Beam the type of the batches."""
        return Batch

    def infer_output_type(self, input_type: Any) -> Any:
        """Tell Beam the type of the main output's elements."""
        return self.output_type
