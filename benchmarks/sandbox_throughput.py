"""How many operations a second the sandbox takes, with checks and state and without.

Run with `python -m benchmarks.sandbox_throughput`. The sandbox and the sender are two processes, as in use; the bodies
are made beforehand, so that the sender only sends. Beside the rate, which depends on what else the machine does, it
measures the processor time that the sandbox takes an operation.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import threading
import time
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

PEOPLE = 20_000
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ACTIONS = (("event", 60), ("page", 20), ("identify", 15), ("object", 5))
"""Shares of the operations in percent: the mix of events of the other benchmarks."""


def make_operations(count: int, seed: int = 1) -> list[bytes]:
    """Returns operations as compact JSON of about 400 bytes, each person's in order of time."""
    rng = random.Random(seed)
    kinds = rng.choices([kind for kind, _ in ACTIONS], [share for _, share in ACTIONS], k=count)
    return [orjson.dumps(_operation(kind, index, rng)) for index, kind in enumerate(kinds)]


def make_bodies(operations: list[bytes], batch: int) -> list[bytes]:
    """Returns the bodies of batch requests."""
    return [
        b'{"batch":[' + b",".join(operations[start : start + batch]) + b"]}"
        for start in range(0, len(operations), batch)
    ]


class Measured(NamedTuple):
    """What one run took.

    Attributes:
        seconds: Time from the first request to the last answer.
        cpu_seconds: User and system time of the sandbox in the meantime.
    """

    seconds: float
    cpu_seconds: float


def measure(bodies: list[bytes], operations: int, connections: int, arguments: list[str]) -> Measured:
    """Returns what a new sandbox takes for some operations.

    Args:
        bodies: What to send.
        operations: How many operations there are in all of it.
        connections: Requests in flight.
        arguments: Further arguments of the sandbox.
    """
    command = [
        sys.executable,
        "-m",
        "customerio_beam.sandbox",
        "--port",
        "0",
        "--site-id",
        "site",
        "--api-key",
        "key",
        *arguments,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = urlsplit(process.stdout.readline().split()[-1])
            assert address.hostname and address.port
            cpu_before = _cpu_seconds(process.pid)
            started = time.perf_counter()
            senders = [
                threading.Thread(target=_send, args=(address.hostname, address.port, bodies[each::connections]))
                for each in range(connections)
            ]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
            measured = Measured(time.perf_counter() - started, _cpu_seconds(process.pid) - cpu_before)
            taken = _stats(address.hostname, address.port)["operations"]
        finally:
            process.terminate()
    if taken != operations:
        raise RuntimeError(f"the sandbox took {taken} operations of {operations}")
    return measured


def main() -> None:
    """Measures and prints a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=1_000, help="operations a request")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    bodies = make_bodies(make_operations(options.operations), options.batch)
    result: dict[str, object] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}",
        "operations": options.operations,
        "mean_body_bytes": round(statistics.mean(map(len, bodies))),
    }
    print(f"{'mode':<24}{'operations/s (median)':>24}{'CPU us/operation (median)':>28}")
    for mode, arguments in (("checks and state", []), ("count only", ["--count-only"])):
        runs = [measure(bodies, options.operations, options.connections, arguments) for _ in range(options.runs)]
        rates = [options.operations / run.seconds for run in runs]
        cpu = [run.cpu_seconds / options.operations * 1e6 for run in runs]
        result[mode] = [round(rate) for rate in rates]
        result[f"{mode}: CPU us/operation"] = [round(each, 1) for each in cpu]
        print(f"{mode:<24}{statistics.median(rates):>24,.0f}{statistics.median(cpu):>28.1f}")
    print(json.dumps(result))


def _operation(kind: str, index: int, rng: random.Random) -> dict[str, object]:
    person = f"user-{rng.randrange(PEOPLE):05d}"
    stamp = 1_700_000_000 + index
    if kind == "object":
        return {
            "type": "object",
            "action": "identify",
            "identifiers": {"object_type_id": "1", "object_id": f"company-{rng.randrange(2000)}"},
            "attributes": {"name": f"Company {index}", "plan": "enterprise", "seats": rng.randrange(500)},
            "cio_relationships": [{"identifiers": {"id": person}}],
        }
    base: dict[str, object] = {"type": "person", "action": kind, "identifiers": {"id": person}, "timestamp": stamp}
    if kind == "identify":
        traits = {f"trait_{each}": f"value {rng.randrange(10**6)}" for each in range(8)}
        return {**base, "attributes": {"email": f"{person}@example.com", "anonymous_id": f"anon-{person}", **traits}}
    number = rng.getrandbits(80)
    random_part = "".join(CROCKFORD[number >> 5 * each & 31] for each in range(16))
    properties = {
        "url": f"https://shop.example.com/products/{rng.randrange(10**6)}?utm_source=mail&utm_campaign=spring",
        "referrer": "https://www.example.com/search",
        "title": "A product page with a longer title",
        "price": rng.randrange(10_000) / 100,
        "currency": "EUR",
        "categories": ["shoes", "summer"],
    }
    name = "Product Viewed" if kind == "event" else "Shop"
    return {**base, "id": f"01HF000000{random_part}", "name": name, "attributes": properties}


def _send(host: str, port: int, bodies: list[bytes]) -> None:
    connection = http.client.HTTPConnection(host, port)
    headers = {
        "Content-Type": "application/json",
        "Authorization": "Basic " + b64encode(b"site:key").decode(),
    }
    for body in bodies:
        connection.request("POST", "/api/v2/batch", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the sandbox answered {answer.status}: {content[:200]!r}")
    connection.close()


def _cpu_seconds(process: int) -> float:
    """Returns the user and system time that a process has used so far, as Linux counts it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _stats(host: str, port: int) -> dict[str, int]:
    connection = http.client.HTTPConnection(host, port)
    connection.request("GET", "/stats.json")
    stats: dict[str, int] = json.loads(connection.getresponse().read())
    connection.close()
    return stats


if __name__ == "__main__":
    main()
