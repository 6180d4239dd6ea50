"""One SDK process of a worker: threads that use the worker's rate limit for some seconds and tell when they did.

Arguments: workspace, requests per second, threads, seconds. Starts when a line comes in on stdin; prints the
monotonic time of each attempt (one clock for all processes of a machine), a line each, as soon as it is made.
"""

from __future__ import annotations

import sys
import threading
import time

from customerio_beam.delivery.rate_limit import WorkerRateLimit


def main() -> None:
    workspace, rate, threads, seconds = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    limit = WorkerRateLimit(rate, workspace)
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + seconds
    printing = threading.Lock()

    def attempt() -> None:
        while True:
            limit.take(time.sleep)
            now = time.monotonic()
            if now > end:
                return
            with printing:
                print(now, flush=True)
            limit.record(accepted=True)

    workers = [threading.Thread(target=attempt) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
