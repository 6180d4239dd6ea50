"""The job's own options: their names, defaults and help. Imports no Beam, so that ``--help`` is quick."""

from __future__ import annotations

import argparse

__all__ = ["DEFAULT_DEAD_LETTERS", "add_arguments", "help_parser"]

DEFAULT_DEAD_LETTERS = "dead-letters"

_DESCRIPTION = """\
Route analytics events (Segment spec) to Customer.io.

The job reads events from files or from a Pub/Sub subscription, maps them to Customer.io's Track API and delivers
them in batches within the workspace's rate limit. What can't be delivered ends as a dead letter, to be sent again
with --input_format=dead_letters."""

_EPILOG = """\
Beam's and Dataflow's own options (--runner, --project, --region, --temp_location, --max_num_workers, ...) are taken
too; https://cloud.google.com/dataflow/docs/reference/pipeline-options lists them. Without --runner the job runs in
this process.

The API key has no option, so that it never shows in a process list or a job's description: name a secret with
--api_key_secret, or set CUSTOMERIO_API_KEY (and CUSTOMERIO_SITE_ID) in the environment of a local run.

examples:
  # see what would be sent, without credentials
  python -m pipeline --input 'events/*.ndjson' --operations_output /tmp/operations.ndjson
  # is the connection set up?
  python -m pipeline --check_connection --site_id_secret projects/P/secrets/site-id \\
      --api_key_secret projects/P/secrets/api-key
  # backfill from Cloud Storage on this machine
  python -m pipeline --input 'gs://bucket/events/**' --dead_letters gs://bucket/dead-letters/run-1 \\
      --site_id_secret projects/P/secrets/site-id --api_key_secret projects/P/secrets/api-key
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the job's options to a parser, in the groups that ``--help`` shows."""
    _add_input(parser.add_argument_group("input"))
    _add_output(parser.add_argument_group("output and dead letters"))
    _add_connection(parser.add_argument_group("Customer.io"))
    _add_mapping(parser.add_argument_group("mapping"))
    _add_delivery(parser.add_argument_group("delivery"))


def help_parser() -> argparse.ArgumentParser:
    """Return the parser whose help ``python -m pipeline --help`` prints."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s (--input PATTERN ... | --input_subscription NAME) [option ...]",
    )
    add_arguments(parser)
    return parser


def _add_input(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--input",
        nargs="+",
        metavar="PATTERN",
        help="files to read: local or gs:// patterns (* within a folder, ** across folders), plain or compressed, "
        "separated by spaces or commas; the job ends when they are done",
    )
    group.add_argument(
        "--input_subscription",
        metavar="NAME",
        help="Pub/Sub subscription to read, projects/PROJECT/subscriptions/NAME; the job runs until it is drained",
    )
    group.add_argument(
        "--input_format",
        choices=("events", "dead_letters"),
        default="events",
        help="what --input holds: events, or dead letters of an earlier run to send again (default: %(default)s)",
    )
    group.add_argument(
        "--id_label",
        metavar="ATTRIBUTE",
        help="Pub/Sub message attribute that identifies a message, for Dataflow to drop repeats by; only Dataflow "
        "has this, and Customer.io drops repeated events without it too",
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--operations_output",
        metavar="PATH",
        help="write the operations here as NDJSON instead of sending them; needs no credentials. A path that ends in "
        ".ndjson is one file, any other is the prefix of several",
    )
    group.add_argument(
        "--dead_letters",
        metavar="PREFIX",
        help="path prefix, local or gs://, of the files that dead letters go to "
        f"(default for a run on this machine: {DEFAULT_DEAD_LETTERS})",
    )
    group.add_argument(
        "--dead_letter_topic",
        metavar="TOPIC",
        help="Pub/Sub topic that dead letters go to, projects/PROJECT/topics/NAME, with stage and reason as attributes",
    )


def _add_connection(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--account_region",
        choices=("us", "eu"),
        default="us",
        help="where the Customer.io account lives (default: %(default)s)",
    )
    group.add_argument(
        "--track_endpoint",
        metavar="URL",
        help="address of the Track API in place of the region's: https, or http on this machine alone",
    )
    group.add_argument("--site_id", metavar="ID", help="the workspace's Site ID (or CUSTOMERIO_SITE_ID)")
    group.add_argument(
        "--site_id_secret", metavar="SECRET", help="Secret Manager secret with the Site ID: projects/P/secrets/S"
    )
    group.add_argument(
        "--api_key_secret",
        metavar="SECRET",
        help="Secret Manager secret with the Track API key: projects/P/secrets/S, or .../versions/V "
        "(without it: CUSTOMERIO_API_KEY, for runs on this machine)",
    )
    group.add_argument(
        "--check_connection",
        action="store_true",
        help="only fetch the credentials, ask Customer.io whether it takes them, and say so",
    )


def _add_mapping(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--identify_by",
        choices=("auto", "id", "email"),
        default="auto",
        help="auto: a userId that looks like an email is one; id: userIds are never emails; email: an event's email "
        "goes before its userId (default: %(default)s)",
    )
    group.add_argument(
        "--convert_dates",
        type=_boolean,
        default=True,
        metavar="true|false",
        help="turn ISO 8601 dates in traits and properties into unix seconds (default: true)",
    )
    group.add_argument(
        "--max_attributes_per_identify",
        type=int,
        default=30,
        metavar="N",
        help="attributes in one identify call, 1 to 300; further ones go into further calls (default: %(default)s)",
    )
    group.add_argument(
        "--oversize_attributes",
        choices=("dead_letter", "send"),
        default="dead_letter",
        help="attributes over Customer.io's limits: record them as dead letters and send the rest, or send them "
        "anyway (default: %(default)s)",
    )


def _add_delivery(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--ordering",
        choices=("person", "none"),
        default="person",
        help="of files: deliver each person's operations in the order of their times, or in any order, which is the "
        "cheapest (default: %(default)s)",
    )
    group.add_argument(
        "--max_requests_per_second",
        type=float,
        default=100.0,
        metavar="N",
        help="requests per second of the whole job, shared by --max_num_workers workers (default: 100)",
    )
    group.add_argument(
        "--rate_limit_service",
        metavar="HOST:PORT",
        help="Envoy rate limit service (gRPC) that grants every request, in place of each worker's own share",
    )
    group.add_argument(
        "--max_in_flight_requests",
        type=int,
        default=8,
        metavar="N",
        help="requests that one worker thread keeps in flight (default: %(default)s)",
    )
    group.add_argument(
        "--max_batch_delay_secs",
        type=float,
        default=2.0,
        metavar="SECONDS",
        help="of a subscription: how long an operation may wait for others to share its request (default: 2)",
    )
    group.add_argument(
        "--num_shards",
        type=int,
        default=8,
        metavar="N",
        help="of a subscription: the number of groups that batches form in; a person is always in the same "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--max_retry_secs",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="how long a request is tried again before --on_exhausted (default: 600)",
    )
    group.add_argument(
        "--on_exhausted",
        choices=("fail", "dead_letter"),
        default="fail",
        help="after --max_retry_secs: fail, so that the runner tries the bundle again, or put the operations into the "
        "dead letters (default: %(default)s)",
    )
    group.add_argument(
        "--backfill_recent",
        choices=("hold", "send"),
        default="hold",
        help="of files: events of the last 72 hours, which can trigger campaigns: hold them back as dead letters, or "
        "send them (default: %(default)s)",
    )


def _boolean(text: str) -> bool:
    if text.lower() in ("true", "1", "yes"):
        return True
    if text.lower() in ("false", "0", "no"):
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
