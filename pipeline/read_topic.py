"""Kafka: the messages of a topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apache_beam as beam
from apache_beam.io.kafka import ReadFromKafka, default_io_expansion_service
from apache_beam.options.pipeline_options import CrossLanguageOptions
from apache_beam.transforms.external import ExternalTransform, ImplicitSchemaPayloadBuilder
from apache_beam.utils.subprocess_server import JavaJarServer

__all__ = ["ReadTopic"]

#: Makes the runner read the topic itself (Beam's legacy source). The other way needs a Java SDK worker beside the
#: Python one, and runners that checkpoint it while it runs: Flink's does not (apache/beam#20979).
_SERVICE_ARGUMENTS = ["--experiments=use_deprecated_read", "--defaultEnvironmentType=EMBEDDED"]


class ReadTopic(beam.PTransform):
    """Read a Kafka topic: ``PBegin`` to ``PCollection[bytes]``, each stamped with its creation time.

    It begins where the consumer group's committed offsets are, else at the topic's beginning. Offsets are committed
    when the runner has stored a checkpoint.

    Args:
        bootstrap_servers: ``HOST:PORT``s, separated by commas.
        topic: Its name.
        group: The consumer group.
        properties: Further properties of the consumer.
    """

    def __init__(self, bootstrap_servers: str, topic: str, group: str, properties: Mapping[str, str]):
        super().__init__()
        self._topic = topic
        self._consumer = {
            **properties,
            "bootstrap.servers": bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": "false",
        }

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """Wire Beam's own source; see the class."""
        services = begin.pipeline.options.view_as(CrossLanguageOptions).beam_services
        with JavaJarServer.beam_services(services):  # Beam itself looks at the option within `with pipeline` alone
            service = default_io_expansion_service(append_args=_SERVICE_ARGUMENTS)
            records = begin | "Read messages" >> ExternalTransform(
                ReadFromKafka.URN_WITHOUT_METADATA, ImplicitSchemaPayloadBuilder(self._configuration()), service
            )
        return records | "Take payloads" >> beam.Map(_payload).with_output_types(bytes)

    def _configuration(self) -> dict[str, Any]:
        """Return the configuration of Beam's Java source.

        Its Python side, ``ReadFromKafka``, also names what is not used here, and fails with a service that is older.
        """
        return {
            "consumer_config": self._consumer,
            "topics": [self._topic],
            "key_deserializer": ReadFromKafka.byte_array_deserializer,
            "value_deserializer": ReadFromKafka.byte_array_deserializer,
            "commit_offset_in_finalize": True,
            "timestamp_policy": ReadFromKafka.create_time_policy,
        }


def _payload(record: tuple[bytes | None, bytes | None]) -> bytes:
    _, value = record
    return value or b""  # a tombstone is a blank message, and counted as one
