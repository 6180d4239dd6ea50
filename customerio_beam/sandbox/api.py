"""The Track API's calls. The sandbox turns those of v1 into v2 operations, so that one set of rules serves both."""

from __future__ import annotations

from typing import Any

import orjson
from flask import request

from customerio_beam.sandbox.calls import V1_ERROR, V2_ERRORS, Call, Result, TrackAPI
from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.identifiers import ANONYMOUS, from_path
from customerio_beam.sandbox.rules.validation import (
    EVENT_ACTIONS,
    V1_CHECKS,
    Refused,
    check_operation,
)
from customerio_beam.sandbox.workspace import Check

blueprint = TrackAPI("api", __name__)

#: The response to the credentials check: the published one of an account in the US.
REGION = {"url": "https://track.customer.io", "region": "us", "environment_id": 1}
#: Fields of a form that Customer.io ignores.
RESERVED_FIELDS = ("form_id", "form_name", "form_type", "form_url", "form_url_param")

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
    return _take_event(call, {} if anonymous_id in (None, "") else _as_text({ANONYMOUS: anonymous_id}))


@blueprint.call("PUT", PERSON)
def identify(call: Call, who: str) -> Result:
    """Create or update a person. The body has attributes, and reserved fields among them."""
    attributes, (kind, name) = call.json(), from_path(who)
    if isinstance(attributes.get("cio_id"), str) and kind != "cio_id":
        attributes[kind], (kind, name) = name, ("cio_id", attributes.pop("cio_id"))
    operation = {"type": "person", "action": "identify", "identifiers": {kind: name}, "attributes": attributes}
    if "_timestamp" in attributes:
        operation["timestamp"] = attributes.pop("_timestamp")
    if "cio_relationships" not in attributes:
        return _take(call, operation)
    given = attributes.pop("cio_relationships")
    action = given.get("action") if isinstance(given, dict) else None
    if action not in ("add_relationships", "delete_relationships"):
        raise Refused("invalid", "cio_relationships", "cio_relationships.action must add or delete relationships")
    related = {**operation, "action": action, "cio_relationships": given.get("relationships")}
    check_operation(related)
    return _take(call, operation, related)


@blueprint.call("DELETE", PERSON)
def delete(call: Call, who: str, action: str = "delete") -> Result:
    """Delete a person; or suppress or unsuppress one."""
    return _take_about(call, who, action)


blueprint.call("POST", f"{PERSON}/<any(suppress, unsuppress):action>")(delete)


@blueprint.call("PUT", f"{PERSON}/devices")
def add_device(call: Call, who: str) -> Result:
    """Add or update a device; the body's device names its token `id`."""
    device = call.json().get("device")
    if isinstance(device, dict):
        device = {"token" if name == "id" else name: value for name, value in device.items()}
        used = device.get("last_used")
        if isinstance(used, str) and used.isascii() and used.isdigit() and len(used) <= len(str(limits.MAX_TIMESTAMP)):
            device["last_used"] = int(used)  # The official Go client sends text.
    return _take_about(call, who, "add_device", device=device)


@blueprint.call("DELETE", f"{PERSON}/devices/<segment:token>")
def delete_device(call: Call, who: str, token: str) -> Result:
    """Remove a device."""
    return _take_about(call, who, "delete_device", device={"token": token})


@blueprint.call("POST", "/api/v1/merge_customers", V1_ERROR)
def merge(call: Call) -> Result:
    """Merge one person into another."""
    named = {name: _as_text(value) for name, value in call.json().items() if name in ("primary", "secondary")}
    return _take(call, {"type": "person", "action": "merge", **named})


@blueprint.call("POST", "/api/v1/metrics", credentials=False)
def metrics(call: Call) -> Result:
    """Note what happened to a message, of any channel."""
    return _take_metric(call, "metrics", "metric", "recipient")


@blueprint.call("POST", "/push/events", credentials=False)  # as the official Ruby client sends it
@blueprint.call("POST", "/api/v1/push/events", credentials=False)
def push_events(call: Call) -> Result:
    """Note what happened to a push notification."""
    return _take_metric(call, "push_events", "event", "device_id")


