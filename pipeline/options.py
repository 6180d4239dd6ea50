"""The job's options as Beam has them, and their validation, all of it before anything runs."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
from collections.abc import Sequence
from typing import TypeVar

from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
    StandardOptions,
    WorkerOptions,
)

from customerio_beam.delivery.credentials import CredentialsSource
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.pipeline.arguments import GROUPS, add_arguments, options
from customerio_beam.pipeline.credentials import credentials_source
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.inputs import Input, select_input
from customerio_beam.pipeline.job_settings import (
    DEFAULT_DEAD_LETTERS,
    CredentialsSettings,
    InputSettings,
    LocalSettings,
    OutputSettings,
    RulesSettings,
)
from customerio_beam.pipeline.strict_parser import StrictParser, unknown_sentence

__all__ = ["CustomerIOOptions", "parse_options", "runner_options"]

_Settings = TypeVar("_Settings")

#: Runners that run a job on other machines than the one that starts it. Names in lower case, as all here.
_CLUSTER_RUNNERS = frozenset({"portablerunner", "flinkrunner", "sparkrunner", "daskrunner"})
_PORTABLE_RUNNERS = _CLUSTER_RUNNERS | {"prismrunner"}

#: How alike (``difflib``, 0 to 1) an unknown option and one of the job's must be for the one to be a slip of the other.
_SLIP = 0.8


class CustomerIOOptions(PipelineOptions):
    """All options of the job; ``pipeline.arguments`` lists where each is declared."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        add_arguments(parser)

    @property
    def input_settings(self) -> InputSettings:
        """Where events come from.

        Raises:
            OptionError: One of the options can't be right. So do all properties here that make settings.
        """
        return self._settings(InputSettings)

    @property
    def output_settings(self) -> OutputSettings:
        """Where operations and dead letters go."""
        return self._settings(OutputSettings)

    @property
    def rules_settings(self) -> RulesSettings:
        """Where the rules are, and what they apply to."""
        return self._settings(RulesSettings)

    @property
    def mapping_settings(self) -> MappingSettings:
        """The mapping's part of the options."""
        return self._settings(MappingSettings)

    @property
    def delivery_settings(self) -> DeliverySettings:
        """The delivery's part of the options."""
        workers = self.view_as(WorkerOptions).max_num_workers or 1
        given = self._settings(DeliverySettings)
        return given if given.rate_workers is not None else dataclasses.replace(given, rate_workers=workers)

    @property
    def local_settings(self) -> LocalSettings:
        """How a run without another runner works."""
        return self._settings(LocalSettings)

    @property
    def job_input(self) -> Input:
        """The kind of input that the options name."""
        return select_input(self.input_settings)

    @property
    def dead_letters_prefix(self) -> str:
        """The path prefix of the dead-letter files, where they don't go to a topic."""
        return self.output_settings.dead_letters or DEFAULT_DEAD_LETTERS

    @property
    def credentials_source(self) -> CredentialsSource:
        """Where the Site ID and the Track API key come from."""
        try:
            return credentials_source(self._settings(CredentialsSettings))
        except ValueError as error:
            raise OptionError(f"--{error}.") from None

    @property
    def holds_recent_events(self) -> bool:
        """Whether events that can trigger campaigns are held back."""
        return self.job_input.holds_recent and self.input_settings.backfill_recent == "hold"

    @property
    def runs_on_dataflow(self) -> bool:
        """Whether ``--runner`` is Dataflow's."""
        return "dataflow" in self._runner

    @property
    def runs_on_portable_runner(self) -> bool:
        """Whether ``--runner`` has options that are known to it alone, or to its job server."""
        return self._runner in _PORTABLE_RUNNERS

    @property
    def runs_on_this_machine(self) -> bool:
        """Whether the job's functions find this machine's environment and files."""
        is_loopback = self.view_as(PortableOptions).environment_type == "LOOPBACK"
        return not self.runs_on_dataflow and (is_loopback or self._runner not in _CLUSTER_RUNNERS)

    @property
    def _runner(self) -> str:
        return (self.view_as(StandardOptions).runner or "").lower()

    def check(self) -> None:
        """Check all options together.

        Raises:
            OptionError: The first that can't be right.
        """
        _ = self.delivery_settings, self.credentials_source
        if self.check_connection:
            return
        _ = self.mapping_settings
        self._check_input()
        self._check_dead_letters()
        self._check_rules()
        self._check_local()
        self._check_dataflow()

    def _settings(self, settings_class: type[_Settings]) -> _Settings:
        given = {declared.name: getattr(self, declared.name) for declared in options(settings_class)}
        # A list that is not given is None to argparse.
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        values = {name: value for name, value in values.items() if value is not None}
        try:
            return settings_class(**values)
        except ValueError as error:
            raise OptionError(f"--{error}.") from None

    def _check_input(self) -> None:
        job_input = self.job_input
        kind = "streams" if job_input.is_stream else "files"
        for settings_class in GROUPS.values():
            for declared in options(settings_class):
                value = getattr(self, declared.name)
                applies_to = declared.setting.applies_to
                if applies_to not in (None, kind) and value is not None and value != declared.default:
                    raise OptionError(
                        f"--{declared.name}={value} is for {applies_to} only, and --{job_input.option} reads {kind}."
                    )
        if self.backfill_recent != "hold" and not job_input.holds_recent:
            raise OptionError(
                f"--backfill_recent={self.backfill_recent} is for files and dead letters only, and "
                f"--{job_input.option} reads a stream of events."
            )
        self._check_topic()
        if self.id_label and not self.runs_on_dataflow:
            raise OptionError(f"--id_label={self.id_label} needs --runner=DataflowRunner.")

    def _check_topic(self) -> None:
        given = self.input_settings
        if bool(given.input_kafka_topic) != bool(given.input_kafka_bootstrap_servers):
            raise OptionError("Give --input_kafka_topic and --input_kafka_bootstrap_servers together.")
        if given.input_kafka_topic and self._runner not in _CLUSTER_RUNNERS:
            raise OptionError(
                f"--input_kafka_topic={given.input_kafka_topic} needs a runner that reads Kafka, such as "
                "--runner=FlinkRunner."
            )

    def _check_dead_letters(self) -> None:
        output = self.output_settings
        if output.dead_letters and output.dead_letter_topic:
            raise OptionError("Give --dead_letters (files) or --dead_letter_topic (Pub/Sub), not both.")
        if self.job_input.is_stream and not output.dead_letter_topic and not output.dead_letters:
            raise OptionError(
                f"--{self.job_input.option} needs --dead_letter_topic or --dead_letters for the dead letters."
            )
        if not self.runs_on_this_machine and not output.dead_letters and not output.dead_letter_topic:
            runner = self.view_as(StandardOptions).runner
            raise OptionError(
                f"--runner={runner} needs --dead_letters=PREFIX, which all workers must reach, or --dead_letter_topic."
            )

    def _check_rules(self) -> None:
        given = self.rules_settings
        for name in ("rules_sha256", "dead_letters_redacted"):
            if getattr(given, name) and not given.rules:
                raise OptionError(f"--{name}={str(getattr(given, name)).lower()} needs --rules.")

    def _check_local(self) -> None:
        processes = self.local_settings.processes
        if processes is not None and self._runner not in ("", "fnapirunner"):
            runner = self.view_as(StandardOptions).runner
            raise OptionError(
                f"--processes={processes} is for runs on this machine, and --runner={runner} has workers of its own."
            )

    def _check_dataflow(self) -> None:
        if not self.runs_on_dataflow:
            return
        cloud = self.view_as(GoogleCloudOptions)
        for name in ("project", "region"):
            if not getattr(cloud, name):
                raise OptionError(f"--runner=DataflowRunner needs --{name}.")
        if not cloud.temp_location and not cloud.staging_location:
            raise OptionError("--runner=DataflowRunner needs --temp_location=gs://BUCKET/PATH.")
        if not self.output_settings.operations_output and not self.api_key_secret:
            raise OptionError(
                "--runner=DataflowRunner needs --api_key_secret: workers don't see this machine's environment."
            )
        if not self.output_settings.operations_output and not (self.site_id or self.site_id_secret):
            raise OptionError("--runner=DataflowRunner needs --site_id or --site_id_secret.")
        if not self.view_as(WorkerOptions).max_num_workers and not self.rate_limit_service:
            raise OptionError(
                "--runner=DataflowRunner needs --max_num_workers: --max_requests_per_second is divided by it."
            )


