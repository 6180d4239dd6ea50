"""Envoy's own rate limit service, built from the Go module proxy, with Redis behind it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

from customerio_beam.transforms.rate_limit_service import DESCRIPTOR, DOMAIN
from tests.integration.tools import tool

#: What scripts/integration_tools.sh builds; it reads this line.
_MODULE = "github.com/envoyproxy/ratelimit/src/service_cmd@v1.4.1-0.20260122083618-3fb702589d36"


@contextlib.contextmanager
def running_rate_limit_service(directory: pathlib.Path, requests_per_second: int) -> Iterator[str]:
    """Run Redis and the service on loopback; yield the service's HOST:PORT."""
    redis, service = tool("redis-server"), tool("service_cmd")
    config = directory / "config"
    config.mkdir()
    ((key, value),) = DESCRIPTOR.items()
    (config / "customerio.yaml").write_text(
        f"domain: {DOMAIN}\n"
        "descriptors:\n"
        f"  - key: {key}\n"
        f"    value: {value}\n"
        "    rate_limit:\n"
        "      unit: second\n"
        f"      requests_per_unit: {requests_per_second}\n"
    )
    redis_port, http_port, grpc_port, debug_port = _free_ports(4)
    with contextlib.ExitStack() as stack:
        stack.enter_context(
            _running([redis, "--bind", "127.0.0.1", "--port", str(redis_port), "--save", ""], directory)
        )
        _wait_until(lambda: socket.create_connection(("127.0.0.1", redis_port), timeout=1).close())
        environment = {
            "USE_STATSD": "false",
            "REDIS_SOCKET_TYPE": "tcp",
            "REDIS_URL": f"127.0.0.1:{redis_port}",
            "RUNTIME_ROOT": str(directory),
            "RUNTIME_SUBDIRECTORY": "",
            "RUNTIME_WATCH_ROOT": "false",
            "HOST": "127.0.0.1",
            "PORT": str(http_port),
            "GRPC_HOST": "127.0.0.1",
            "GRPC_PORT": str(grpc_port),
            "DEBUG_HOST": "127.0.0.1",
            "DEBUG_PORT": str(debug_port),
            "LOG_LEVEL": "warn",
        }
        stack.enter_context(_running([service], directory, environment))
        _wait_until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{http_port}/healthcheck", timeout=1).close())
        yield f"127.0.0.1:{grpc_port}"


@contextlib.contextmanager
def _running(command: list[str], directory: pathlib.Path, environment: dict[str, str] | None = None) -> Iterator[None]:
    with (directory / f"{pathlib.Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=directory, env={**os.environ, **(environment or {})}, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(10)


def _wait_until(answers: Callable[[], None]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return answers()
        except (OSError, urllib.error.URLError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