@blueprint.call("POST", "/unsubscribe/<segment:delivery>", credentials=False)
def unsubscribe(call: Call, delivery: str) -> Result:
    """Unsubscribe the person who received a message."""
    given = call.json().get("unsubscribe")
    operation = {"type": "delivery", "action": "unsubscribe", "identifiers": {"id": delivery}, "unsubscribe": given}
    return _take(call, operation, check=V1_CHECKS["unsubscribe"])


@blueprint.call("POST", "/api/v1/segments/<segment:segment>/<any(add_customers, remove_customers):action>")
def segment(call: Call, segment: str, action: str) -> Result:
    """Add people to a manual segment, or remove them."""
    number = int(segment) if segment.isascii() and segment.isdigit() else segment
    operation: dict[str, Any] = {"type": "segment", "action": action, "segment": number}
    operation |= {"id_type": request.args.get("id_type", "id"), "ids": call.json().get("ids")}
    return _take(call, operation, check=V1_CHECKS["segment"], max_bytes=limits.MAX_BATCH_BYTES)


@blueprint.call("POST", "/api/v1/forms/<segment:form>/submit")
def submit_form(call: Call, form: str) -> Result:
    """Take a form: it identifies the person who filled it in, and its fields are attributes."""
    data = call.json().get("data")
    if not isinstance(data, dict):
        raise Refused("required", "data", "data must be an object")
    names = {name: str(data[name]) for name in ("id", "email") if data.get(name) not in (None, "")}
    fields = {name: value for name, value in data.items() if name not in (*RESERVED_FIELDS, "id")}
    operation = {"type": "form", "action": "submit", "name": form, "identifiers": names, "attributes": fields}
    status, body = _take(call, operation, check=V1_CHECKS["form"])
    return (204, body) if status == 200 else (status, body)


@blueprint.call("GET", "/api/v1/accounts/region")
def region(call: Call) -> Result:
    """Check credentials."""
    return 200, REGION


def _as_text(identifiers: Any) -> Any:
    """Return identifiers with numbers as text: the official clients send numbers, too."""
    if not isinstance(identifiers, dict):
        return identifiers
    return {kind: str(value) if type(value) is int else value for kind, value in identifiers.items()}


def _with_faults(call: Call, check: Check) -> Check:
    """Return a check that also refuses the operations that the faults refuse."""

    def check_with_faults(operation: dict[str, Any]) -> None:
        check(operation)
        if call.faults.refuses(operation):
            raise Refused("invalid", "", "the operation is refused (injected fault)")

    return check_with_faults


def _take(call: Call, *operations: dict[str, Any], check: Check = check_operation, **limit: int) -> Result:
    call.operations = len(operations)
    refused = call.sandbox.workspace.take(operations, status=400, check=_with_faults(call, check), **limit)
    return (400, refused[0][1]) if refused else (200, {})


def _take_metric(call: Call, name: str, metric: str, recipient: str) -> Result:
    body = call.json()
    V1_CHECKS[name](body)
    operation: dict[str, Any] = {"type": "delivery", "action": "event", "identifiers": {"id": body["delivery_id"]}}
    operation |= {"name": body[metric], "attributes": {"recipient": body.get(recipient), **body}}
    return _take(call, operation | {"timestamp": body.get("timestamp")}, check=lambda _: None)


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
    return _take(call, operation, check=_check_v1_event, max_bytes=limits.MAX_BATCH_BYTES)


def _check_v1_event(operation: dict[str, Any]) -> None:
    check = check_operation if operation["identifiers"] else V1_CHECKS["anonymous_event"]
    check(operation)
    size = len(orjson.dumps(operation.get("attributes")))
    if size > limits.MAX_EVENT_DATA_BYTES:
        raise Refused("too_large", "data", f"data has {size} bytes, more than {limits.MAX_EVENT_DATA_BYTES}")
