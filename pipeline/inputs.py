"""The kinds of input: which option selects each, whether it is a stream, and how it is read.

A new kind is a class here and its options in ``job_settings``; nothing else asks which kind a job reads.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import apache_beam as beam

from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.file_patterns import check_files, file_patterns, find_files
from customerio_beam.pipeline.job_settings import InputSettings
from customerio_beam.pipeline.read_files import ReadFiles
from customerio_beam.pipeline.read_topic import ReadTopic
from customerio_beam.pipeline.read_warehouse import ReadWarehouse, check_tables
from customerio_beam.pipeline.sources import OpenDeadLetters, ReadDeadLetters, ReadSubscription

__all__ = ["INPUTS", "Input", "Payloads", "select_input"]


class Payloads(NamedTuple):
    """What an input yields.

    Attributes:
        payloads: ``PCollection`` of ``Payload`` or ``bytes``: any number of events each.
        dead_letters: Records of what could not be read; empty where reading makes none.
        have_times: Whether the elements' own timestamps are a time that their source gave them.
    """

    payloads: beam.PCollection
    dead_letters: tuple[beam.PCollection, ...]
    have_times: bool


class Input(abc.ABC):
    """One kind of input.

    Attributes:
        option: The option that names the input.
        format: The ``--input_format`` that goes with it.
        is_stream: Whether the job runs until it is drained. Every kind must say so.
        holds_recent: Whether events that can trigger campaigns are held back, unless the user says otherwise.
    """

    option: ClassVar[str]
    format: ClassVar[str]
    is_stream: ClassVar[bool]
    holds_recent: ClassVar[bool]

    def __init_subclass__(cls) -> None:
        missing = [name for name in ("option", "format", "is_stream", "holds_recent") if not hasattr(cls, name)]
        if missing:
            raise TypeError(f"{cls.__name__} does not declare {', '.join(missing)}.")

    def __init__(self, settings: InputSettings) -> None:
        self._settings = settings

    @abc.abstractmethod
    def check(self) -> None:
        """Check that the input exists, before anything runs.

        Raises:
            OptionError: It does not, or can't be read.
        """

    def size_bytes(self) -> int | None:
        """Return the size of the input; None where only reading tells."""
        return None

    @abc.abstractmethod
    def read(self, pipeline: beam.Pipeline) -> Payloads:
        """Add the reading to a pipeline."""


class FileEvents(Input):
    """Events in files."""

    option = "input"
    format = "events"
    is_stream = False
    holds_recent = True

    def check(self) -> None:
        """Check that every pattern matches a file, and names no table that can't be read."""
        patterns = file_patterns(self._settings.input)
        if self._settings.input_layout is not None:
            check_tables(patterns)
        check_files(patterns)

    def size_bytes(self) -> int | None:
        """Add up the sizes of the files, compressed ones as they are."""
        total = 0
        for pattern in file_patterns(self._settings.input):
            for file in find_files(pattern):
                if file.size is None:
                    return None
                total += file.size
        return total

    def read(self, pipeline: beam.Pipeline) -> Payloads:
        """Read the files."""
        patterns = file_patterns(self._settings.input)
        source = ReadFiles if self._settings.input_layout is None else ReadWarehouse
        payloads = pipeline | "ReadEvents" >> source(patterns, self._settings.max_payload_bytes)
        return Payloads(payloads, (), have_times=False)


class FileDeadLetters(FileEvents):
    """Dead letters in files, to be sent again."""

    format = "dead_letters"

    def check(self) -> None:
        """Check that every pattern matches a file, and that they are not said to be rows."""
        if self._settings.input_layout is not None:
            raise OptionError(
                f"--input_layout={self._settings.input_layout} does not go with --input_format=dead_letters: dead "
                "letters hold events already."
            )
        super().check()

    def read(self, pipeline: beam.Pipeline) -> Payloads:
        """Read the payloads out of the records, each with the time that its source gave it."""
        patterns = file_patterns(self._settings.input)
        settings = self._settings
        found = pipeline | "ReadDeadLetters" >> ReadDeadLetters(
            patterns, settings.max_payload_bytes, settings.max_replays
        )
        return Payloads(found.payloads, (found.dead_letters,), have_times=True)


class SubscriptionEvents(Input):
    """Events in the messages of a Pub/Sub subscription."""

    option = "input_subscription"
    format = "events"
    is_stream = True
    holds_recent = False

    def check(self) -> None:
        """Do nothing: a launcher may not be allowed to look at the subscription."""

    def read(self, pipeline: beam.Pipeline) -> Payloads:
        """Read the messages, each with its publish time."""
        return Payloads(pipeline | "ReadEvents" >> self._messages(), (), have_times=True)

    def _messages(self) -> ReadSubscription:
        return ReadSubscription(str(self._settings.input_subscription), self._settings.id_label)


class SubscriptionDeadLetters(SubscriptionEvents):
    """Dead letters in the messages of a Pub/Sub subscription, to be sent again."""

    format = "dead_letters"
    holds_recent = True

    def read(self, pipeline: beam.Pipeline) -> Payloads:
        """Read the payloads out of the messages, each with the time that its source gave it."""
        messages = pipeline | "ReadDeadLetters" >> self._messages()
        found = messages | "OpenDeadLetters" >> OpenDeadLetters(self._settings.max_replays)
        return Payloads(found.payloads, (found.dead_letters,), have_times=True)


class TopicEvents(Input):
    """Events in the messages of a Kafka topic."""

    option = "input_kafka_topic"
    format = "events"
    is_stream = True
    holds_recent = False

    def check(self) -> None:
        """Do nothing: only the workers may reach Kafka."""

    def read(self, pipeline: beam.Pipeline) -> Payloads:
        """Read the messages, each with its creation time."""
        settings = self._settings
        properties = dict(each.split("=", 1) for each in settings.input_kafka_properties)
        source = ReadTopic(
            str(settings.input_kafka_bootstrap_servers),
            str(settings.input_kafka_topic),
            settings.input_kafka_group,
            properties,
        )
        return Payloads(pipeline | "ReadEvents" >> source, (), have_times=True)


#: Every kind of input.
INPUTS: Sequence[type[Input]] = (FileEvents, FileDeadLetters, SubscriptionEvents, SubscriptionDeadLetters, TopicEvents)


def select_input(settings: InputSettings) -> Input:
    """Find the kind of input that the settings name.

    Raises:
        OptionError: They name none, or several, or a kind has no such format.
    """
    named = [option for option in dict.fromkeys(kind.option for kind in INPUTS) if getattr(settings, option)]
    if len(named) != 1:
        names = ", ".join(dict.fromkeys(f"--{kind.option}" for kind in INPUTS))
        raise OptionError(
            f"Give one of {names}" + (f", not {' and '.join(f'--{name}' for name in named)}." if named else ".")
        )
    for kind in INPUTS:
        if (kind.option, kind.format) == (named[0], settings.input_format):
            return kind(settings)
    formats = ", ".join(kind.format for kind in INPUTS if kind.option == named[0])
    raise OptionError(f"--input_format={settings.input_format} does not go with --{named[0]}, which takes: {formats}.")
