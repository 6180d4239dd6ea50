"""Blocks: the operations of many events of one shard as one compressed value. Blocks cross the shuffle, not events.

A runner handles a block as one element, whatever is in it. An event's text is in a block once, however many operations
the event makes. A file's name, or an envelope's defaults, are in it once for all events that share them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec
import zstandard

from customerio_beam.delivery.batching import KeyedOperation, Value
from customerio_beam.delivery.block_files import block_store, content_of
from customerio_beam.mapping.origin import Origin

__all__ = ["Block", "BlockPacker", "Row", "RowReader"]

#: One block, as it crosses the shuffle: (number of operations, bytes before compression, compressed content or, in its
#: place, the file that has it).
Block: TypeAlias = tuple[int, int, bytes]

#: What the events of one file or one envelope share: (source, defaults) of their ``Origin``.
_Place: TypeAlias = tuple[str, bytes]

#: One of Zstandard's fast levels. An event takes a fifth of its bytes with it, in half the time of level 1.
_COMPRESSION_LEVEL = -2

#: About how many bytes of memory a row takes besides its texts (CPython, 64 bits).
_OBJECT_BYTES = 250


class Row(msgspec.Struct, array_like=True, gc=False, omit_defaults=True):
    """One event with its operations.

    Attributes:
        key: The person's key.
        time_ms: The event's time in unix milliseconds.
        operation: Its operation as JSON.
        text: Its original text.
        place: The number of its place.
        offset: Its offset there.
        further: Its operations after the first.
    """

    key: bytes
    time_ms: int
    operation: bytes
    text: bytes
    place: int
    offset: int
    further: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return _OBJECT_BYTES + len(self.text) + len(self.operation) + sum(map(len, self.further))


_encoder = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(tuple[list[_Place], list[Row]]).decode

#: The first bytes of MessagePack arrays: of one with two elements, and of one whose length follows in four bytes.
_PAIR, _ARRAY, _LENGTH_BYTES = b"\x92", b"\xdd", 4

#: About how many bytes a gathered row takes besides its texts.
_ROW_BYTES = 60


class _Shard:
    """A block in the making. Its content is the MessagePack of its places and rows.

    A row is written as soon as it is complete: later its texts would no longer be in the processor's cache.
    """

    __slots__ = ("_written", "operations", "places", "rows")

    def __init__(self) -> None:
        self.places: dict[_Place, int] = {}
        self.operations = 0
        self.rows = 0
        self._written = bytearray()

    def write(self, row: Row) -> None:
        self.rows += 1
        self.operations += 1 + len(row.further)
        _encoder.encode_into(row, self._written, -1)

    def content(self) -> bytes:
        places = _encoder.encode(list(self.places))
        return b"".join((_PAIR, places, _ARRAY, self.rows.to_bytes(_LENGTH_BYTES, "big"), self._written))


class BlockPacker:
    """Gathers operations by shard and packs them. Not thread-safe.

    Attributes:
        gathered_bytes: How many bytes the gathered operations take.
    """

    def __init__(self, num_shards: int, folder: str | None = None) -> None:
        """Create an empty packer.

        Args:
            num_shards: The number of shards.
            folder: Where blocks have their content in files (``block_files``); None for blocks that hold it.
        """
        self._folder = folder
        self.gathered_bytes = 0
        self._num_shards = num_shards
        self._compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL)
        self._shards: dict[int, _Shard] = {}

    def add(self, operations: Iterable[KeyedOperation]) -> None:
        """Gather operations, those of an event one after the other.

        Operations of one person with the same time stay in the order given.
        """
        last: Origin | None = None
        row: Row | None = None
        shard = _Shard()
        gathered = 0
        for key, (time_ms, operation, origin) in operations:
            gathered += len(operation)
            if row is not None:
                if origin is last and key == row.key and time_ms == row.time_ms:
                    row.further += (operation,)
                    continue
                shard.write(row)
            last = origin
            shard = self._shard(key)
            row = Row(key, time_ms, operation, origin.text, self._place(shard, origin), origin.offset)
            gathered += len(row.text) + _ROW_BYTES
        if row is not None:
            shard.write(row)
        self.gathered_bytes += gathered

    def _shard(self, key: bytes) -> _Shard:
        number = int.from_bytes(key[:8], "big") % self._num_shards
        shard = self._shards.get(number)
        if shard is None:
            shard = self._shards[number] = _Shard()
        return shard

    def _place(self, shard: _Shard, origin: Origin) -> int:
        place = origin.source, origin.defaults
        index = shard.places.get(place)
        if index is None:
            index = shard.places[place] = len(shard.places)
            self.gathered_bytes += len(origin.defaults) + len(origin.source)
        return index

    def flush(self) -> Iterator[tuple[int, Block]]:
        """Pack all that is gathered; yields (shard, block)."""
        shards, self._shards, self.gathered_bytes = self._shards, {}, 0
        with block_store(self._folder) as store:
            for number, shard in shards.items():
                content = shard.content()
                yield number, (shard.operations, len(content), store(self._compressor.compress(content)))


class RowReader:
    """Reads the rows of blocks and makes operations of them. The blocks of one reader share its places."""

    def __init__(self) -> None:
        self._places: dict[_Place, int] = {}
        self._place_list: list[_Place] = []
        self._decompressor = zstandard.ZstdDecompressor()

    def lists(self, blocks: Iterable[Block]) -> Iterator[tuple[list[Row], int]]:
        """Yield the rows of each block, and about how many bytes of memory they take."""
        for _, size, content in blocks:
            places, rows = _decode(self._decompressor.decompress(content_of(content)))
            numbers = [self._number(place) for place in places]
            if numbers != list(range(len(numbers))):
                rows = [msgspec.structs.replace(row, place=numbers[row.place]) for row in rows]
            yield rows, size + _OBJECT_BYTES * len(rows)

    def rows(self, blocks: Iterable[Block]) -> Iterator[Row]:
        """Yield the rows of blocks, in their order."""
        for rows, _ in self.lists(blocks):
            yield from rows

    def values(self, rows: Iterable[Row]) -> Iterator[Value]:
        """Yield the operations of rows, in their order."""
        places = self._place_list
        for row in rows:
            source, defaults = places[row.place]
            origin = Origin(row.text, defaults, source, row.offset)
            yield row.time_ms, row.operation, origin
            for operation in row.further:
                yield row.time_ms, operation, origin

    def _number(self, place: _Place) -> int:
        number = self._places.setdefault(place, len(self._places))
        if number == len(self._place_list):
            self._place_list.append(place)
        return number
