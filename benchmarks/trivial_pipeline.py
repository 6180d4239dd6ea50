"""What Beam itself costs: a pipeline of the backfill's shape whose functions do next to nothing.

Read, one map, group by person, join; the second and third fall away for ``--ordering none``. Run by
``benchmarks.backfill`` as ``python -m benchmarks.trivial_pipeline --input FILES``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

__all__ = ["build"]

_VISITOR = b'"anonymousId":"'
_KEY_BYTES = 16


def _keyed(line: bytes) -> tuple[bytes, bytes]:
    start = line.index(_VISITOR) + len(_VISITOR)
    return line[start : start + _KEY_BYTES], line


def _join(group: tuple[bytes, Iterable[bytes]]) -> int:
    return len(b",".join(group[1]))


def _size(keyed: tuple[bytes, bytes]) -> int:
    return len(keyed[1])


def build(pipeline: beam.Pipeline, pattern: str, ordering: str) -> None:
    """Compose it.

    Args:
        pipeline: The pipeline to add it to.
        pattern: The input files.
        ordering: ``person`` groups by person, ``none`` does not.
    """
    lines = (
        pipeline
        | "List patterns" >> beam.Create([pattern])
        | "Read lines" >> beam.io.ReadAllFromText(coder=beam.coders.BytesCoder())
    )
    keyed = lines | "Key lines" >> beam.Map(_keyed).with_output_types(tuple[bytes, bytes])
    if ordering == "person":
        sizes = keyed | "Group by person" >> beam.GroupByKey() | "Join" >> beam.Map(_join)
    else:
        sizes = keyed | "Measure" >> beam.Map(_size)
    _ = sizes | "Add up" >> beam.CombineGlobally(sum)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description="Run a trivial pipeline of the backfill's shape.")
    parser.add_argument("--input", required=True)
    parser.add_argument("--ordering", choices=("person", "none"), default="person")
    options = parser.parse_args()
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        build(pipeline, options.input, options.ordering)


if __name__ == "__main__":
    main()
