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
from customerio_beam.delivery.block_files import content_of, to_file
from customerio_beam.mapping.origin import Origin

__all__ = ["Block", "BlockPacker", "Row", "RowReader"]

#: One block, as it crosses the shuffle: (number of operations, bytes before compression, compressed content or, in its
#: place, the file that has it).
Block: TypeAlias = tuple[int, int, bytes]

#: What the events of one file or one envelope share: (source, defaults) of their ``Origin``.
_Place: TypeAlias = tuple[str, bytes]

#: One of Zstandard's fast levels. An event takes a fifth of its bytes with it, in half the time of level 1.
_COMPRESSION_LEVEL = -2


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
        """About how many bytes of memory it takes (CPython, 64 bits)."""
        return 250 + len(self.text) + len(self.operation) + sum(map(len, self.further))


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[list[_Place], list[Row]]).decode

#: About how many bytes a gathered row takes besides its texts.
_ROW_BYTES = 60


_NO_ROW = Row(b"", 0, b"", b"", 0, 0)


class _Shard:
    """A block in the making. Its content is the MessagePack of its places and rows."""

    __slots__ = ("operations", "places", "rows")

    def __init__(self) -> None:
        self.places: dict[_Place, int] = {}
        self.rows: list[Row] = []
        self.operations = 0

    def content(self) -> bytes:
        return _encode((list(self.places), self.rows))


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
        row = _NO_ROW
        shard = _Shard()
        gathered = 0
        for key, (time_ms, operation, origin) in operations:
            if origin is last and key == row.key and time_ms == row.time_ms:
                row.further += (operation,)
            else:
                last = origin
                shard = self._shard(key)
                row = Row(key, time_ms, operation, origin.text, self._place(shard, origin), origin.offset)
                shard.rows.append(row)
                gathered += len(row.text) + _ROW_BYTES
            shard.operations += 1
            gathered += len(operation)
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
        for number, shard in shards.items():
            content = shard.content()
            packed = self._compressor.compress(content)
            if self._folder is not None:
                packed = to_file(packed, self._folder)
            yield number, (shard.operations, len(content), packed)


class RowReader:
    """Reads the rows of blocks and makes operations of them. The blocks of one reader share its places."""

    def __init__(self) -> None:
        self._places: dict[_Place, int] = {}
        self._place_list: list[_Place] = []
        self._decompressor = zstandard.ZstdDecompressor()

    def rows(self, blocks: Iterable[Block]) -> Iterator[Row]:
        """Yield the rows of blocks, in their order."""
        for _, _, content in blocks:
            places, rows = _decode(self._decompressor.decompress(content_of(content)))
            numbers = [self._number(place) for place in places]
            if numbers == list(range(len(numbers))):
                yield from rows
            else:
                for row in rows:
                    yield msgspec.structs.replace(row, place=numbers[row.place])

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
