"""Operations into blocks and back."""

from __future__ import annotations

from collections import defaultdict

from hamcrest import assert_that, contains_inanyorder, equal_to, greater_than, has_length, less_than
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.delivery.blocks import BlockPacker, RowReader
from customerio_beam.mapping.origin import Origin

origins = st.builds(
    Origin,
    st.binary(max_size=20),
    st.sampled_from([b"", b'"context":{}']),
    st.sampled_from(["", "a.ndjson", "ü"]),
    st.integers(-1, 9),
)
#: An event: a person's key, its time, its operations, its origin.
events = st.tuples(
    st.binary(min_size=16, max_size=16),
    st.integers(-(2**63), 2**63 - 1),
    st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=3),
    origins,
)


def operations_of(events):
    return [(key, (time, operation, origin)) for key, time, operations, origin in events for operation in operations]


def pack(operations, num_shards=4):
    packer = BlockPacker(num_shards)
    packer.add(operations)
    return list(packer.flush())


def unpack(blocks):
    reader = RowReader()
    return [(row.key, value) for row in reader.rows(blocks) for value in reader.values([row])]


@given(st.lists(events), st.integers(1, 5))
def test_what_is_packed_comes_out_in_its_shard_and_its_order(events, num_shards):
    packed = pack(operations_of(events), num_shards)
    expected = defaultdict(list)
    for key, value in operations_of(events):
        expected[int.from_bytes(key[:8], "big") % num_shards].append((key, value))
    assert_that({shard: unpack([block]) for shard, block in packed}, equal_to(dict(expected)))


@given(st.lists(st.lists(events, max_size=4), max_size=4))
def test_the_blocks_of_a_shard_may_be_read_together(bundles):
    blocks = [block for bundle in bundles for _, block in pack(operations_of(bundle), 1)]
    expected = [keyed for bundle in bundles for keyed in operations_of(bundle)]
    assert_that(unpack(blocks), equal_to(expected))


@given(st.lists(events))
def test_a_block_tells_its_operations_and_size(events):
    found = [(operations, size) for _, (operations, size, _) in pack(operations_of(events))]
    assert_that(sum(operations for operations, _ in found), equal_to(len(operations_of(events))))
    assert_that([size > 0 for _, size in found], equal_to([True] * len(found)))


def test_an_events_text_is_in_a_block_once_however_many_operations_it_makes():
    origin = Origin(bytes(range(256)) * 100)
    one, ten = (pack([(b"k" * 16, (0, b"{}", origin))] * count)[0][1] for count in (1, 10))
    assert_that(ten[1] - one[1], less_than(100))


def test_an_envelopes_defaults_are_in_a_block_once():
    defaults = bytes(range(256)) * 100
    one, ten = (
        pack([(b"k" * 16, (0, b"{}", Origin(b"text", defaults, "file", number))) for number in range(count)])[0][1]
        for count in (1, 10)
    )
    assert_that(ten[1] - one[1], less_than(1000))


def test_the_events_of_one_envelope_share_its_defaults_in_memory():
    blocks = [pack([(b"k" * 16, (0, b"{}", Origin(b"text", b"defaults")))], 1)[0][1] for _ in range(3)]
    assert_that({id(value[2].defaults) for _, value in unpack(blocks)}, has_length(1))


def test_gathered_bytes_grow_with_what_is_gathered_and_are_gone_after_the_flush():
    packer = BlockPacker(1)
    packer.add([(b"k" * 16, (0, b"o" * 1000, Origin(b"t" * 1000, b"d" * 1000)))])
    assert_that(packer.gathered_bytes, greater_than(3000))
    shards = [shard for shard, _ in packer.flush()]
    assert_that((shards, packer.gathered_bytes), equal_to(([0], 0)))


def test_similar_events_take_a_fraction_of_their_bytes():
    text = (
        b'{"type": "track", "userId": "user-%d", "event": "Ordered", "context": {"library": {"name": "analytics.js"}}}'
    )
    blocks = pack([(b"k" * 16, (n, b"{}", Origin(text % n))) for n in range(1000)], 1)
    assert_that([len(content) < size / 4 for _, (_, size, content) in blocks], contains_inanyorder(True))
