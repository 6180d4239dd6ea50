"""ReadFiles: files to payloads, each file once and to its end."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.typehints.native_type_compatibility import convert_to_beam_type

from customerio_beam.pipeline.file_patterns import find_files, is_local
from customerio_beam.reading.errors import IncompleteReadError, unreadable
from customerio_beam.reading.files import Range, has_plain_lines, read_file, read_range
from customerio_beam.reading.payload import DEFAULT_MAX_PAYLOAD_BYTES, Payload
from customerio_beam.reading.text import Blocks
from customerio_beam.transforms.live_counts import LIVE_COUNTS
from customerio_beam.visible import visible

__all__ = ["ReadFiles", "found_files", "open_file", "read_found"]

#: Larger files of plain lines are read in parts of at most this size, side by side.
_PART_BYTES = 64 << 20

#: Stands for a size that only reading tells, and for the end of a part that is a whole file.
_UNKNOWN = -1

_MATCHED, _READ = "matched", "read"

# Paths cross shuffles as bytes: those of some files are no Unicode.
_FOUND = tuple[bytes, tuple[bytes, int]]
_PART = tuple[bytes, int, int]
_ACCOUNT = tuple[bytes, tuple[int, int]]


class ReadFiles(beam.PTransform):
    """Read files: ``PBegin`` to ``PCollection[Payload]``, blocks of lines or of values.

    Large files of plain lines are read in parts, side by side; all others whole. A file that two patterns match is
    read once. In the end the bytes read are those of the files found, or the job fails.

    Args:
        patterns: Paths, folders and patterns, as ``file_patterns.file_patterns`` returns them.
        max_payload_bytes: The longest event in bytes, with its envelope's defaults.

    Raises:
        UnreadableFileError: While the pipeline runs: a file is of another kind, damaged, or can't be opened.
        IncompleteReadError: While the pipeline runs: a file's bytes read are not those found.
    """

    def __init__(self, patterns: Sequence[str], max_payload_bytes: int = DEFAULT_MAX_PAYLOAD_BYTES):
        super().__init__()
        self._patterns = list(patterns)
        self._max_payload_bytes = max_payload_bytes

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """Wire the reading and the accounting; see the class."""
        return read_found(found_files(begin, self._patterns), self._max_payload_bytes)


def found_files(begin: beam.pvalue.PBegin, patterns: Sequence[str]) -> beam.PCollection:
    """Find files, each once.

    Args:
        begin: The pipeline's begin.
        patterns: As ``ReadFiles`` takes them.

    Returns:
        ``PCollection`` of (identity, [(path, size or -1 where only reading tells), ...]): the paths of a file.
    """
    return (
        begin
        | "List patterns" >> beam.Create([os.fsencode(pattern) for pattern in patterns])
        | "Match files" >> beam.FlatMap(_match_files).with_output_types(_FOUND)
        | "Take each file once" >> beam.GroupByKey()
    )


def read_found(found: beam.PCollection, max_payload_bytes: int) -> beam.PCollection:
    """Read the texts that ``found_files`` returns: ``PCollection[Payload]``. See ``ReadFiles``."""
    planned = found | "Plan parts" >> beam.ParDo(_PlanParts()).with_outputs(_MATCHED, main="parts")
    planned.parts.element_type = convert_to_beam_type(_PART)
    planned[_MATCHED].element_type = convert_to_beam_type(_ACCOUNT)
    read = (
        planned.parts
        | "Spread parts" >> beam.Reshuffle()
        | "Read parts" >> beam.ParDo(_ReadPart(max_payload_bytes)).with_outputs(_READ, main="payloads")
    )
    read.payloads.element_type = convert_to_beam_type(Payload)
    read[_READ].element_type = convert_to_beam_type(_ACCOUNT)
    _ = (
        {_MATCHED: planned[_MATCHED], _READ: read[_READ]}
        | "Group by file" >> beam.CoGroupByKey()
        | "Compare bytes" >> beam.ParDo(_CompareBytes())
    )
    return read.payloads


def _match_files(pattern: bytes) -> Iterator[tuple[bytes, tuple[bytes, int]]]:
    found = False
    for file in find_files(os.fsdecode(pattern)):
        found = True
        size = _UNKNOWN if file.size is None else file.size
        yield os.fsencode(file.identity), (os.fsencode(file.path), size)
    if not found:
        raise unreadable(os.fsdecode(pattern), "matches no file any more.")


class _PlanParts(beam.DoFn):
    """Divides a file into the parts to read."""

    def __init__(self) -> None:
        self._files = Metrics.counter("files", "matched")
        self._bytes = Metrics.counter("files", "bytes")

    def process(self, found: tuple[bytes, Iterable[tuple[bytes, int]]]) -> Iterator[Any]:
        path, size = min(found[1])
        parts = list(_ranges(size)) if size > _PART_BYTES and _is_divisible(path) else [(0, _UNKNOWN)]
        self._files.inc()
        self._bytes.inc(max(size, 0))
        LIVE_COUNTS.files += 1
        if size == _UNKNOWN:
            LIVE_COUNTS.files_of_unknown_size += 1
        else:
            LIVE_COUNTS.bytes_found += size
        yield beam.pvalue.TaggedOutput(_MATCHED, (path, (size, len(parts))))
        for start, end in parts:
            yield path, start, end


def _ranges(size: int) -> Iterator[tuple[int, int]]:
    # Of equal sizes, so that workers that take the same number of parts take the same time.
    part_bytes = math.ceil(size / math.ceil(size / _PART_BYTES))
    for start in range(0, size, part_bytes):
        yield start, min(start + part_bytes, size)


def _is_divisible(path: bytes) -> bool:
    name = os.fsdecode(path)
    with open_file(name) as file:
        return has_plain_lines(name, next(Blocks(name, file), b""))


class _ReadPart(beam.DoFn):
    """Reads a whole file, or the lines of a part of one."""

    def __init__(self, max_payload_bytes: int):
        self._limit = max_payload_bytes

    def process(self, part: tuple[bytes, int, int]) -> Iterator[Any]:
        path, start, end = part
        name = os.fsdecode(path)
        # A name that is no Unicode can be opened, and can't be written into a dead letter.
        source = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        with open_file(name) as file:
            read: Blocks | Range
            if end == _UNKNOWN:
                read = Blocks(name, file)
                payloads = read_file(source, read, self._limit)
            else:
                file.seek(max(start - 1, 0))
                read = Range(Blocks(name, file), start, end)
                payloads = read_range(source, read, self._limit)
            counted = 0
            for payload in payloads:
                LIVE_COUNTS.bytes_read += read.read - counted
                counted = read.read
                yield payload
        yield beam.pvalue.TaggedOutput(_READ, (path, (read.read, 1)))


class _CompareBytes(beam.DoFn):
    """Raises where what was read of a file is not what was found."""

    def __init__(self) -> None:
        self._files = Metrics.counter("files", "read")
        self._bytes = Metrics.counter("files", "bytes_read")

    def process(self, accounts: tuple[bytes, dict[str, Iterable[tuple[int, int]]]]) -> None:
        path, by_tag = accounts
        [(size, parts)] = by_tag[_MATCHED]
        found = list(by_tag[_READ])
        read = sum(part for part, _ in found)
        if len(found) != parts or (size not in (read, _UNKNOWN)):
            raise IncompleteReadError(
                f"{visible(os.fsdecode(path))} had {size:,} bytes when the job began, and {read:,} were read of it, in "
                f"{len(found)} of {parts} parts: does something write to it? Run again once it is whole; nothing is "
                "sent twice."
            )
        self._files.inc()
        self._bytes.inc(read)


def open_file(name: str) -> BinaryIO:
    """Open a file for reading.

    Args:
        name: Its path or URL.

    Raises:
        UnreadableFileError: It can't be opened.
    """
    try:
        if is_local(name):
            return open(name, "rb")  # noqa: PTH123  # the caller closes it
        file: BinaryIO = FileSystems.open(name, compression_type=CompressionTypes.UNCOMPRESSED)
    except OSError as error:
        raise unreadable(name, f"can't be opened: {error.strerror or error}.") from error
    return file
