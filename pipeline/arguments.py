"""The job's command line, made from the settings' declarations. Imports no Beam, so that ``--help`` is quick."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import Any

from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.pipeline.job_settings import (
    CredentialsSettings,
    InputSettings,
    LocalSettings,
    OutputSettings,
    RulesSettings,
)
from customerio_beam.setting import Declaration, declarations

__all__ = ["GROUPS", "add_arguments", "add_options", "default_text", "help_parser", "options"]

#: The groups of ``--help``: a title, and the settings class whose fields are the group's options.
GROUPS: dict[str, type] = {
    "input": InputSettings,
    "output and dead letters": OutputSettings,
    "rules": RulesSettings,
    "credentials": CredentialsSettings,
    "mapping": MappingSettings,
    "delivery": DeliverySettings,
    "run on this machine": LocalSettings,
}

_DESCRIPTION = """\
Route analytics events (Segment spec) to Customer.io.

The job reads events from files, a Pub/Sub subscription or a Kafka topic, maps them to Customer.io's Track API and
delivers them in batches within the workspace's rate limit. Events that it can't deliver become dead letters, which
--input_format=dead_letters sends again."""

_EPILOG = """\
The job also takes Beam's and Dataflow's own options (--runner, --project, --region, --temp_location,
--max_num_workers, ...): https://cloud.google.com/dataflow/docs/reference/pipeline-options lists them. Without --runner
the job runs on this machine.

The API key has no option, so that it never shows in a process list or a job's description: name a secret with
--api_key_secret, or set CUSTOMERIO_API_KEY (and CUSTOMERIO_SITE_ID) in the environment of a local run.

exit status: 0 done; 1 the job failed; 2 an option can't be right; 3 done, but a named file holds no event, or more than
half of the events can't be used or are filtered (--allow_unusable makes it 0).

examples:
  # see the operations for your events, without credentials
  {program} --input 'events/*.ndjson' --operations_output operations.ndjson
  # check the connection
  {program} --check_connection --site_id_secret projects/P/secrets/site-id \\
      --api_key_secret projects/P/secrets/api-key
  # backfill from Cloud Storage on this machine
  {program} --input 'gs://bucket/events/**' --dead_letters gs://bucket/dead-letters/run-1 \\
      --site_id_secret projects/P/secrets/site-id --api_key_secret projects/P/secrets/api-key
"""

_METAVARS = {int: "N", float: "N", str: "TEXT", bool: "true|false"}


def options(settings_class: type) -> Iterator[Declaration]:
    """Yield the settings of a class that are options of the command line."""
    return (declared for declared in declarations(settings_class) if declared.setting.is_option)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the job's options to a parser, in the groups that ``--help`` shows."""
    for title, settings_class in GROUPS.items():
        add_options(parser.add_argument_group(title), options(settings_class))


def add_options(group: argparse._ActionsContainer, declared_options: Iterable[Declaration]) -> None:
    """Add declared settings to a parser, or to a group of one, as options."""
    for declared in declared_options:
        group.add_argument(f"--{declared.name}", help=_help(declared), **_form(declared))


def help_parser(program: str) -> argparse.ArgumentParser:
    """Return the parser whose help ``--help`` prints.

    Args:
        program: How the user calls the job, such as ``customerio-beam``.
    """
    parser = argparse.ArgumentParser(
        prog=program,
        description=_DESCRIPTION,
        epilog=_EPILOG.format(program=program),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s (--input PATTERN ... | --input_subscription NAME | --input_kafka_topic TOPIC) [option ...]",
    )
    add_arguments(parser)
    return parser


def _form(declared: Declaration) -> dict[str, Any]:
    """Return argparse's description of an option's values."""
    form: dict[str, Any] = {"default": None if declared.is_list else declared.default}
    if declared.choices:
        form["choices"] = declared.choices
    else:
        form["metavar"] = declared.setting.metavar or _METAVARS[declared.type]
        form["type"] = _boolean if declared.type is bool else declared.type
    if declared.type is bool:
        form |= {"nargs": "?", "const": True}
    if declared.is_list:
        form |= {"nargs": "+", "action": "extend"}
    return form


def default_text(declared: Declaration) -> str:
    """Return an option's default as a user would write it; empty where it has none."""
    value = declared.default
    if value is None or declared.is_list:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _help(declared: Declaration) -> str:
    words = declared.setting.help.replace("%", "%%")
    if declared.setting.applies_to is not None:
        words += f"; for {declared.setting.applies_to} only"
    default = default_text(declared)
    return f"{words} (default: {default})" if default else words


def _boolean(text: str) -> bool:
    if text.lower() in ("true", "1", "yes"):
        return True
    if text.lower() in ("false", "0", "no"):
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
