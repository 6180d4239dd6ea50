"""WriteOperations: operations to files instead of to Customer.io."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam

from customerio_beam.delivery.batching import KeyedOperation
from customerio_beam.transforms.batches import BatchDoFn

__all__ = ["WriteOperations"]

_SUFFIX = ".ndjson"


class WriteOperations(beam.PTransform):
    """Write operations as NDJSON, one a line, in no particular order.

    Args:
        path: A path that ends in ``.ndjson`` becomes that one file; any other is the prefix of sharded files.
        run_name: What follows the prefix in the names of sharded files.
    """

    def __init__(self, path: str, run_name: str):
        super().__init__()
        self._path = path
        self._run_name = run_name

    def expand(self, operations: beam.PCollection) -> beam.PCollection:
        """Wire Beam's own sink; see the class."""
        one_file = self._path.endswith(_SUFFIX)
        return (
            operations
            | "Join lines" >> beam.ParDo(_JoinLines()).with_output_types(bytes)
            | "Write files"
            >> beam.io.WriteToText(
                self._path.removesuffix(_SUFFIX) if one_file else f"{self._path}-{self._run_name}",
                file_name_suffix=_SUFFIX,
                shard_name_template="" if one_file else None,
                num_shards=1 if one_file else 0,
                coder=beam.coders.BytesCoder(),
            )
        )


class _JoinLines(BatchDoFn):
    """Makes one element of many lines: the sink takes microseconds for each element that it gets."""

    output_type = bytes

    def process_batch(self, batch: list[KeyedOperation]) -> Iterator[list[bytes]]:
        if batch:
            yield [b"\n".join([operation for _, (_, operation, _) in batch])]
