"""An SDK worker of a portable runner: the command of a PROCESS environment.

A runner such as Flink's starts it on each of its hosts, with the worker's id and the address of a service that tells
the rest (beam_provision_api.proto). Beam's container images have a program for that; this one takes its place where
Python and this package are installed on the hosts.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

import grpc
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc, endpoints_pb2
from apache_beam.runners.worker import sdk_worker_main
from google.protobuf import json_format, text_format

__all__ = ["main"]

_PROVISION_TIMEOUT_SECS = 60.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run an SDK worker until its runner ends it.

    Args:
        argv: The command line, without the program's name; by default that of this process.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(
        prog="customerio-beam-sdk-worker",
        description="The command of a PROCESS environment: an SDK worker of a runner, which gives the options.",
    )
    parser.add_argument("--id", required=True, help="the worker's id")
    parser.add_argument("--provision_endpoint", required=True, help="HOST:PORT of the runner's provision service")
    given, _ = parser.parse_known_args(argv)  # older runners also tell what the provision service does
    os.environ.update(_environment(given.id, _provision_info(given.id, given.provision_endpoint)))
    sdk_worker_main.main(None)
    return 0


def _provision_info(worker_id: str, endpoint: str) -> Any:
    with grpc.insecure_channel(endpoint) as channel:
        stub = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        request = beam_provision_api_pb2.GetProvisionInfoRequest()
        metadata = [("worker_id", worker_id)]
        return stub.GetProvisionInfo(request, metadata=metadata, timeout=_PROVISION_TIMEOUT_SECS).info


def _environment(worker_id: str, info: Any) -> dict[str, str]:
    """Return what ``sdk_worker_main`` reads from its environment."""
    environment = {
        "WORKER_ID": worker_id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }
    for service in ("control", "logging", "status"):
        endpoint = getattr(info, f"{service}_endpoint")
        if endpoint.url:
            descriptor = endpoints_pb2.ApiServiceDescriptor(url=endpoint.url)
            environment[f"{service.upper()}_API_SERVICE_DESCRIPTOR"] = text_format.MessageToString(descriptor)
    return environment


if __name__ == "__main__":
    sys.exit(main())
