"""What delivering adds to the wait for a batch: the seconds from full batches to the last answer.

Run with ``python -m benchmarks.delivery_latency``. The DoFn that delivers in the streaming job gets one bundle after
the other, without a runner. In each is what gathers in the batches of all shards within the batch delay: the case in
which all of them fall due at once. The sandbox only counts, and answers after 50 ms.
"""

from __future__ import annotations

import os
import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence

from apache_beam.utils.timestamp import Timestamp

from benchmarks.latency import BEYOND_DELAY_SECS, RATES, SLOW_ANSWERS, print_at_rates
from benchmarks.measurement import Measurement
from benchmarks.operations import keyed_operations
from benchmarks.processes import API_KEY, SITE_ID, stand_in, stats
from customerio_beam.delivery.batching import Value
from customerio_beam.delivery.clock import SystemClock
from customerio_beam.delivery.credentials import API_KEY_VARIABLE, SITE_ID_VARIABLE, CredentialsSource
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.transforms.deliver import DeliverGroups
from customerio_beam.transforms.write_to_customerio import to_shard

__all__ = ["measure"]

_SECS = 30.0
#: Connections are opened by the first bundles, which do not count.
_WARM_UP_BUNDLES = 5

_Groups = list[tuple[int, list[Value]]]


def measure(secs: float = _SECS, rates: Sequence[float] = RATES) -> list[Measurement]:
    """Measure the 99th percentile of a bundle's time at each rate.

    Args:
        secs: For how many seconds to deliver, at each rate.
        rates: Events per second.

    Raises:
        RuntimeError: The sandbox did not get every operation.
    """
    return [_measurement(rate, secs) for rate in rates]


def _measurement(rate: float, secs: float) -> Measurement:
    with stand_in("--count-only", "--faults", SLOW_ANSWERS) as url:
        # Bundles follow each other without the batch delay between them: the usual rate would hold them up.
        settings = DeliverySettings(track_endpoint=url, max_requests_per_second=100_000)
        groups = _groups(round(rate * settings.max_batch_delay_secs), settings.num_shards)
        taken = _deliver(groups, settings, secs)
        operations = sum(len(values) for _, values in groups)
        expected = operations * (_WARM_UP_BUNDLES + len(taken))
        found = stats(url)["operations"]
    if found != expected:
        raise RuntimeError(f"the sandbox took {found} operations of {expected}")
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return Measurement(
        name=f"delivering what {rate:g} events/s gather in a batch delay, p99",
        compared_with="50 ms of these are the answer's",
        value=cuts[98],
        unit="s",
        aim=f"at most {BEYOND_DELAY_SECS:g}",
        reached=cuts[98] <= BEYOND_DELAY_SECS,
        details={
            "p50": round(cuts[49], 4),
            "p99": round(cuts[98], 4),
            "max": round(max(taken), 4),
            "bundles": len(taken),
            "operations_in_a_bundle": operations,
        },
    )


def _groups(count: int, num_shards: int) -> _Groups:
    """Map events, and group the operations as batches by shard are."""
    shards: dict[int, list[Value]] = defaultdict(list)
    for keyed in keyed_operations(count):
        shard, value = to_shard(keyed, num_shards)
        shards[shard].append(value)
    return sorted(shards.items())


def _deliver(groups: _Groups, settings: DeliverySettings, secs: float) -> list[float]:
    """Deliver the same bundle again and again; return the seconds that each took."""
    os.environ.update({SITE_ID_VARIABLE: SITE_ID, API_KEY_VARIABLE: API_KEY})
    deliver = DeliverGroups(CredentialsSource(), settings, SystemClock(), uuid.uuid4().hex)
    deliver.setup()
    try:
        for _ in range(_WARM_UP_BUNDLES):
            _bundle(deliver, groups)
        end = time.perf_counter() + secs
        taken = []
        while time.perf_counter() < end:
            taken.append(_bundle(deliver, groups))
        return taken
    finally:
        deliver.teardown()


def _bundle(deliver: DeliverGroups, groups: _Groups) -> float:
    started = time.perf_counter()
    deliver.start_bundle()
    for group in groups:
        for _ in deliver.process(group, Timestamp(0)):
            pass
    for _ in deliver.finish_bundle():
        pass
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    print_at_rates("Measure what delivering adds to the wait for a batch.", measure, _SECS)


if __name__ == "__main__":
    main()
