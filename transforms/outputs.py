"""The second output of a transform: its dead letters, counted and wired in one way."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.typehints.native_type_compatibility import convert_to_beam_type

from customerio_beam.transforms.dead_letter import DEAD_LETTERS, dead_letter

__all__ = ["counted_dead_letter", "dead_letter_output", "with_dead_letters"]


def with_dead_letters(
    inputs: beam.PCollection, label: str, dofn: beam.DoFn, **element_types: Any
) -> tuple[beam.PCollection, ...]:
    """Apply a DoFn that has dead letters besides its other outputs.

    Args:
        inputs: The PCollection that it is applied to.
        label: The step's label.
        dofn: Yields the elements of its main output, and tagged ones of the others and of ``DEAD_LETTERS``.
        **element_types: The outputs by their tag, with the type of their elements: a coder comes with it. The first is
            the main output.

    Returns:
        The outputs in that order, then the dead letters (JSON bytes).
    """
    main, *others = element_types
    outputs = inputs | label >> beam.ParDo(dofn).with_outputs(*others, DEAD_LETTERS, main=main)
    for tag, element_type in {**element_types, DEAD_LETTERS: bytes}.items():
        outputs[tag].element_type = convert_to_beam_type(element_type)
    return tuple(outputs[tag] for tag in (*element_types, DEAD_LETTERS))


def counted_dead_letter(**fields: Any) -> bytes:
    """Make the record of a dead letter and count it by its reason. Every step makes its records here.

    Args:
        **fields: The record's fields, as ``transforms.dead_letter.dead_letter`` takes them.
    """
    Metrics.counter(DEAD_LETTERS, fields["reason"]).inc()
    return dead_letter(**fields)


def dead_letter_output(**fields: Any) -> beam.pvalue.TaggedOutput:
    """Make the record of a dead letter as an output of a DoFn; see ``counted_dead_letter``."""
    return beam.pvalue.TaggedOutput(DEAD_LETTERS, counted_dead_letter(**fields))
