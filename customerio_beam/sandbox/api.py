"""The Track API's calls. The sandbox turns those of v1 into v2 operations, so that one set of rules serves both."""

from __future__ import annotations

from typing import Any

import orjson

from customerio_beam.sandbox.calls import V1_ERROR, V2_ERRORS, Call, Result, TrackAPI
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

PERSON = "/api/v1/customers/<segment:who>"


@blueprint.call("POST", "/api/v2/batch", V2_ERRORS)
def batch(call: Call) -> Result:
    """Take many operations. A 207 names those that are refused; a request that can't be read is a 400."""
    size = len(call.body)
    if size > limits.MAX_BATCH_BYTES:
        raise Refused("too_large", "", f"the body has {size} bytes, more than {limits.MAX_BATCH_BYTES}")
    operations = call.json().get("batch")
    if not isinstance(operations, list) or not operations:
        raise Refused("required", "batch", "batch must be an array with at least one operation")
    if any(map(call.faults.poisons, operations)):
        raise Refused("invalid", "batch", "the batch is malformed (injected fault)")
    call.operations = len(operations)
    refused = call.sandbox.workspace.take(operations, check=_with_faults(call, check_operation))
    errors = [{"batch_index": index, **problem._asdict()} for index, problem in refused]
    return (207, {"errors": errors}) if errors else (200, {})


@blueprint.call("POST", "/api/v2/entity", V2_ERRORS)
def entity(call: Call) -> Result:
    """Take one operation."""
    operation = call.json()
    if call.faults.poisons(operation):
        raise Refused("invalid", "", "the operation is malformed (injected fault)")
    return _take(call, operation)


@blueprint.call("POST", f"{PERSON}/events")
def customer_event(call: Call, who: str) -> Result:
    """Take an event of a known person."""
    return _take_event(call, dict([from_path(who)]))


@blueprint.call("POST", "/api/v1/events")
def anonymous_event(call: Call) -> Result:
    """Take an event of nobody known; its anonymous id, if it has one, may join it to a person."""
    anonymous_id = call.json().get(ANONYMOUS)
    return _take_event(call, {} if anonymous_id in (None, "") else {ANONYMOUS: anonymous_id})


@blueprint.call("PUT", PERSON)
def identify(call: Call, who: str) -> Result:
    """Create or update a person."""
    return _take_about(call, who, "identify", attributes=call.json())


@blueprint.call("DELETE", PERSON)
def delete(call: Call, who: str) -> Result:
    """Delete a person."""
    return _take_about(call, who, "delete")


@blueprint.call("POST", f"{PERSON}/suppress")
def suppress(call: Call, who: str) -> Result:
    """Delete a person and keep the identifiers from being added again."""
    return _take_about(call, who, "suppress")


@blueprint.call("POST", f"{PERSON}/unsuppress")
def unsuppress(call: Call, who: str) -> Result:
    """Let an identifier be added again."""
    return _take_about(call, who, "unsuppress")


@blueprint.call("PUT", f"{PERSON}/devices")
def add_device(call: Call, who: str) -> Result:
    """Add or update a device; the body's device names its token `id`."""
    device = call.json().get("device")
    if isinstance(device, dict):
        device = {"token" if name == "id" else name: value for name, value in device.items()}
    return _take_about(call, who, "add_device", device=device)


@blueprint.call("DELETE", f"{PERSON}/devices/<segment:token>")
def delete_device(call: Call, who: str, token: str) -> Result:
    """Remove a device."""
    return _take_about(call, who, "delete_device", device={"token": token})


@blueprint.call("POST", "/api/v1/merge_customers", V1_ERROR)
def merge(call: Call) -> Result:
    """Merge one person into another."""
    return _take(call, {**call.json(), "type": "person", "action": "merge"})


@blueprint.call("GET", "/api/v1/accounts/region")
def region(call: Call) -> Result:
    """Check credentials."""
    return 200, REGION


def _with_faults(call: Call, check: Check) -> Check:
    """Return a check that also refuses the operations that the faults refuse."""

    def check_with_faults(operation: dict[str, Any]) -> None:
        check(operation)
        if call.faults.refuses(operation):
            raise Refused("invalid", "", "the operation is refused (injected fault)")

    return check_with_faults


def _take(
    call: Call, operation: dict[str, Any], check: Check = check_operation, max_bytes: int = limits.MAX_OPERATION_BYTES
) -> Result:
    call.operations = 1
    checked = _with_faults(call, check)
    refused = call.sandbox.workspace.take([operation], batch=False, check=checked, max_bytes=max_bytes)
    return (400, refused[0][1]) if refused else (200, {})


def _take_about(call: Call, who: str, action: str, **fields: Any) -> Result:
    return _take(call, {"type": "person", "action": action, "identifiers": dict([from_path(who)]), **fields})


def _take_event(call: Call, identifiers: dict[str, Any]) -> Result:
    """Take an event of v1: its data may be larger than an operation of v2, and it may name nobody at all."""
    parsed = call.json()
    action = parsed.get("type") if parsed.get("type") in EVENT_ACTIONS else "event"
    operation: dict[str, Any] = {"type": "person", "action": action, "identifiers": identifiers}
    operation |= {name: parsed[name] for name in ("name", "id", "timestamp") if name in parsed}
    if parsed.get("data") is not None:
        operation["attributes"] = parsed["data"]
    return _take(call, operation, _check_v1_event, limits.MAX_BATCH_BYTES)


def _check_v1_event(operation: dict[str, Any]) -> None:
    check_shape(operation, SHAPES["person", operation["action"]] if operation["identifiers"] else ANONYMOUS_EVENT)
    size = len(orjson.dumps(operation.get("attributes")))
    if size > limits.MAX_EVENT_DATA_BYTES:
        raise Refused("too_large", "data", f"data has {size} bytes, more than {limits.MAX_EVENT_DATA_BYTES}")
