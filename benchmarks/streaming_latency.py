"""How long the streaming job takes from an event's publication to its acceptance, at a steady rate.

Run with ``python -m benchmarks.streaming_latency``. Events are published to Google's in-memory Pub/Sub server at a
steady rate; the job of ``benchmarks.streaming_job`` reads and delivers them, on Prism, with the defaults for batches;
the sandbox takes them, after 50 ms each request, and its activity log says when it received each. All clocks are this
machine's. What is published before and after the time that counts keeps the rate steady, and is not counted.

Prism is a local runner. What Dataflow adds, at Pub/Sub and at shuffles, is not in these figures.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence

from benchmarks.latency import BEYOND_DELAY_SECS, RATES, SLOW_ANSWERS, print_at_rates
from benchmarks.local_pubsub import running_local_pubsub
from benchmarks.measurement import Measurement
from benchmarks.processes import API_KEY, SITE_ID, program, stand_in, stats
from benchmarks.steady_publisher import SteadyPublisher
from customerio_beam.delivery.settings import DeliverySettings

__all__ = ["measure", "received"]

_SECS = 60.0
#: Between two pulls; part of what is measured. See ``PullSubscription``.
_PAUSE_SECS = 0.2
#: Prism 2.77 also splits slow bundles between two elements of a key, works on both parts at once, and keeps only the
#: state that the slower one leaves: on a busy machine, events were lost from batches.
_NO_SPLITS = "prism_disable_sdf_split"

#: From the first accepted event until events count: caches fill, and what piled up at the start is gone.
_WARM_UP_SECS = 10.0
#: Lines of the activity log that are read at once.
_PAGE_LENGTH = 10_000
#: For the job to start, and for what was published last to be accepted.
_PATIENCE_SECS = 60.0
#: Where less of the rate than this is published, the publisher is the bottleneck, and nothing is measured.
_LEAST_SHARE_PUBLISHED = 0.98


def measure(secs: float = _SECS, rates: Sequence[float] = RATES) -> list[Measurement]:
    """Measure the 99th percentile at each rate, with a job of its own.

    Args:
        secs: For how many seconds events count.
        rates: Events per second.

    Raises:
        FileNotFoundError: Prism or the Pub/Sub server has not been built.
        RuntimeError: The job did not deliver everything, or the events could not be published fast enough.
    """
    return [_measurement(rate, secs) for rate in rates]


def _measurement(rate: float, secs: float) -> Measurement:
    latencies, details = _latencies(rate, secs)
    cuts = statistics.quantiles(latencies, n=100, method="inclusive")
    delay = DeliverySettings().max_batch_delay_secs
    aim = delay + BEYOND_DELAY_SECS
    return Measurement(
        name=f"streaming at {rate:g} events/s: publish to accepted, p99",
        compared_with=f"a batch delay of {delay:g} s; on Prism",
        value=cuts[98],
        unit="s",
        aim=f"at most {aim:g}",
        reached=cuts[98] <= aim,
        details={
            "p50": round(cuts[49], 3),
            "p90": round(cuts[89], 3),
            "p99": round(cuts[98], 3),
            "max": round(max(latencies), 3),
            "events": len(latencies),
            "seconds": secs,
            "pause_secs_between_pulls": _PAUSE_SECS,
            **details,
        },
    )


def _latencies(rate: float, secs: float) -> tuple[list[float], dict[str, float]]:
    """Run everything once; return the seconds that each event which counts took, and further figures."""
    delay = DeliverySettings().max_batch_delay_secs
    with tempfile.TemporaryDirectory() as name, running_local_pubsub() as pubsub:
        log = pathlib.Path(name) / "job.log"
        publisher = SteadyPublisher(pubsub.topic, rate, _PATIENCE_SECS + _WARM_UP_SECS + secs + delay)
        sandbox = stand_in("--faults", SLOW_ANSWERS)
        with contextlib.closing(publisher), sandbox as url, _job(log, pubsub.subscription, url):
            try:
                publisher.publish_until(lambda: stats(url)["operations"] > 0, _PATIENCE_SECS)
                publisher.publish_for(_WARM_UP_SECS)
                first = len(publisher.moments)
                publisher.publish_for(secs)
                last = len(publisher.moments)
                # Company for the last ones that count: their batches would be smaller without it.
                publisher.publish_for(delay)
                accepted = _accepted(url, range(first, last))
            except TimeoutError as error:
                raise RuntimeError(f"{error}; the job said: {log.read_text(errors='replace')[-2000:]}") from None
    published_a_second = (last - first) / secs
    if published_a_second < _LEAST_SHARE_PUBLISHED * rate:
        raise RuntimeError(f"only {published_a_second:.0f} of {rate:g} events a second could be published")
    latencies = [accepted[number] - publisher.moments[number] for number in range(first, last)]
    return latencies, {"published_per_second": round(published_a_second, 1)}


def _accepted(url: str, numbers: range) -> dict[int, float]:
    """Wait until all these events are accepted; return when the sandbox received each of them.

    Raises:
        TimeoutError: Some were not.
    """
    end = time.monotonic() + _PATIENCE_SECS
    while True:
        # Everything before the last one that counts was published, and more after it.
        if stats(url)["operations"] > numbers.stop:
            accepted = received(url)
            if all(number in accepted for number in numbers):
                return accepted
        if time.monotonic() > end:
            missing = len(set(numbers) - received(url).keys())
            raise TimeoutError(
                f"{missing} of {len(numbers)} events were not accepted within {_PATIENCE_SECS:g} seconds"
            )
        time.sleep(1)


def received(url: str) -> dict[int, float]:
    """Return when a sandbox received each event, in unix seconds, by the event's number."""
    moments: dict[int, float] = {}
    while True:
        page = f"{url}/activity.json?limit={_PAGE_LENGTH}&offset={len(moments)}"
        with urllib.request.urlopen(page) as response:
            lines = json.load(response)["activity"]
        moments |= {line["attributes"]["number"]: line["received"] for line in lines}
        if len(lines) < _PAGE_LENGTH:
            return moments


@contextlib.contextmanager
def _job(log: pathlib.Path, subscription: str, url: str) -> Iterator[None]:
    """Run the job on Prism, in a process group that ends with the block."""
    command = [
        *(sys.executable, "-m", "benchmarks.streaming_job", "--streaming"),
        *("--runner=PrismRunner", f"--prism_location={program('prism')}", f"--experiments={_NO_SPLITS}"),
        *(f"--subscription={subscription}", f"--pause_secs={_PAUSE_SECS}", f"--track_endpoint={url}"),
    ]
    environment = {**os.environ, "CUSTOMERIO_SITE_ID": SITE_ID, "CUSTOMERIO_API_KEY": API_KEY}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True) as process,
    ):
        try:
            yield
        finally:
            # Interrupted, the job ends Prism, which would otherwise stay.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_PATIENCE_SECS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def main() -> None:
    """Measure and print."""
    print_at_rates("Measure the streaming job's latency at steady rates.", measure, _SECS)


if __name__ == "__main__":
    main()
