"""Runs the sandbox by itself: `python -m customerio_beam.sandbox`."""

from __future__ import annotations

import argparse
import gc
import ipaddress
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Sequence

import orjson

from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.rules.limits import MAX_ATTRIBUTES
from customerio_beam.sandbox.server import address, bind, make_service
from customerio_beam.sandbox.workspace import Settings


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Returns the checked command line; exits with one sentence where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m customerio_beam.sandbox",
        description="Customer.io's stand-in: takes Track API calls and shows the workspace they make.",
    )
    parser.add_argument("--port", type=int, default=8080, help="port to listen on; 0 takes a free one (default: 8080)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help="allow a --host that other machines can reach: whoever reaches it reads and empties the workspace",
    )
    parser.add_argument(
        "--database", default=":memory:", help="file to keep the workspace in (default: :memory:, forgotten at the end)"
    )
    parser.add_argument(
        "--site-id",
        default=os.environ.get("CUSTOMERIO_SITE_ID", "sandbox-site"),
        help="Site ID to accept (default: $CUSTOMERIO_SITE_ID, else sandbox-site)",
    )
    parser.add_argument(
        "--api-key",
        default=os.environ.get("CUSTOMERIO_API_KEY", "sandbox-key"),
        help="Track API key to accept (default: $CUSTOMERIO_API_KEY, else sandbox-key)",
    )
    parser.add_argument("--faults", default="{}", metavar="JSON", help="faults to inject, as a JSON object")
    parser.add_argument(
        "--unknown-people",
        choices=("create", "drop"),
        default="create",
        help="what an event for somebody nobody identified does (default: create the person)",
    )
    parser.add_argument(
        "--max-attributes",
        type=int,
        default=MAX_ATTRIBUTES,
        help=f"attributes taken from one identify call (default: {MAX_ATTRIBUTES})",
    )
    parser.add_argument("--count-only", action="store_true", help="count operations only: no checks, no state")
    options = parser.parse_args(arguments)
    if not options.allow_remote and not _is_loopback(options.host):
        parser.error(f"--host {options.host} can be reached by other machines: add --allow-remote if you mean that")
    if not 0 <= options.port <= 65_535:
        parser.error(f"--port must be from 0 to 65535, not {options.port}")
    if options.max_attributes < 1:
        parser.error(f"--max-attributes must be at least 1, not {options.max_attributes}")
    try:
        options.faults = Faults.from_json(orjson.loads(options.faults))
    except ValueError as error:
        parser.error(f"--faults: {error}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM. Returns the exit status."""
    options = parse(arguments)
    # The workspace's objects live as long as the process: looking at them for garbage all the time costs a tenth.
    gc.set_threshold(200_000, 50, 100)
    try:
        found = make_service(
            site_id=options.site_id,
            api_key=options.api_key,
            database=options.database,
            faults=options.faults,
            settings=Settings(options.unknown_people == "create", options.max_attributes, options.count_only),
        )
    except sqlite3.Error as error:
        print(f"The sandbox can't use --database {options.database}: {error}", file=sys.stderr)
        return 2
    try:
        server = bind(found, host=options.host, port=options.port, loopback=not options.allow_remote)
    except OSError as error:
        print(f"The sandbox can't listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        found.workspace.close()
        return 1
    # Held back and waited for, not handled: a handler that runs into the wait it ends could deadlock.
    ends = (signal.SIGINT, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    print(f"Sandbox listening on {address(server)}", flush=True)
    signal.sigwait(ends)
    server.shutdown()
    thread.join()
    server.server_close()
    found.workspace.close()
    return 0


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
