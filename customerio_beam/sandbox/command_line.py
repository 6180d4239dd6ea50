"""The sandbox's command line."""

from __future__ import annotations

import argparse
import ipaddress
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from typing import Any

from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.operations import Settings
from customerio_beam.sandbox.rules.limits import MAX_ATTRIBUTES
from customerio_beam.sandbox.server import LOOPBACK_NAMES, make_server, serving
from customerio_beam.sandbox.state import Sandbox

OPTIONS: dict[str, dict[str, Any]] = {
    "--port": {"type": int, "default": 8080, "help": "port to listen on; 0 takes a free one (default: 8080)"},
    "--host": {"default": "127.0.0.1", "help": "address to listen on (default: 127.0.0.1)"},
    "--allow-remote": {"action": "store_true", "help": "allow a --host that others can reach, read and empty"},
    "--allow-host": {"action": "append", "default": [], "metavar": "NAME", "help": "a further host name to answer to"},
    "--database": {"default": ":memory:", "help": "file that keeps the workspace (default: :memory:, nothing is kept)"},
    "--site-id": {"help": "Site ID to accept (default: $CUSTOMERIO_SITE_ID, else sandbox-site)"},
    "--api-key": {"help": "Track API key to accept (default: $CUSTOMERIO_API_KEY, else sandbox-key)"},
    "--faults": {"default": "{}", "metavar": "JSON", "help": "faults to inject, as a JSON object"},
    "--unknown-people": {
        "choices": ("create", "drop"),
        "default": "create",
        "help": "what to do with an event of somebody unknown (default: create the person)",
    },
    "--max-attributes": {
        "type": int,
        "default": MAX_ATTRIBUTES,
        "help": f"attributes that one identify call may carry (default: {MAX_ATTRIBUTES})",
    },
    "--anonymous-merging": {"choices": ("on", "off"), "default": "on", "help": "join anonymous events (default: on)"},
    "--identify-by-phone": {"action": "store_true", "help": "let phone numbers identify people"},
    "--count-only": {"action": "store_true", "help": "count operations only: no checks, no state"},
}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the checked command line; exit with one sentence if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="customerio-beam-sandbox",
        description="A stand-in for Customer.io: takes Track API calls and shows the workspace they make.",
    )
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    parser.set_defaults(
        site_id=os.environ.get("CUSTOMERIO_SITE_ID", "sandbox-site"),
        api_key=os.environ.get("CUSTOMERIO_API_KEY", "sandbox-key"),
    )
    options = parser.parse_args(arguments)
    if not options.allow_remote and not _is_loopback(options.host):
        parser.error(f"--host {options.host} can be reached by other machines: add --allow-remote if you mean that")
    if not 0 <= options.port <= 65_535:
        parser.error(f"--port must be from 0 to 65535, not {options.port}")
    if options.max_attributes < 1:
        parser.error(f"--max-attributes must be at least 1, not {options.max_attributes}")
    try:
        options.faults = Faults.from_json(options.faults)
    except ValueError as error:
        parser.error(f"--faults {options.faults}: {error}")
    return options


def run(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM, and return the exit status."""
    options = parse(arguments)
    settings = Settings(
        create_unknown=options.unknown_people == "create",
        max_attributes=options.max_attributes,
        merge_anonymous=options.anonymous_merging == "on",
        identify_by_phone=options.identify_by_phone,
        count_only=options.count_only,
    )
    credentials = {"site_id": options.site_id, "api_key": options.api_key}
    try:
        sandbox = Sandbox(**credentials, database=options.database, faults=options.faults, settings=settings)
    except sqlite3.Error as error:
        print(f"The sandbox can't use --database {options.database}: {error}", file=sys.stderr)
        return 2
    names = None if options.allow_remote else [*LOOPBACK_NAMES, options.host, *options.allow_host]
    try:
        server = make_server(sandbox, host=options.host, port=options.port, trusted_hosts=names)
    except OSError as error:
        print(f"The sandbox can't listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        sandbox.workspace.close()
        return 1
    # Blocked and waited for, not handled: a handler could interrupt the wait that it ends, and deadlock.
    signals = (signal.SIGINT, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with serving(server, sandbox):
        print(f"Sandbox listening on {server.url}", flush=True)
        signal.sigwait(signals)
    return 0


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
