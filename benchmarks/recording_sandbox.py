"""The sandbox, with a record of when it accepted which events; ``benchmarks.streaming_latency`` runs it as a process.

Run as ``python -m benchmarks.recording_sandbox --record FILE``: prints its URL, and adds to the file a line of JSON for
each batch that it accepted as a whole: ``[unix seconds, [the operations' "number" attributes]]``.
"""

from __future__ import annotations

import argparse
import io
import json
import pathlib
import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from benchmarks.processes import API_KEY, SITE_ID
from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.server import LOOPBACK_NAMES, SandboxServer, address, make_app, make_service

__all__ = ["Recorder"]


class Recorder:
    """WSGI middleware that records accepted batches.

    Args:
        app: The sandbox's application.
        record: Called with the bytes of a line for each accepted batch, from several threads.
        clock: The current time in unix seconds.
    """

    def __init__(
        self, app: Callable[..., Iterable[bytes]], record: Callable[[bytes], object], clock: Callable[[], float]
    ) -> None:
        self._app = app
        self._record = record
        self._clock = clock

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Hand a request on; note it if it was answered with 200, which a batch with a refused operation never is."""
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        statuses: list[str] = []

        def start(status: str, *arguments: Any) -> Any:
            statuses.append(status)
            return start_response(status, *arguments)

        answer = self._app(environ, start)
        if environ["PATH_INFO"] == "/api/v2/batch" and statuses == ["200 OK"]:
            accepted_at = self._clock()
            numbers = [operation["attributes"]["number"] for operation in orjson.loads(body)["batch"]]
            self._record(orjson.dumps([accepted_at, numbers]) + b"\n")
        return answer


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="Run the sandbox and record what it accepts.")
    parser.add_argument("--record", type=pathlib.Path, required=True)
    parser.add_argument("--faults", default="{}", help="as of python -m customerio_beam.sandbox")
    options = parser.parse_args()
    service = make_service(site_id=SITE_ID, api_key=API_KEY, faults=Faults.from_json(json.loads(options.faults)))
    # Unbuffered: a line is one write at the end of the file, whichever thread it comes from.
    with options.record.open("ab", buffering=0) as record:
        app = make_app(service, LOOPBACK_NAMES)
        app.wsgi_app = Recorder(app.wsgi_app, record.write, time.time)  # type: ignore[method-assign]
        server = SandboxServer("127.0.0.1", 0, app)
        print(f"Sandbox listening on {address(server)}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
