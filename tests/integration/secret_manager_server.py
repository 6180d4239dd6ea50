"""A gRPC server that speaks the part of the Secret Manager API that a job uses."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import grpc
from google.cloud.secretmanager_v1 import types

_VERSION = re.compile(r"(?P<secret>projects/[^/]+/secrets/[^/]+)/versions/(?P<version>[^/]+)")


@dataclass
class SecretManagerServer:
    """Secrets by name, each a list of versions (the first is version 1); a version of None is disabled."""

    secrets: dict[str, list[bytes | None]] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    unavailable_times: int = 0
    address: str = ""
    requested: list[str] = field(default_factory=list)

    def access(
        self, request: types.AccessSecretVersionRequest, context: grpc.ServicerContext
    ) -> types.AccessSecretVersionResponse:
        self.requested.append(request.name)
        if self.unavailable_times:
            self.unavailable_times -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "try again")
        match = _VERSION.fullmatch(request.name)
        if match is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no version name")
        secret, version = match["secret"], match["version"]
        if secret in self.forbidden:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "secretmanager.versions.access denied")
        versions = self.secrets.get(secret, [])
        number = len(versions) if version == "latest" else int(version)
        if not 1 <= number <= len(versions):
            context.abort(grpc.StatusCode.NOT_FOUND, f"{request.name} not found")
        data = versions[number - 1]
        if data is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "version is in DISABLED state")
        return types.AccessSecretVersionResponse(
            name=f"{secret}/versions/{number}", payload=types.SecretPayload(data=data)
        )


@contextlib.contextmanager
def running_secret_manager() -> Iterator[SecretManagerServer]:
    state = SecretManagerServer()
    method = grpc.unary_unary_rpc_method_handler(
        state.access,
        request_deserializer=types.AccessSecretVersionRequest.deserialize,
        response_serializer=types.AccessSecretVersionResponse.serialize,
    )
    service = grpc.method_handlers_generic_handler(
        "google.cloud.secretmanager.v1.SecretManagerService", {"AccessSecretVersion": method}
    )
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((service,))
    state.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield state
    finally:
        server.stop(grace=None).wait()
