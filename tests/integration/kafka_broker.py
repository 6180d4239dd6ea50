"""A Kafka broker on 127.0.0.1, alone in its cluster (KRaft)."""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
from collections.abc import Iterable, Iterator, Mapping

from tests.integration.java import jar, java
from tests.integration.processes import printed, running

__all__ = ["Kafka", "running_kafka"]

_ADDRESS, _CONTROLLER = "127.0.0.1:9092", "127.0.0.1:9093"


#: What Beam's Python side calls the service that expands its Kafka source, and the jar that has it here.
_EXPANSION_SERVICE = "sdks:java:io:expansion-service:shadowJar"


class Kafka:
    """A running broker. It makes a topic when the first message comes."""

    def options(self, topic: str) -> tuple[str, ...]:
        """Return the job's options to read a topic."""
        services = json.dumps({_EXPANSION_SERVICE: str(jar("flink"))})
        return (
            f"--input_kafka_topic={topic}",
            f"--input_kafka_bootstrap_servers={_ADDRESS}",
            f"--beam_services={services}",
        )

    def publish(self, topic: str, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish messages, each with its key: messages of a key keep their order."""
        lines = b"".join(key.encode() + b"\t" + message + b"\n" for key, message in messages)
        self._tool(
            "org.apache.kafka.tools.ConsoleProducer", "--topic", topic, "--property", "parse.key=true", given=lines
        )

    def _tool(self, main_class: str, *arguments: str, given: bytes = b"") -> bytes:
        quiet = ("org.slf4j.simpleLogger.defaultLogLevel=warn",)
        command = java("kafka", main_class, "--bootstrap-server", _ADDRESS, *arguments, heap_mb=256, properties=quiet)
        return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True, timeout=120).stdout


@contextlib.contextmanager
def running_kafka(folder: pathlib.Path) -> Iterator[Kafka]:
    """Run a broker.

    Args:
        folder: Where its data and its log go.
    """
    settings: Mapping[str, str] = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": _CONTROLLER,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{_ADDRESS},CONTROLLER://{_CONTROLLER}",
        "log.dirs": str(folder / "kafka"),
        "num.partitions": "2",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
    }
    configuration = folder / "kafka.properties"
    configuration.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    _format(configuration)
    log = folder / "kafka.log"
    with running(java("kafka", "kafka.Kafka", str(configuration), heap_mb=256), log):
        printed(log, r"(Kafka Server started)")
        yield Kafka()


def _format(configuration: pathlib.Path) -> None:
    cluster_id = "customerio-beam-tests00"  # 16 bytes in base64
    arguments = ("format", "--standalone", "--cluster-id", cluster_id, "--config", str(configuration))
    subprocess.run(
        java("kafka", "kafka.tools.StorageTool", *arguments, heap_mb=256),
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=120,
    )
