"""Operations delivered a second where each request takes 50 ms, against Customer.io's own Python client.

Run with ``python -m benchmarks.delivered_per_second --client_python PYTHON``, where PYTHON is an interpreter that has
the ``customerio`` package. That client is called once an event, as its README shows, by one thread and by sixteen; the
other end is the sandbox, which counts and answers after 50 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

from benchmarks.measurement import Measurement
from benchmarks.operations import keyed_operations
from benchmarks.processes import API_KEY, SITE_ID, stand_in, stats
from customerio_beam.delivery.batching import Value
from customerio_beam.delivery.clock import SystemClock
from customerio_beam.delivery.credentials import CredentialsKeeper, CredentialsSource
from customerio_beam.delivery.rate_limit import WorkerRateLimit
from customerio_beam.delivery.session import DeliverySession
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.delivery.workspace import Workspace

__all__ = ["measure"]

_LATENCY = json.dumps({"latency": {"distribution": "fixed", "ms": 50}})
_OPERATIONS = 100_000
_CLIENT_SECS = 10.0
_ONE_THREAD_AIM = 500
_SIXTEEN_THREADS_AIM = 50

# Runs in the other interpreter. Its client speaks https alone, so its base URL is set to the sandbox's.
_CLIENT = """
import sys, threading, time
from customerio import CustomerIO
url, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
clients = [CustomerIO("site", "key", retries=0) for _ in range(threads)]
counts = [0] * threads
def send(number):
    client = clients[number]
    client.base_url = url + "/api/v1"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client.track(customer_id="user-%05d" % counts[number], name="Product Viewed", data={"price": 12.5})
        counts[number] += 1
senders = [threading.Thread(target=send, args=(number,)) for number in range(threads)]
started = time.monotonic()
for sender in senders: sender.start()
for sender in senders: sender.join()
print(sum(counts) / (time.monotonic() - started))
"""


def measure(client_python: str, operations: int = _OPERATIONS, client_secs: float = _CLIENT_SECS) -> list[Measurement]:
    """Measure both.

    Args:
        client_python: An interpreter that has the ``customerio`` package.
        operations: How many operations this project's delivery sends.
        client_secs: How long the client sends, in seconds.
    """
    values = _values(operations)
    with stand_in("--count-only", "--faults", _LATENCY) as url:
        ours = _deliver(values, url)
        one = _client_rate(client_python, url, 1, client_secs)
        sixteen = _client_rate(client_python, url, 16, client_secs)
    details = {"ours": round(ours), "client_1_thread": round(one, 1), "client_16_threads": round(sixteen, 1)}
    return [
        Measurement(
            name="delivered per second at 50 ms a request",
            compared_with=f"the customerio client, {threads}",
            value=ours / rate,
            unit="x",
            aim=f"at least {aim}",
            reached=ours / rate >= aim,
            details=details,
        )
        for threads, rate, aim in (
            ("one thread", one, _ONE_THREAD_AIM),
            ("16 threads", sixteen, _SIXTEEN_THREADS_AIM),
        )
    ]


def _values(count: int) -> list[tuple[bytes, Value]]:
    return sorted(keyed_operations(count), key=lambda keyed: keyed[0])


def _deliver(values: list[tuple[bytes, Value]], url: str) -> float:
    """Deliver with the default settings but for the rate; return operations per second."""
    os.environ.update(CUSTOMERIO_SITE_ID=SITE_ID, CUSTOMERIO_API_KEY=API_KEY)
    settings = DeliverySettings(track_endpoint=url, max_requests_per_second=100_000)
    credentials = CredentialsKeeper(CredentialsSource(), max_age_secs=settings.secret_max_age_secs)
    workspace = Workspace(settings.base_url, credentials)
    rate_limit = WorkerRateLimit(settings.worker_requests_per_second, workspace.identity)
    session = DeliverySession(workspace, rate_limit, settings, SystemClock())
    writer = session.start_bundle()
    before = stats(url)["operations"]
    started = time.perf_counter()
    for key, value in values:
        for _ in writer.write(key, (value,), None):
            pass
    for _ in writer.flush():
        pass
    elapsed = time.perf_counter() - started
    session.close()
    taken = stats(url)["operations"] - before
    if taken != len(values):
        raise RuntimeError(f"the sandbox took {taken} operations of {len(values)}")
    return len(values) / elapsed


def _client_rate(python: str, url: str, threads: int, seconds: float) -> float:
    result = subprocess.run(
        [python, "-c", _CLIENT, url, str(threads), str(seconds)],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"the customerio client failed: {result.stderr[-2000:]}")
    return float(result.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Count what is delivered a second, here and by the official client.")
    parser.add_argument("--client_python", default=sys.executable, help="an interpreter that has customerio")
    options = parser.parse_args()
    for result in measure(options.client_python):
        print(f"{result.compared_with}: {result.value:.0f} times", dict(result.details))


if __name__ == "__main__":
    main()
