"""What delivering adds to the wait for a batch: the seconds from full batches to the last answer.

Run with ``python -m benchmarks.delivery_latency``. The DoFn that delivers in the streaming job gets one bundle after
the other, without a runner. In each is what gathers in the batches of all shards within the batch delay: the case in
which all of them fall due at once. The sandbox only counts, and answers after 50 ms.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence

from apache_beam.utils.timestamp import Timestamp

from benchmarks.generate import events
from benchmarks.measurement import Measurement
from benchmarks.processes import API_KEY, SITE_ID, stand_in, stats
from delivery.batching import Value
from delivery.clock import SystemClock
from delivery.credentials import API_KEY_VARIABLE, SITE_ID_VARIABLE, CredentialsSource
from delivery.settings import DeliverySettings
from mapping.event import Event
from mapping.mapper import map_event
from mapping.person import person_key
from mapping.reading import read_payload
from mapping.settings import MappingSettings
from transforms.deliver import DeliverGroups

__all__ = ["measure"]

_SECS = 30.0
_RATES = (100.0, 1_000.0)
_FAULTS = '{"latency": {"distribution": "fixed", "ms": 50}}'
#: What the streaming job may take beyond the batch delay, in seconds; delivering is one part of that.
_AIM_SECS = 1.0
#: Connections are opened by the first bundles, which do not count.
_WARM_UP_BUNDLES = 5

_Groups = list[tuple[int, list[Value]]]


def measure(secs: float = _SECS, rates: Sequence[float] = _RATES) -> list[Measurement]:
    """Measure the 99th percentile of a bundle's time at each rate.

    Args:
        secs: For how many seconds to deliver, at each rate.
        rates: Events per second.

    Raises:
        RuntimeError: The sandbox did not get every operation.
    """
    return [_measurement(rate, secs) for rate in rates]


def _measurement(rate: float, secs: float) -> Measurement:
    with stand_in("--count-only", "--faults", _FAULTS) as url:
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
        aim=f"at most {_AIM_SECS:g}",
        reached=cuts[98] <= _AIM_SECS,
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
    settings = MappingSettings()
    shards: dict[int, list[Value]] = defaultdict(list)
    for line in events(count):
        for event in read_payload(line):
            if not isinstance(event, Event):
                raise TypeError(f"an event was not usable: {event}")
            shard = int.from_bytes(person_key(event, settings.identify_by)[:8], "big") % num_shards
            shards[shard] += [(event.time_ms, each, event.payload) for each in map_event(event, settings).operations]
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
    parser = argparse.ArgumentParser(description="Measure what delivering adds to the wait for a batch.")
    parser.add_argument("--secs", type=float, default=_SECS, help="for how long to deliver, in seconds")
    parser.add_argument("--rates", type=float, nargs="+", default=_RATES, help="events per second")
    options = parser.parse_args()
    for result in measure(options.secs, options.rates):
        print(result, flush=True)


if __name__ == "__main__":
    main()
