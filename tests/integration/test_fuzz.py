"""200,000 hostile payloads through the pipeline's own transforms: none crashes it, each is accounted for."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that as assert_that_in_pipeline
from apache_beam.testing.util import equal_to as equal_elements
from hamcrest import assert_that, equal_to, not_none

from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.transforms.key_by_person import KeyByPerson
from customerio_beam.transforms.map_to_customerio import MapToCustomerIO
from customerio_beam.transforms.parse_events import ParseEvents
from tests.helpers.event_outcomes import Outcome, outcomes
from tests.helpers.fuzz import fuzzed_payloads, ten_megabytes

SEEDS = range(200)
PAYLOADS_A_SEED = 1_000

#: How many outcomes of a kind there are, and a sum over their digests: equal for equal multisets alone.
Tally = tuple[int, int]


def _payloads(seed: int) -> Iterator[bytes]:
    yield from fuzzed_payloads(PAYLOADS_A_SEED, seed)
    if seed == 0:
        yield from ten_megabytes()


def _digest(text: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text, digest_size=12).digest(), "big")


def _add(tallies: Iterable[Tally]) -> Tally:
    count = digests = 0
    for one_count, one_digest in tallies:
        count += one_count
        digests += one_digest
    return count, digests


def _of_operation(keyed: tuple[bytes, tuple[int, bytes, bytes]]) -> tuple[str, Tally]:
    operation = keyed[1][1]
    return "operation", (1, _digest(operation))


def _of_dead_letter(line: bytes) -> tuple[str, Tally]:
    record = json.loads(line)
    encoded = record.get("payload_base64")
    payload = record["payload"].encode("utf-8") if encoded is None else base64.b64decode(encoded)
    return record["reason"], (1, _digest(payload))


def _expected() -> dict[str, Tally]:
    counts: Counter[str] = Counter()
    digests: Counter[str] = Counter()
    for seed in SEEDS:
        for payload in _payloads(seed):
            for event in outcomes(payload, MappingSettings()):
                assert_that(event, not_none(), f"an event of {payload[:100]!r} has no outcome")
                for outcome in event:
                    _count(outcome, counts, digests)
    return {kind: (counts[kind], digests[kind]) for kind in counts}


def _count(outcome: Outcome, counts: Counter[str], digests: Counter[str]) -> None:
    counts[outcome.kind] += 1
    digests[outcome.kind] += _digest(outcome.text)


@pytest.mark.integration
def test_every_hostile_payload_is_delivered_filtered_or_dead_lettered() -> None:
    expected = _expected()
    filtered, _ = expected.pop("filtered")

    pipeline = beam.Pipeline(runner=FnApiRunner())
    parsed = pipeline | beam.Create(list(SEEDS)) | beam.FlatMap(_payloads).with_output_types(bytes) | ParseEvents()
    mapped = parsed.events | KeyByPerson() | MapToCustomerIO()
    tallies = (
        (
            mapped.operations | "Tally operations" >> beam.Map(_of_operation),
            parsed.dead_letters | "Tally unreadable" >> beam.Map(_of_dead_letter),
            mapped.dead_letters | "Tally unmapped" >> beam.Map(_of_dead_letter),
        )
        | beam.Flatten()
        | beam.CombinePerKey(_add)
    )
    assert_that_in_pipeline(tallies, equal_elements(list(expected.items())))
    result = pipeline.run()
    result.wait_until_finish()

    [counter] = result.metrics().query(beam.metrics.MetricsFilter().with_name("filtered"))["counters"]
    assert_that(counter.committed, equal_to(filtered))
