"""The second output of a transform: its dead letters, counted and wired in one way."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from customerio_beam.transforms.dead_letter import DEAD_LETTERS, dead_letter

__all__ = ["counted_dead_letter", "dead_letter_output", "with_dead_letters"]


def with_dead_letters(
    inputs: beam.PCollection, label: str, dofn: beam.DoFn, *, main: str, element_type: Any = None
) -> tuple[beam.PCollection, beam.PCollection]:
    """Apply a DoFn that has dead letters besides its main output.

    Args:
        inputs: What it is applied to.
        label: The step's label.
        dofn: Yields elements of the main output, and ``dead_letter_output``s.
        main: The main output's tag.
        element_type: Beam's type of the main output's elements, where they cross a shuffle: a coder comes with it.

    Returns:
        The main output, and the dead letters (JSON bytes).
    """
    outputs = inputs | label >> beam.ParDo(dofn).with_outputs(DEAD_LETTERS, main=main)
    if element_type is not None:
        outputs[main].element_type = element_type
    outputs[DEAD_LETTERS].element_type = bytes
    return outputs[main], outputs[DEAD_LETTERS]


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
