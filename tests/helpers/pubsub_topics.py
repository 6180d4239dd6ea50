"""A server with Pub/Sub topics, of which some can't be used: it answers what a launch asks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
from google.iam.v1 import iam_policy_pb2
from google.pubsub_v1 import types

__all__ = ["running_topics"]

#: By a topic's name. All others exist; nobody may publish to ``read-only``, and nobody knows who may to ``emulated``.
_REFUSALS = {
    "missing": grpc.StatusCode.NOT_FOUND,
    "secret": grpc.StatusCode.PERMISSION_DENIED,
    "broken": grpc.StatusCode.INTERNAL,
}


def _name(resource: str) -> str:
    return resource.rpartition("/")[2]


def _get_topic(request: Any, context: grpc.ServicerContext) -> Any:
    if _name(request.topic) in _REFUSALS:
        context.abort(_REFUSALS[_name(request.topic)], "No.")
    return types.Topic.pb()(name=request.topic)


def _test_permissions(request: Any, context: grpc.ServicerContext) -> Any:
    name = _name(request.resource)
    if name == "emulated":
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "No.")
    return iam_policy_pb2.TestIamPermissionsResponse(permissions=[] if name == "read-only" else request.permissions)


@contextlib.contextmanager
def running_topics() -> Iterator[dict[str, str]]:
    """Runs the server; yields the variables by which Google's clients find it."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    for service, method, answer, request_type in (
        ("google.pubsub.v1.Publisher", "GetTopic", _get_topic, types.GetTopicRequest.pb()),
        ("google.iam.v1.IAMPolicy", "TestIamPermissions", _test_permissions, iam_policy_pb2.TestIamPermissionsRequest),
    ):
        handler = grpc.unary_unary_rpc_method_handler(
            answer, request_type.FromString, lambda response: response.SerializeToString()
        )
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {method: handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield {"PUBSUB_EMULATOR_HOST": f"127.0.0.1:{port}"}
    finally:
        server.stop(None)
