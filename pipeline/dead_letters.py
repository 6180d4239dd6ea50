"""Where dead letters go: files or a topic, all steps' records in one place, written once."""

from __future__ import annotations

import json

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage

from customerio_beam.transforms.dead_letter import shortened

__all__ = ["WriteDeadLetterFiles", "WriteDeadLettersToTopic"]


#: Pub/Sub takes messages of 10 MB, with their attributes. A longer one would be refused for ever.
_MAX_MESSAGE_BYTES = 9_900_000


class WriteDeadLetterFiles(beam.PTransform):
    """Write records (JSON bytes) as NDJSON files; none where there are no records.

    Args:
        prefix: Path prefix of the files, local or ``gs://``.
    """

    def __init__(self, prefix: str):
        super().__init__()
        self._prefix = prefix

    def expand(self, records: beam.PCollection) -> beam.PCollection:
        """Wire Beam's own sink; see the class."""
        return records | "Write files" >> beam.io.WriteToText(
            self._prefix, file_name_suffix=".ndjson", coder=beam.coders.BytesCoder(), skip_if_empty=True
        )


class WriteDeadLettersToTopic(beam.PTransform):
    """Publish records (JSON bytes), one message each, with ``stage`` and ``reason`` as attributes.

    A record that is too long for a message is published with its payload cut.

    Args:
        topic: ``projects/PROJECT/topics/NAME``.
    """

    def __init__(self, topic: str):
        super().__init__()
        self._topic = topic

    def expand(self, records: beam.PCollection) -> beam.PCollection:
        """Wire Beam's own sink; see the class."""
        return (
            records
            | "Make messages" >> beam.Map(_message).with_output_types(PubsubMessage)
            | "Publish messages" >> beam.io.WriteToPubSub(self._topic, with_attributes=True)
        )


def _message(record: bytes) -> PubsubMessage:
    fields = json.loads(record)
    if len(record) > _MAX_MESSAGE_BYTES:
        record = shortened(record)
    return PubsubMessage(record, {"stage": fields["stage"], "reason": fields["reason"]})
