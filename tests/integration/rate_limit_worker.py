"""One SDK process of a worker: threads that use the worker's budget for some seconds and tell when they did.

Arguments: budget tag, requests per second, threads, seconds. Starts when a line comes in on stdin; prints the
monotonic times of all attempts (one clock for all processes of a machine) as JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time

from customerio_beam.delivery.budget import WorkerBudget
from customerio_beam.transforms.worker_budget import shared_worker_budget


def main() -> None:
    tag, rate, threads, seconds = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    budget = WorkerBudget(shared_worker_budget(rate, tag))
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + seconds
    attempts: list[float] = []

    def attempt() -> None:
        while True:
            budget.take(time.sleep)
            now = time.monotonic()
            if now > end:
                return
            attempts.append(now)
            budget.record(accepted=True)

    workers = [threading.Thread(target=attempt) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(json.dumps(attempts), flush=True)
    sys.stdin.readline()  # the process that holds the bucket must be the last to go


if __name__ == "__main__":
    main()
