"""ReadWarehouse: exports of the tables of Segment's warehouse to the events that their rows were made of."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import fastavro
import pyarrow
import pyarrow.parquet
from apache_beam.io.avroio import ReadAllFromAvro
from apache_beam.io.parquetio import ReadAllFromParquetBatched
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindows
from apache_beam.typehints.native_type_compatibility import convert_to_beam_type

from customerio_beam.mapping import json_text
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.read_files import found_files, open_file, read_found
from customerio_beam.reading.errors import IncompleteReadError, UnreadableFileError, unreadable
from customerio_beam.reading.kinds import HEAD_BYTES, TableFormat, table_format
from customerio_beam.reading.patterns import has_wildcards
from customerio_beam.reading.payload import DEFAULT_MAX_PAYLOAD_BYTES, Payload
from customerio_beam.reading.records import read_records
from customerio_beam.reading.warehouse import WarehouseRows, check_path
from customerio_beam.transforms.live_counts import LIVE_COUNTS
from customerio_beam.visible import visible

__all__ = ["ReadWarehouse", "check_tables"]

_PARQUET, _AVRO, _MATCHED, _READ = "parquet", "avro", "matched", "read"

# A file's identity, and its paths with their sizes: as found_files returns them.
_FOUND = tuple[bytes, Iterable[tuple[bytes, int]]]
# A file's path, its rows, and its bytes.
_ACCOUNT = tuple[str, tuple[int, int]]

#: Rows of a Parquet file's row group that are turned into Python's values at a time.
_ROWS = 1_000


def check_tables(patterns: Sequence[str]) -> None:
    """Check that no pattern names a table that can't be read, before anything runs.

    Args:
        patterns: Paths, folders and patterns, as ``file_patterns.file_patterns`` returns them.

    Raises:
        OptionError: One does.
    """
    for pattern in patterns:
        try:
            check_path(pattern)
        except UnreadableFileError as error:
            raise OptionError(f"--input={visible(pattern)}: {error}") from error


class ReadWarehouse(beam.PTransform):
    """Read rows of files: ``PBegin`` to ``PCollection[Payload]``, an event each.

    A file's first bytes say whether it is Parquet, Avro, or text, which must be NDJSON. In the end the rows read are
    those that the files have, or the job fails.

    Args:
        patterns: Paths, folders and patterns, as ``file_patterns.file_patterns`` returns them.
        max_payload_bytes: The longest row of text in bytes.

    Raises:
        UnreadableFileError: While the pipeline runs: a file is of another kind or table, damaged, or can't be opened.
        IncompleteReadError: While the pipeline runs: a file's rows or bytes read are not those found.
    """

    def __init__(self, patterns: Sequence[str], max_payload_bytes: int = DEFAULT_MAX_PAYLOAD_BYTES):
        super().__init__()
        self._patterns = list(patterns)
        self._max_payload_bytes = max_payload_bytes

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """Part the files by their format, read each by its reader, and account for the rows; see the class."""
        files = found_files(begin, self._patterns)
        tell = beam.ParDo(_TellFormatsApart()).with_outputs(_PARQUET, _AVRO, _MATCHED, main="texts")
        found = files | "Tell formats apart" >> tell
        found.texts.element_type = convert_to_beam_type(_FOUND)
        found[_PARQUET].element_type = found[_AVRO].element_type = str
        found[_MATCHED].element_type = convert_to_beam_type(_ACCOUNT)
        lines = read_found(found.texts, self._max_payload_bytes)
        texts = lines | "Convert text" >> beam.ParDo(_ConvertText()).with_output_types(Payload)
        tables = found[_PARQUET] | "Read Parquet" >> ReadAllFromParquetBatched(with_filename=True)
        records = found[_AVRO] | "Read Avro" >> ReadAllFromAvro(with_filename=True)
        parquet = tables | "Convert Parquet" >> beam.ParDo(_ConvertParquet()).with_outputs(_READ, main="events")
        avro = records | "Convert Avro" >> beam.ParDo(_ConvertRows()).with_outputs(_READ, main="events")
        for converted in (parquet, avro):
            converted.events.element_type = convert_to_beam_type(Payload)
            converted[_READ].element_type = convert_to_beam_type(_ACCOUNT)
        read = (parquet[_READ], avro[_READ]) | "Merge rows read" >> beam.Flatten()
        _ = (
            {_MATCHED: found[_MATCHED], _READ: read}
            | "Group rows by file" >> beam.CoGroupByKey()
            | "Compare rows" >> beam.ParDo(_CompareRows())
        )
        return (texts, parquet.events, avro.events) | "Merge events" >> beam.Flatten()


class _TellFormatsApart(beam.DoFn):
    """Yields texts as they were found, and the paths of files of tables, with their rows."""

    def __init__(self) -> None:
        self._files = Metrics.counter("files", "matched")
        self._bytes = Metrics.counter("files", "bytes")

    def process(self, found: tuple[bytes, Iterable[tuple[bytes, int]]]) -> Iterator[Any]:
        identity, paths = found[0], list(found[1])
        path, size = min(paths)
        name = os.fsdecode(path)
        form = _format(name) if size >= 0 else None  # what a pipe's first bytes are can't be read twice
        if form is None:
            yield identity, paths
            return
        if has_wildcards(name):
            raise unreadable(name, "has a character that Beam's readers take for a pattern (*, ? or [): rename it.")
        self._files.inc()
        self._bytes.inc(size)
        LIVE_COUNTS.files += 1
        LIVE_COUNTS.bytes_found += size
        yield beam.pvalue.TaggedOutput(_MATCHED, (name, (_rows(name, form), size)))
        yield beam.pvalue.TaggedOutput(form, name)


def _format(name: str) -> TableFormat | None:
    with open_file(name) as file:
        return table_format(file.read(HEAD_BYTES))


def _rows(name: str, form: TableFormat) -> int:
    """Count a file's rows, without decoding them.

    Raises:
        UnreadableFileError: It is damaged or cut off.
    """
    try:
        with open_file(name) as file:
            if form == _PARQUET:
                return int(pyarrow.parquet.ParquetFile(file).metadata.num_rows)
            return sum(block.num_records for block in fastavro.block_reader(file))
    except (pyarrow.ArrowException, ValueError, EOFError, IndexError, KeyError) as error:
        kind = "Parquet" if form == _PARQUET else "Avro"
        raise unreadable(
            name, f"is damaged or cut off ({kind}: {error}): copy it again or leave it out, and run again."
        ) from error


class _ConvertText(beam.DoFn):
    """Turns lines that are rows into events. What is no row stays as it is, for a dead letter of ``ParseEvents``."""

    def __init__(self) -> None:
        self._rows = WarehouseRows()

    def process(self, block: Payload) -> Iterator[Payload]:
        if block.truncated_bytes:
            yield block
            return
        for origin in read_records(block):
            try:
                row = json_text.loads(origin.text)
            except json_text.InvalidJson:
                row = None
            text = self._rows.event(block.source, row) if isinstance(row, dict) else origin.text
            yield Payload(text, origin.source, origin.offset)


class _ConvertRows(beam.DoFn):
    """Turns rows with their file's path into events, and counts them by file."""

    def start_bundle(self) -> None:
        self._rows = WarehouseRows()
        self._read: dict[str, int] = {}

    def process(self, element: tuple[str, Any]) -> Iterator[Payload]:
        yield self._converted(*element)

    def _converted(self, path: str, row: Any) -> Payload:
        self._read[path] = self._read.get(path, 0) + 1
        # Neither format has places that a person could look at: the event's message id is that of the row.
        return Payload(self._rows.event(path, row), path, 0)

    def finish_bundle(self) -> Iterator[Any]:
        for path, rows in self._read.items():
            account = GlobalWindows.windowed_value_at_end_of_window((path, (rows, 0)))
            yield beam.pvalue.TaggedOutput(_READ, account)


