"""Where dead letters go: files or a topic, all steps' records in one place, written once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.io.gcp.pubsub import PubsubMessage

from customerio_beam.transforms.dead_letter import shortened

__all__ = ["WriteDeadLetterFiles", "WriteDeadLetterFilesOfStream", "WriteDeadLettersToTopic"]

#: A stream's file is written after so many seconds, or with so many records, if there are so many sooner.
_FILE_SECS = 60
_FILE_RECORDS = 10_000


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


class WriteDeadLetterFilesOfStream(beam.PTransform):
    """Write a stream's records (JSON bytes) as NDJSON files, one a minute while there are any.

    A file is named by what is in it: written again after a failure, it replaces itself.

    Args:
        prefix: Path prefix of the files, local or ``gs://``.
    """

    def __init__(self, prefix: str):
        super().__init__()
        self._prefix = prefix

    def expand(self, records: beam.PCollection) -> beam.PCollection:
        """Gather for a minute, and write."""
        return (
            records
            | "Join all" >> beam.WithKeys(b"").with_output_types(tuple[bytes, bytes])
            | "Gather" >> beam.GroupIntoBatches(_FILE_RECORDS, max_buffering_duration_secs=_FILE_SECS)
            | "Write file" >> beam.MapTuple(self._write).with_output_types(str)
        )

    def _write(self, _: bytes, records: Sequence[bytes]) -> str:
        content = b"".join(record + b"\n" for record in sorted(records))
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        path = f"{self._prefix}-{digest}.ndjson"
        with FileSystems.create(path, "application/x-ndjson", CompressionTypes.UNCOMPRESSED) as file:
            file.write(content)
        return path


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
