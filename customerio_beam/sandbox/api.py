"""The Track API's calls. The sandbox turns those of v1 into v2 operations, so that one set of rules serves both."""

from __future__ import annotations

from typing import Any

import orjson

from customerio_beam.sandbox.calls import Call, TrackAPI, v1_error, v2_errors
from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.identifiers import ANONYMOUS, from_path
from customerio_beam.sandbox.rules.validation import (
    ANONYMOUS_EVENT,
    EVENT_ACTIONS,
    SHAPES,
    Refused,
    check_operation,
    check_shape,
)
from customerio_beam.sandbox.workspace import Check

blueprint = TrackAPI("api", __name__)

REGION = {"url": "https://track.customer.io", "region": "us", "environment_id": 1}
"""The response to the credentials check: the published one of an account in the US."""

Result = tuple[int, Any]


@blueprint.call("POST", "/api/v2/batch", v2_errors)
def batch(call: Call) -> Result:
    """Take many operations. A 207 names those that are refused; a request that can't be read is a 400."""
    size = len(call.body)
    if size > limits.MAX_BATCH_BYTES:
        raise Refused("too_large", "", f"the body has {size} bytes, more than {limits.MAX_BATCH_BYTES}")
    parsed = call.json()
    operations = parsed.get("batch") if isinstance(parsed, dict) else None
    if not isinstance(operations, list) or not operations:
        raise Refused("required", "batch", "batch must be an array with at least one operation")
    if call.faults.poisoned_operations and any(map(call.faults.poisons, operations)):
        raise Refused("invalid", "batch", "the batch is malformed (injected fault)")
    refused = call.sandbox.workspace.take(operations, check=_check(call, check_operation))
    call.operations = len(operations)
    errors = [{"batch_index": index, **problem._asdict()} for index, problem in refused]
    return (207, {"errors": errors}) if errors else (200, {})


@blueprint.call("POST", "/api/v2/entity", v2_errors)
def entity(call: Call) -> Result:
    """Take one operation."""
    operation = call.json_object()
    if call.faults.poisons(operation):
        raise Refused("invalid", "", "the operation is malformed (injected fault)")
    return _take(call, operation)


@blueprint.call("POST", "/api/v1/customers/<segment:who>/events")
def customer_event(call: Call, who: str) -> Result:
    """Take an event of a known person."""
    return _take_event(call, _identifiers(who))


@blueprint.call("POST", "/api/v1/events")
def anonymous_event(call: Call) -> Result:
    """Take an event of nobody known; its anonymous id, if it has one, may join it to a person."""
    anonymous_id = call.json_object().get(ANONYMOUS)
    return _take_event(call, {} if anonymous_id in (None, "") else {ANONYMOUS: anonymous_id})


@blueprint.call("PUT", "/api/v1/customers/<segment:who>")
def identify(call: Call, who: str) -> Result:
    """Create or update a person."""
    attributes = call.json_object()
    return _take(call, {**_person(who, "identify"), "attributes": attributes})


@blueprint.call("DELETE", "/api/v1/customers/<segment:who>")
def delete(call: Call, who: str) -> Result:
    """Delete a person."""
    return _take(call, _person(who, "delete"))


@blueprint.call("POST", "/api/v1/customers/<segment:who>/suppress")
def suppress(call: Call, who: str) -> Result:
    """Delete a person and keep the identifiers from being added again."""
    return _take(call, _person(who, "suppress"))


@blueprint.call("POST", "/api/v1/customers/<segment:who>/unsuppress")
def unsuppress(call: Call, who: str) -> Result:
    """Let an identifier be added again."""
    return _take(call, _person(who, "unsuppress"))


@blueprint.call("PUT", "/api/v1/customers/<segment:who>/devices")
def add_device(call: Call, who: str) -> Result:
    """Add or update a device; the body's device names its token `id`."""
    device = call.json_object().get("device")
    if not isinstance(device, dict):
        raise Refused("required", "device", "device is required")
    renamed = {"token" if name == "id" else name: value for name, value in device.items()}
    return _take(call, {**_person(who, "add_device"), "device": renamed})


@blueprint.call("DELETE", "/api/v1/customers/<segment:who>/devices/<segment:token>")
def delete_device(call: Call, who: str, token: str) -> Result:
    """Remove a device."""
    return _take(call, {**_person(who, "delete_device"), "device": {"token": token}})


@blueprint.call("POST", "/api/v1/merge_customers", v1_error)
def merge(call: Call) -> Result:
    """Merge one person into another."""
    people = {name: call.json_object().get(name) for name in ("primary", "secondary")}
    return _take(call, {"type": "person", "action": "merge", **people})


@blueprint.call("GET", "/api/v1/accounts/region")
def region(call: Call) -> Result:
    """Check credentials."""
    call.operations = 0
    return 200, REGION


def _person(who: str, action: str) -> dict[str, Any]:
    return {"type": "person", "action": action, "identifiers": _identifiers(who)}


def _identifiers(who: str) -> dict[str, str]:
    return dict([from_path(who)])


def _check(call: Call, check: Check) -> Check:
    """Return a check that also refuses the operations that the faults refuse."""

    def check_with_faults(operation: dict[str, Any]) -> None:
        check(operation)
        if call.faults.refuses(operation):
            raise Refused("invalid", "", "the operation is refused (injected fault)")

    return check_with_faults


def _take(
    call: Call, operation: dict[str, Any], check: Check = check_operation, max_bytes: int = limits.MAX_OPERATION_BYTES
) -> Result:
    checked = _check(call, check)
    refused = call.sandbox.workspace.take([operation], batch=False, check=checked, max_bytes=max_bytes)
    return (400, refused[0][1]) if refused else (200, {})


def _take_event(call: Call, identifiers: dict[str, Any]) -> Result:
    """Take an event of v1: its data may be larger than an operation of v2, and it may name nobody at all."""
    parsed = call.json_object()
    action = parsed.get("type") if parsed.get("type") in EVENT_ACTIONS else "event"
    operation: dict[str, Any] = {"type": "person", "action": action, "identifiers": identifiers}
    operation |= {name: parsed[name] for name in ("name", "id", "timestamp") if name in parsed}
    if parsed.get("data") is not None:
        operation["attributes"] = parsed["data"]
    return _take(call, operation, _check_v1_event, limits.MAX_BATCH_BYTES)


def _check_v1_event(operation: dict[str, Any]) -> None:
    shape = SHAPES["person", operation["action"]] if operation["identifiers"] else ANONYMOUS_EVENT
    check_shape(operation, shape)
    size = len(orjson.dumps(operation.get("attributes")))
    if size > limits.MAX_EVENT_DATA_BYTES:
        raise Refused("too_large", "data", f"data has {size} bytes, more than {limits.MAX_EVENT_DATA_BYTES}")
