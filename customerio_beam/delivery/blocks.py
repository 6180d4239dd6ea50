"""Blocks: the operations of many events of one shard as one compressed value. Blocks cross the shuffle, not events.

A runner handles a block as one element, whatever is in it. An event's text is in a block once, however many operations
the event makes. A file's name, or an envelope's defaults, are in it once for all events that share them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec
import zstandard

from customerio_beam.delivery.batching import KeyedOperation, Value
from customerio_beam.mapping.origin import Origin

__all__ = ["Block", "BlockPacker", "Row", "RowReader"]

#: One block, as it crosses the shuffle: (number of operations, bytes before compression, compressed content).
Block: TypeAlias = tuple[int, int, bytes]

#: What the events of one file or one envelope share: (source, defaults) of their ``Origin``.
_Place: TypeAlias = tuple[str, bytes]

#: One of Zstandard's fast levels. An event takes a fifth of its bytes with it, in half the time of level 1.
_COMPRESSION_LEVEL = -2


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
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


#: A block's content is MessagePack: an array of its places and its rows. The rows are encoded as they come, so that
#: Python keeps no object for them; their number is known only at the end.
_ARRAY_OF_TWO = b"\x92"
_ARRAY_SIZE = struct.Struct(">BI")
_ARRAY_32 = 0xDD

_encoder = msgspec.msgpack.Encoder()
_encode_into = _encoder.encode_into
_decode = msgspec.msgpack.Decoder(tuple[list[_Place], list[Row]]).decode


class _Shard:
    """A block in the making."""

    __slots__ = ("events", "operations", "places", "rows")

    def __init__(self) -> None:
        self.places: dict[_Place, int] = {}
        self.rows = bytearray()
        self.events = 0
        self.operations = 0

    def content(self) -> bytes:
        head = _ARRAY_OF_TWO + _encoder.encode(list(self.places)) + _ARRAY_SIZE.pack(_ARRAY_32, self.events)
        return head + self.rows


class BlockPacker:
    """Gathers operations by shard and packs them. Not thread-safe.

    Attributes:
        gathered_bytes: How many bytes the gathered operations take.
    """

    def __init__(self, num_shards: int) -> None:
        """Create an empty packer.

        Args:
            num_shards: The number of shards.
        """
        self.gathered_bytes = 0
        self._num_shards = num_shards
        self._compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL)
        self._shards: dict[int, _Shard] = {}

    def add(self, operations: Iterable[KeyedOperation]) -> None:
        """Gather operations, those of an event one after the other.

        Operations of one person with the same time stay in the order given.
        """
        last: Origin | None = None
        last_key, last_time_ms, last_operation = b"", 0, b""
        further: list[bytes] = []
        for key, (time_ms, operation, origin) in operations:
            if origin is last and key == last_key and time_ms == last_time_ms:
                further.append(operation)
                continue
            if last is not None:
                self._add_event(last_key, last_time_ms, last_operation, further, last)
                if further:
                    further = []
            last, last_key, last_time_ms, last_operation = origin, key, time_ms, operation
        if last is not None:
            self._add_event(last_key, last_time_ms, last_operation, further, last)

    def _add_event(self, key: bytes, time_ms: int, operation: bytes, further: list[bytes], origin: Origin) -> None:
        number = int.from_bytes(key[:8], "big") % self._num_shards
        shard = self._shards.get(number)
        if shard is None:
            shard = self._shards[number] = _Shard()
        place = origin.source, origin.defaults
        index = shard.places.get(place)
        if index is None:
            index = shard.places[place] = len(shard.places)
            self.gathered_bytes += len(origin.defaults)
        rows = shard.rows
        before = len(rows)
        # A row as a tuple: the same MessagePack as a ``Row``, and quicker to make.
        row = (key, time_ms, operation, origin.text, index, origin.offset)
        _encode_into((*row, further) if further else row, rows, before)
        shard.events += 1
        shard.operations += 1 + len(further)
        self.gathered_bytes += len(rows) - before

    def flush(self) -> Iterator[tuple[int, Block]]:
        """Pack all that is gathered; yields (shard, block)."""
        shards, self._shards, self.gathered_bytes = self._shards, {}, 0
        for number, shard in shards.items():
            content = shard.content()
            yield number, (shard.operations, len(content), self._compressor.compress(content))


class RowReader:
    """Reads the rows of blocks and makes operations of them. The blocks of one reader share its places."""

    def __init__(self) -> None:
        self._places: dict[_Place, int] = {}
        self._place_list: list[_Place] = []
        self._decompressor = zstandard.ZstdDecompressor()

    def rows(self, blocks: Iterable[Block]) -> Iterator[Row]:
        """Yield the rows of blocks, in their order."""
        for _, _, content in blocks:
            places, rows = _decode(self._decompressor.decompress(content))
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