class _ConvertParquet(_ConvertRows):
    def process(self, element: tuple[str, Any]) -> Iterator[Payload]:
        path, table = element
        for batch in _in_microseconds(table).to_batches(max_chunksize=_ROWS):
            for row in batch.to_pylist():
                yield self._converted(path, row)


def _in_microseconds(table: Any) -> Any:
    """Cut the nanoseconds of times: Python has none, and Customer.io takes seconds."""
    fields = [
        field.with_type(pyarrow.timestamp("us", field.type.tz))
        if pyarrow.types.is_timestamp(field.type) and field.type.unit == "ns"
        else field
        for field in table.schema
    ]
    return table.cast(pyarrow.schema(fields), safe=False)


class _CompareRows(beam.DoFn):
    """Raises where the rows that were read of a file are not those that it has."""

    def __init__(self) -> None:
        self._files = Metrics.counter("files", "read")
        self._bytes = Metrics.counter("files", "bytes_read")

    def process(self, accounts: tuple[str, dict[str, Iterable[tuple[int, int]]]]) -> None:
        path, by_tag = accounts
        [(rows, size)] = by_tag[_MATCHED]
        read = sum(found for found, _ in by_tag[_READ])
        if rows != read:
            raise IncompleteReadError(
                f"{visible(path)} had {rows:,} rows when the job began, and {read:,} were read of it: does something "
                "write to it? Run again once it is whole; nothing is sent twice."
            )
        self._files.inc()
        self._bytes.inc(size)
        LIVE_COUNTS.bytes_read += size
