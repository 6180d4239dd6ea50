"""The commands beside ``run``: their options, help and modules. Imports no Beam, so that ``--help`` is quick."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.pipeline.arguments import add_options, options
from customerio_beam.pipeline.command_settings import PeopleSettings, PurgeSettings, ReportSettings, ValidateSettings
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.job_settings import CredentialsSettings, InputSettings, RulesSettings
from customerio_beam.pipeline.strict_parser import StrictParser, unknown_sentence
from customerio_beam.setting import Declaration

__all__ = ["COMMANDS", "Command", "Given", "commands_help", "parse_command", "run_command"]

_Settings = TypeVar("_Settings")

_CREDENTIALS = ("site_id", "site_id_secret", "api_key_secret")
_DELIVERY = (
    "account_region",
    "track_endpoint",
    "max_requests_per_second",
    "rate_limit_service",
    "max_batch_operations",
    "max_in_flight_requests",
    "max_retry_secs",
    "on_exhausted",
    "secret_max_age_secs",
)


class Command(NamedTuple):
    """A command.

    Attributes:
        summary: What it does, in a line.
        module: Its module, with a function ``run(given: Given) -> int`` that returns the exit status.
        needs: The options that must be given.
        settings: Its options: the fields of these classes; of a class of the job's, those that are named.
    """

    summary: str
    module: str
    needs: tuple[str, ...]
    settings: Mapping[type, tuple[str, ...] | None]

    def declared(self, settings_class: type) -> Iterator[Declaration]:
        """Yield the options that it takes of a settings class."""
        names = self.settings[settings_class]
        return (declared for declared in options(settings_class) if names is None or declared.name in names)


COMMANDS = {
    "people": Command(
        "Suppress, unsuppress, delete or unsubscribe the people of a list.",
        "customerio_beam.pipeline.people_command",
        ("ids", "action", "receipts"),
        {
            PeopleSettings: None,
            CredentialsSettings: _CREDENTIALS,
            MappingSettings: ("identify_by",),
            DeliverySettings: _DELIVERY,
        },
    ),
    "purge": Command(
        "Remove the records of a list's people from dead-letter files.",
        "customerio_beam.pipeline.purge_command",
        ("dead_letters", "ids"),
        {PurgeSettings: None},
    ),
    "report": Command(
        "Say what dead letters there are, since when, and what to do.",
        "customerio_beam.pipeline.report_command",
        ("dead_letters",),
        {ReportSettings: None},
    ),
    "validate": Command(
        "Say what would be sent for some events, and what is wrong with them. Send nothing.",
        "customerio_beam.pipeline.validate_command",
        ("input",),
        {
            ValidateSettings: None,
            InputSettings: ("input", "input_format", "max_payload_bytes", "backfill_recent"),
            RulesSettings: ("rules",),
            MappingSettings: None,
            DeliverySettings: ("max_requests_per_second", "max_batch_operations"),
        },
    ),
}


class Given:
    """The settings of one call of a command."""

    def __init__(self, made: Mapping[type, Any]) -> None:
        self._made = made

    def __getitem__(self, settings_class: type[_Settings]) -> _Settings:
        """Return the settings of a class."""
        found: _Settings = self._made[settings_class]
        return found


def commands_help(program: str) -> str:
    """Return the lines about the commands for the job's own ``--help``."""
    lines = [f"  {program} {name:<8} {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(["other commands (each has its own --help):", *lines])


def run_command(program: str, name: str, argv: Sequence[str]) -> int:
    """Run a command.

    Args:
        program: How the user calls the job, such as ``customerio-beam``.
        name: One of ``COMMANDS``.
        argv: The words after it.

    Returns:
        The exit status. 2: an option can't be right; each command says what its others mean.
    """
    command = COMMANDS[name]
    if "--help" in argv or "-h" in argv:
        _parser(program, name).print_help()
        return 0
    try:
        given = parse_command(program, name, argv)
        status: int = importlib.import_module(command.module).run(given)
    except OptionError as error:
        print(error, file=sys.stderr)
        return 2
    return status


def parse_command(program: str, name: str, argv: Sequence[str]) -> Given:
    """Read the options of a command.

    Raises:
        OptionError: An option is unknown or missing, or a value can't be right.
    """
    command = COMMANDS[name]
    parser = _parser(program, name)
    values, unknown = parser.parse_known_args(list(argv))
    if unknown:
        raise OptionError(unknown_sentence(unknown[0].split("=", 1)[0], parser._option_string_actions))
    for option in command.needs:
        if getattr(values, option) is None:
            raise OptionError(f"{name} needs --{option}: see {program} {name} --help.")
    made: dict[type, Any] = {}
    for settings_class in command.settings:
        chosen = {declared.name: getattr(values, declared.name) for declared in command.declared(settings_class)}
        try:
            made[settings_class] = settings_class(**_given(chosen))
        except ValueError as error:
            raise OptionError(f"--{error}.") from None
    return Given(made)


def _given(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are not missing, in the types of settings: a list of argparse is a tuple there."""
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in chosen.items() if value is not None
    }


def _parser(program: str, name: str) -> argparse.ArgumentParser:
    command = COMMANDS[name]
    needed = " ".join(f"--{option} ..." for option in command.needs)
    parser = StrictParser(
        prog=f"{program} {name}",
        description=command.summary,
        usage=f"%(prog)s {needed} [option ...]",
        allow_abbrev=False,
    )
    for settings_class in command.settings:
        add_options(parser, command.declared(settings_class))
    return parser