def parse_options(argv: Sequence[str]) -> CustomerIOOptions:
    """Read the command line.

    Args:
        argv: Its words, without the program's name.

    Returns:
        The options, checked together.

    Raises:
        OptionError: An option is unknown, or a value can't be right.
    """
    parser, unknown = _parse(argv)
    parsed = CustomerIOOptions(list(argv))
    if parsed.runs_on_portable_runner:
        _check_slips(unknown)
    elif unknown:
        raise OptionError(unknown_sentence(unknown[0], parser._option_string_actions))
    parsed.check()
    return parsed


def runner_options(argv: Sequence[str]) -> list[str]:
    """Return the names of the options that neither the job nor Beam knows: only the runner's job server can."""
    _, unknown = _parse(argv)
    return [word for word in unknown if word.startswith("-")]


def _parse(argv: Sequence[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """Check every option that is known; return the parser, and the unknown words without their values."""
    parser = StrictParser(add_help=False, allow_abbrev=False)
    for options_class in {cls.__name__: cls for cls in PipelineOptions.__subclasses__()}.values():
        options_class._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(list(argv))
    return parser, [word.split("=", 1)[0] for word in unknown]


def _check_slips(words: Sequence[str]) -> None:
    """Refuse what is no option of the runner's, but a slip in one of the job's."""
    own = [f"--{declared.name}" for settings_class in GROUPS.values() for declared in options(settings_class)]
    for name in words:
        if difflib.get_close_matches(name, own, n=1, cutoff=_SLIP):
            raise OptionError(unknown_sentence(name, own, cutoff=_SLIP))
