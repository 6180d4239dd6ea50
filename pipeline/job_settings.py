"""The settings that belong to the job itself: its input, its output, its credentials. Imports no Beam."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from customerio_beam.reading.payload import DEFAULT_MAX_PAYLOAD_BYTES
from customerio_beam.setting import Setting, check_settings, is_host_port, setting

__all__ = [
    "DEFAULT_DEAD_LETTERS",
    "CredentialsSettings",
    "InputSettings",
    "LocalSettings",
    "OutputSettings",
    "RulesSettings",
]

#: Prefix of the dead-letter files of a run on this machine.
DEFAULT_DEAD_LETTERS = "dead-letters"

# Project ids as Beam's Pub/Sub source and sink take them.
_PROJECT = "projects/[a-z][-a-z0-9:.]{4,61}[a-z0-9]"


def _pubsub_name(kind: str) -> Callable[[str], str | None]:
    is_right = re.compile(rf"{_PROJECT}/{kind}/[^/\s]+").fullmatch
    return lambda value: None if is_right(value) else f"of the form projects/PROJECT/{kind}/NAME"


def _servers(value: str) -> str | None:
    return None if all(is_host_port(server) for server in value.split(",")) else "HOST:PORT[,HOST:PORT...]"


def _property(value: str) -> str | None:
    return None if re.fullmatch(r"[a-z][a-z0-9._]*=.*", value, re.DOTALL) else "of the form KEY=VALUE"


@dataclass(frozen=True)
class InputSettings:
    """Where events come from."""

    input: tuple[str, ...] = setting(
        (),
        Setting(
            "files to read, plain or compressed: paths, folders, or patterns (* within a folder, ** across folders), "
            "local or of gs://, s3:// or azfs://, separated by spaces or commas; the job ends when they are done",
            metavar="PATTERN",
        ),
    )
    input_subscription: str | None = setting(
        None,
        Setting(
            "Pub/Sub subscription to read, projects/PROJECT/subscriptions/NAME; the job runs until it is drained",
            metavar="NAME",
            check=_pubsub_name("subscriptions"),
        ),
    )
    input_kafka_topic: str | None = setting(
        None,
        Setting("Kafka topic to read, on a runner such as Flink's; the job runs until it is stopped", metavar="TOPIC"),
    )
    input_kafka_bootstrap_servers: str | None = setting(
        None, Setting("where Kafka is: one or more HOST:PORT, separated by commas", metavar="SERVERS", check=_servers)
    )
    input_kafka_group: str = setting(
        "customerio-beam", Setting("consumer group whose committed offsets a new job begins at", metavar="GROUP")
    )
    input_kafka_properties: tuple[str, ...] = setting(
        (),
        Setting(
            "further properties of the Kafka consumer, KEY=VALUE. A value like ${env:NAME} is a variable of the "
            "workers' environment, for secrets",
            metavar="KEY=VALUE",
            check=_property,
            is_secret=True,
        ),
    )
    input_format: Literal["events", "dead_letters"] = setting(
        "events", Setting("content of the input. dead_letters: those of an earlier run, to send them again")
    )
    max_replays: int = setting(
        5,
        Setting(
            "of dead letters: how often one is sent again; those that failed more often are dead letters again",
            least=1,
        ),
    )
    input_layout: Literal["segment"] | None = setting(
        None,
        Setting(
            "layout of rows. segment: the files are exports (Parquet, Avro or NDJSON) of the tables of Segment's "
            "warehouse, one a call or an event",
            applies_to="files",
        ),
    )
    max_payload_bytes: int = setting(
        DEFAULT_MAX_PAYLOAD_BYTES,
        Setting(
            "longest message, or event of a file with its envelope's defaults. A longer one is a dead letter; a file's "
            "array or envelope may be as long as it likes",
            least=1_000,
        ),
    )
    id_label: str | None = setting(
        None,
        Setting(
            "message attribute that identifies a message, for Dataflow to drop repeats by; only Dataflow has this, and "
            "Customer.io drops repeated events without it too",
            metavar="ATTRIBUTE",
            applies_to="streams",
        ),
    )
    allow_unusable: bool = setting(
        False,
        Setting(
            "exit with 0, not 3, although a named file holds no event, or more than half of the events can't be used "
            "or are filtered",
            applies_to="files",
        ),
    )
    backfill_recent: Literal["hold", "send"] = setting(
        "hold",
        Setting(
            "of files, and of dead letters that were held: events of the last 72 hours can trigger campaigns. hold: "
            "write them to the dead letters; send: send them",
        ),
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class OutputSettings:
    """Where operations and dead letters go."""

    operations_output: str | None = setting(
        None,
        Setting(
            "write the operations here as NDJSON instead of sending them; needs no credentials. A path that ends in "
            ".ndjson is one file, which is replaced; any other is the prefix of several",
            metavar="PATH",
            applies_to="files",
        ),
    )
    dead_letters: str | None = setting(
        None,
        Setting(
            "path prefix, local or gs://, of the files that hold dead letters; each run adds a name of its own "
            f"(default for a run on this machine: {DEFAULT_DEAD_LETTERS})",
            metavar="PREFIX",
        ),
    )
    dead_letter_topic: str | None = setting(
        None,
        Setting(
            "Pub/Sub topic for dead letters, projects/PROJECT/topics/NAME; stage and reason are attributes",
            metavar="TOPIC",
            check=_pubsub_name("topics"),
        ),
    )

    def __post_init__(self) -> None:
        check_settings(self)


_is_sha256 = re.compile(r"[0-9a-f]{64}").fullmatch


@dataclass(frozen=True)
class RulesSettings:
    """What may leave, for whom, and under which name."""

    rules: str | None = setting(
        None,
        Setting(
            "YAML file, local or gs://, that says what may leave: consent, blocked people, events, fields. "
            "docs/rules.md describes it. Without it, everything may",
            metavar="PATH",
        ),
    )
    rules_sha256: str | None = setting(
        None,
        Setting(
            "SHA-256 that the file of --rules must have, for a launch to refuse any other than the reviewed one; "
            "without it, the job writes the file's own here",
            metavar="HEX",
            check=lambda value: None if _is_sha256(value) else "64 hexadecimal digits in lower case",
        ),
    )
    dead_letters_redacted: bool = setting(
        False,
        Setting("take out of dead letters too what the file of --rules drops, and hash there what it hashes"),
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class LocalSettings:
    """How a run without another runner works."""

    processes: int | None = setting(
        None,
        Setting(
            "processes that share the work of a run on this machine, 300 MB of memory each (default: one for each "
            "core, at most 8, if the input has 256 MB or more; otherwise 1)",
            least=1,
            applies_to="files",
        ),
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class CredentialsSettings:
    """Where the Site ID and the Track API key come from. There is no option for the key itself."""

    site_id: str | None = setting(None, Setting("the workspace's Site ID (or CUSTOMERIO_SITE_ID)", metavar="ID"))
    site_id_secret: str | None = setting(
        None,
        Setting("Secret Manager secret with the Site ID: projects/P/secrets/S", metavar="SECRET", is_secret=True),
    )
    api_key_secret: str | None = setting(
        None,
        Setting(
            "Secret Manager secret with the Track API key: projects/P/secrets/S, or .../versions/V (without it: "
            "CUSTOMERIO_API_KEY, for runs on this machine)",
            metavar="SECRET",
            is_secret=True,
        ),
    )
    check_connection: bool = setting(
        False, Setting("only fetch the credentials, ask Customer.io whether it takes them, and say so")
    )
