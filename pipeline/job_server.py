"""A job server's own options: it alone knows which it takes, and Beam drops those that it doesn't."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import grpc
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

from customerio_beam.pipeline.errors import OptionError

__all__ = ["check_job_server"]

_TIMEOUT_SECS = 30.0


def check_job_server(endpoint: str, names: Sequence[str]) -> None:
    """Check that a job server is there, and takes these options.

    Args:
        endpoint: Its ``HOST:PORT``.
        names: The options that only it can know, as in ``--parallelism``.

    Raises:
        OptionError: It does not answer, or does not know one.
    """
    with grpc.insecure_channel(endpoint) as channel:
        stub = beam_job_api_pb2_grpc.JobServiceStub(channel)
        try:
            answer = stub.DescribePipelineOptions(
                beam_job_api_pb2.DescribePipelineOptionsRequest(), timeout=_TIMEOUT_SECS, wait_for_ready=False
            )
        except grpc.RpcError as error:
            raise OptionError(f"--job_endpoint={endpoint} does not answer: {error.details()}.") from None
    known = {f"--{option.name}" for option in answer.options}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise OptionError(f"Neither the job nor the job server at {endpoint} has an option {name}.{hint}")
