"""The job's options as Beam has them, and their validation, all of it before anything runs."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Sequence
from typing import Any

from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
    WorkerOptions,
)

from customerio_beam.delivery.credentials import (
    API_KEY_VARIABLE,
    SITE_ID_VARIABLE,
    CredentialsSource,
    EnvironmentVariable,
    Literal,
    ValueSource,
)
from customerio_beam.delivery.secret_manager import SecretVersion
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.pipeline.arguments import DEFAULT_DEAD_LETTERS, add_arguments

__all__ = ["CustomerIOOptions", "OptionError", "parse_options"]

# Project ids as Beam's Pub/Sub source and sink take them.
_PROJECT = "projects/[a-z][-a-z0-9:.]{4,61}[a-z0-9]"
_SUBSCRIPTION = re.compile(rf"{_PROJECT}/subscriptions/[^/\s]+").fullmatch
_TOPIC = re.compile(rf"{_PROJECT}/topics/[^/\s]+").fullmatch


class OptionError(ValueError):
    """A setting that can't be right: one sentence that names the option and its value."""


class CustomerIOOptions(PipelineOptions):
    """All options of the job; ``pipeline.arguments`` describes each."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        add_arguments(parser)

    @property
    def patterns(self) -> list[str]:
        """The file patterns of ``--input``, empty where there is none."""
        return [pattern for value in self.input or [] for pattern in value.split(",") if pattern]

    @property
    def dead_letters_prefix(self) -> str:
        """The path prefix of the dead-letter files, where they don't go to a topic."""
        return self.dead_letters or DEFAULT_DEAD_LETTERS

    @property
    def mapping_settings(self) -> MappingSettings:
        """The mapping's part of the options.

        Raises:
            OptionError: One of them can't be right.
        """
        try:
            return MappingSettings(
                identify_by=self.identify_by,
                convert_dates=self.convert_dates,
                max_attributes_per_identify=self.max_attributes_per_identify,
                oversize_attributes=self.oversize_attributes,
            )
        except ValueError as error:
            raise OptionError(f"--{error}.") from None

    @property
    def delivery_settings(self) -> DeliverySettings:
        """The delivery's part of the options.

        Raises:
            OptionError: One of them can't be right.
        """
        try:
            return DeliverySettings(
                account_region=self.account_region,
                track_endpoint=self.track_endpoint,
                max_requests_per_second=self.max_requests_per_second,
                max_num_workers=self.max_workers,
                rate_limit_service=self.rate_limit_service,
                max_in_flight_requests=self.max_in_flight_requests,
                ordering=self.ordering,
                max_batch_delay_secs=self.max_batch_delay_secs,
                num_shards=self.num_shards,
                max_retry_secs=self.max_retry_secs,
                on_exhausted=self.on_exhausted,
            )
        except ValueError as error:
            raise OptionError(str(error)) from None

    @property
    def credentials_source(self) -> CredentialsSource:
        """Where the Site ID and the Track API key are to be had.

        Raises:
            OptionError: A secret's name can't be right, or the Site ID has two sources.
        """
        if self.site_id and self.site_id_secret:
            raise OptionError("Give --site_id or --site_id_secret, not both.")
        site_id: ValueSource = EnvironmentVariable(SITE_ID_VARIABLE)
        api_key: ValueSource = EnvironmentVariable(API_KEY_VARIABLE)
        try:
            if self.site_id:
                site_id = Literal(self.site_id)
            elif self.site_id_secret:
                site_id = SecretVersion(self.site_id_secret, "--site_id_secret")
            if self.api_key_secret:
                api_key = SecretVersion(self.api_key_secret)
        except ValueError as error:
            raise OptionError(str(error)) from None
        return CredentialsSource(site_id, api_key)

    @property
    def holds_recent_events(self) -> bool:
        """Whether events that can trigger campaigns are held back: those of files, unless told to send them."""
        return bool(self.patterns) and self.backfill_recent == "hold"

    @property
    def runs_on_dataflow(self) -> bool:
        """Whether ``--runner`` is Dataflow's."""
        return "dataflow" in (self.view_as(StandardOptions).runner or "").lower()

    @property
    def max_workers(self) -> int:
        """How many workers share the workspace's rate: ``--max_num_workers``, else ``--num_workers``, else 1."""
        workers = self.view_as(WorkerOptions)
        return workers.max_num_workers or workers.num_workers or 1

    def check(self) -> None:
        """Check all options together.

        Raises:
            OptionError: The first that can't be right.
        """
        if self.check_connection:
            _ = self.delivery_settings, self.credentials_source
            return
        self._check_input()
        self._check_dead_letters()
        self._check_dataflow()
        _ = self.mapping_settings, self.delivery_settings, self.credentials_source

    def _check_input(self) -> None:
        if bool(self.patterns) == bool(self.input_subscription):
            both = "not both" if self.input_subscription else "one is needed"
            raise OptionError(f"Give --input (files) or --input_subscription (Pub/Sub): {both}.")
        if self.input_subscription:
            _match(
                _SUBSCRIPTION, "--input_subscription", self.input_subscription, "projects/PROJECT/subscriptions/NAME"
            )
            if self.input_format == "dead_letters":
                raise OptionError("--input_format=dead_letters takes files: give them with --input.")
            if self.operations_output:
                raise OptionError("--operations_output takes files as input: give them with --input.")
            for name, files_only in (("ordering", "none"), ("backfill_recent", "send")):
                if getattr(self, name) == files_only:
                    raise OptionError(f"--{name}={files_only} is about files, and means nothing to a subscription.")
        if self.id_label and not (self.runs_on_dataflow and self.input_subscription):
            raise OptionError(f"--id_label={self.id_label} needs --input_subscription and --runner=DataflowRunner.")

    def _check_dead_letters(self) -> None:
        if self.dead_letters and self.dead_letter_topic:
            raise OptionError("Give --dead_letters (files) or --dead_letter_topic (Pub/Sub), not both.")
        if self.input_subscription and not self.dead_letter_topic:
            raise OptionError("--input_subscription needs --dead_letter_topic: dead letters need a place.")
        if self.runs_on_dataflow and not self.dead_letters and not self.dead_letter_topic:
            raise OptionError("--runner=DataflowRunner needs --dead_letters=gs://BUCKET/PREFIX or --dead_letter_topic.")
        if self.dead_letter_topic:
            _match(_TOPIC, "--dead_letter_topic", self.dead_letter_topic, "projects/PROJECT/topics/NAME")

    def _check_dataflow(self) -> None:
        if not self.runs_on_dataflow:
            return
        cloud = self.view_as(GoogleCloudOptions)
        for name in ("project", "region"):
            if not getattr(cloud, name):
                raise OptionError(f"--runner=DataflowRunner needs --{name}.")
        if not cloud.temp_location and not cloud.staging_location:
            raise OptionError("--runner=DataflowRunner needs --temp_location=gs://BUCKET/PATH.")
        if not self.operations_output and not self.api_key_secret:
            raise OptionError(
                "--runner=DataflowRunner needs --api_key_secret: workers don't see this machine's environment."
            )
        if not self.operations_output and not (self.site_id or self.site_id_secret):
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
    parser = _StrictParser(add_help=False, allow_abbrev=False)
    for options_class in {cls.__name__: cls for cls in PipelineOptions.__subclasses__()}.values():
        options_class._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(list(argv))
    if unknown:
        raise OptionError(_unknown_sentence(unknown[0], parser))
    options = CustomerIOOptions(list(argv))
    options.check()
    return options


def _unknown_sentence(word: str, parser: argparse.ArgumentParser) -> str:
    name = word.split("=", 1)[0]
    near = difflib.get_close_matches(name, parser._option_string_actions, n=1)
    hint = f" Did you mean {near[0]}?" if near else " See --help."
    return f"There is no option {name}.{hint}"


def _match(matches: Any, option: str, value: str, form: str) -> None:
    if matches(value) is None:
        raise OptionError(f"{option}={value} must have the form {form}.")


class _StrictParser(argparse.ArgumentParser):
    """Says what is wrong with a value in one sentence instead of printing the usage."""

    def add_value_provider_argument(self, *names: str, **kwargs: Any) -> None:
        """Beam's way to declare an option that a classic template fills in later."""
        self.add_argument(*names, **kwargs)

    def error(self, message: str) -> Any:
        raise OptionError(f"{message[:1].upper()}{message[1:]}.")
