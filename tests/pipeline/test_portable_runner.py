"""What the job says to the parts of a portable runner: its job server, Flink's REST API, its SDK workers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
import pytest
from apache_beam.portability.api import (
    beam_job_api_pb2,
    beam_job_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
    endpoints_pb2,
)
from google.protobuf import json_format, struct_pb2, text_format
from hamcrest import assert_that, contains_exactly, contains_string, equal_to, has_entries

from customerio_beam.pipeline import sdk_worker
from customerio_beam.pipeline.errors import OptionError
from customerio_beam.pipeline.flink_jobs import cancel_flink_job
from customerio_beam.pipeline.job_server import check_job_server


@pytest.fixture
def serve() -> Iterator[Any]:
    """Starts a gRPC server with one service, and returns its address."""
    servers = []

    def serve(add: Any, servicer: Any) -> str:
        server = grpc.server(ThreadPoolExecutor(2))
        add(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"127.0.0.1:{port}"

    yield serve
    for server in servers:
        server.stop(None)


class JobService(beam_job_api_pb2_grpc.JobServiceServicer):
    def DescribePipelineOptions(self, request: Any, context: Any) -> Any:  # noqa: N802 - its name in the Job API
        options = [beam_job_api_pb2.PipelineOptionDescriptor(name=name) for name in ("checkpointing_interval", "x")]
        return beam_job_api_pb2.DescribePipelineOptionsResponse(options=options)


@pytest.fixture
def job_server(serve: Any) -> str:
    address: str = serve(beam_job_api_pb2_grpc.add_JobServiceServicer_to_server, JobService())
    return address


def test_what_the_job_server_knows_is_taken(job_server: str) -> None:
    check_job_server(job_server, ["--x", "--checkpointing_interval"])


def test_what_nobody_knows_is_refused_with_what_it_may_be(job_server: str) -> None:
    with pytest.raises(OptionError) as refused:
        check_job_server(job_server, ["--x", "--checkpoint_interval"])
    assert_that(
        str(refused.value),
        equal_to(
            f"Neither the job nor the job server at {job_server} has an option --checkpoint_interval. "
            "Did you mean --checkpointing_interval?"
        ),
    )


def test_a_job_server_that_is_not_there_is_said_by_its_address() -> None:
    with pytest.raises(OptionError, match=r"--job_endpoint=127\.0\.0\.1:1 does not answer"):
        check_job_server("127.0.0.1:1", [])


class Flink(ThreadingHTTPServer):
    """Flink's REST API with these jobs; remembers what is cancelled."""

    def __init__(self, jobs: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), FlinkHandler)
        self.jobs = jobs
        self.cancelled: list[str] = []


class FlinkHandler(BaseHTTPRequestHandler):
    server: Flink

    def do_GET(self) -> None:
        body = json.dumps({"jobs": self.server.jobs}).encode()
        self.send_response(200 if self.path == "/jobs/overview" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PATCH(self) -> None:
        self.server.cancelled.append(self.path)
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def flink() -> Iterator[Flink]:
    jobs = [
        {"jid": "old", "name": "stream", "start-time": 1, "end-time": -1},
        {"jid": "new", "name": "stream", "start-time": 3, "end-time": -1},
        {"jid": "ended", "name": "stream", "start-time": 4, "end-time": 5},
        {"jid": "other", "name": "backfill", "start-time": 6, "end-time": -1},
    ]
    with Flink(jobs) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_the_newest_running_job_of_that_name_is_cancelled(flink: Flink, scheme: str) -> None:
    assert_that(cancel_flink_job(f"{scheme}127.0.0.1:{flink.server_port}", "stream"), equal_to(True))
    assert_that(flink.cancelled, contains_exactly("/jobs/new?mode=cancel"))


def test_no_job_of_that_name_is_said(flink: Flink) -> None:
    assert_that(cancel_flink_job(f"127.0.0.1:{flink.server_port}", "another"), equal_to(False))
    assert_that(flink.cancelled, equal_to([]))


class ProvisionService(beam_provision_api_pb2_grpc.ProvisionServiceServicer):
    def __init__(self) -> None:
        self.workers: list[str] = []

    def GetProvisionInfo(self, request: Any, context: Any) -> Any:  # noqa: N802 - its name in the Provision API
        self.workers.append(dict(context.invocation_metadata())["worker_id"])
        options = struct_pb2.Struct()
        options.update({"beam:option:job_name:v1": "stream"})
        info = beam_provision_api_pb2.ProvisionInfo(
            pipeline_options=options,
            control_endpoint=endpoints_pb2.ApiServiceDescriptor(url="control:1"),
            logging_endpoint=endpoints_pb2.ApiServiceDescriptor(url="logging:2"),
            runner_capabilities=["a", "b"],
        )
        return beam_provision_api_pb2.GetProvisionInfoResponse(info=info)


def test_an_sdk_worker_is_started_with_what_the_runner_tells(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    provision = ProvisionService()
    address = serve(beam_provision_api_pb2_grpc.add_ProvisionServiceServicer_to_server, provision)
    environments: list[dict[str, str]] = []
    monkeypatch.setattr("os.environ", {})
    monkeypatch.setattr(sdk_worker.sdk_worker_main, "main", lambda _: environments.append(dict(sdk_worker.os.environ)))

    sdk_worker.main(["--id=1-7", f"--provision_endpoint={address}", "--logging_endpoint=unused"])

    assert_that(provision.workers, contains_exactly("1-7"))
    [environment] = environments
    assert_that(environment, has_entries(WORKER_ID="1-7", RUNNER_CAPABILITIES="a b"))
    control = text_format.Parse(environment["CONTROL_API_SERVICE_DESCRIPTOR"], endpoints_pb2.ApiServiceDescriptor())
    assert_that(control.url, equal_to("control:1"))
    assert_that(environment["LOGGING_API_SERVICE_DESCRIPTOR"], contains_string("logging:2"))
    options = json_format.Parse(environment["PIPELINE_OPTIONS"], struct_pb2.Struct())
    assert_that(options["beam:option:job_name:v1"], equal_to("stream"))
