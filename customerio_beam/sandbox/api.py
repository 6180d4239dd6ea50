"""The Track API's calls. Those of v1 are turned into v2 operations, so that one set of rules serves both."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint

from customerio_beam.sandbox.call import Answer, track_call
from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.identifiers import ANONYMOUS, from_path
from customerio_beam.sandbox.rules.validation import (
    EVENT_ACTIONS,
    Problem,
    check_event_fields,
    check_person_identifiers,
)
from customerio_beam.sandbox.service import Service

blueprint = Blueprint("api", __name__)

REGION = {"url": "https://track.customer.io", "region": "us", "environment_id": 1}
"""What the credentials check answers: the published answer of an account in the US."""


@blueprint.post("/api/v2/batch")
@track_call
def batch(found: Service, body: bytes) -> Answer:
    """Takes many operations. Those refused are named in a 207; a request that can't be read is a 400."""
    if len(body) > limits.MAX_BATCH_BYTES:
        return _refuse(found, "too_large", "", f"the body has {len(body)} bytes, more than {limits.MAX_BATCH_BYTES}")
    parsed = _parse(body)
    operations = parsed.get("batch") if isinstance(parsed, dict) else None
    if not isinstance(operations, list) or not operations:
        return _refuse(found, "required", "batch", "batch must be an array with at least one operation")
    if any(map(found.faults.poisons, operations) if found.faults.poisoned_operations else ()):
        return _refuse(found, "invalid", "batch", "the batch is malformed (injected fault)")
    if found.workspace.settings.count_only:
        found.workspace.count(len(operations))
        return Answer(200, {}, len(operations))
    refused = found.workspace.take(operations, batch=True, refuse=_refuser(found))
    errors = [{"batch_index": index, **problem._asdict()} for index, problem in refused]
    return Answer(207 if errors else 200, {"errors": errors} if errors else {}, len(operations))


@blueprint.post("/api/v2/entity")
@track_call
def entity(found: Service, body: bytes) -> Answer:
    """Takes one operation."""
    operation = _parse(body)
    if not isinstance(operation, dict):
        return _refuse(found, "invalid", "", "the body must be a JSON object")
    if found.faults.poisons(operation):
        return _refuse(found, "invalid", "", "the operation is malformed (injected fault)")
    return _take(found, operation)


@blueprint.post("/api/v1/customers/<path:who>/events")
@track_call
def customer_event(found: Service, body: bytes, who: str) -> Answer:
    """Takes an event of a known person."""
    return _take_v1_event(found, body, _path_identifiers(who))


@blueprint.post("/api/v1/events")
@track_call
def anonymous_event(found: Service, body: bytes) -> Answer:
    """Takes an event of nobody in particular, to be joined to a person by its anonymous id if it has one."""
    return _take_v1_event(found, body, None)


@blueprint.put("/api/v1/customers/<path:who>")
@track_call
def identify(found: Service, body: bytes, who: str) -> Answer:
    """Creates or updates a person."""
    attributes = _parse(body)
    if not isinstance(attributes, dict):
        return _refuse_v1(found, "the body must be a JSON object")
    return _take_v1(found, {**_person(who, "identify"), "attributes": attributes})


@blueprint.delete("/api/v1/customers/<path:who>")
@track_call
def delete(found: Service, body: bytes, who: str) -> Answer:
    """Deletes a person."""
    return _take_v1(found, _person(who, "delete"))


@blueprint.post("/api/v1/customers/<path:who>/suppress")
@track_call
def suppress(found: Service, body: bytes, who: str) -> Answer:
    """Deletes a person and keeps the identifiers from being added again."""
    return _take_v1(found, _person(who, "suppress"))


@blueprint.post("/api/v1/customers/<path:who>/unsuppress")
@track_call
def unsuppress(found: Service, body: bytes, who: str) -> Answer:
    """Lets an identifier be added again."""
    return _take_v1(found, _person(who, "unsuppress"))


@blueprint.put("/api/v1/customers/<path:who>/devices")
@track_call
def add_device(found: Service, body: bytes, who: str) -> Answer:
    """Adds or updates a device; the body's device names its token `id`."""
    parsed = _parse(body)
    device = parsed.get("device") if isinstance(parsed, dict) else None
    if not isinstance(device, dict):
        return _refuse_v1(found, "device is required")
    renamed = {"token" if name == "id" else name: value for name, value in device.items()}
    return _take_v1(found, {**_person(who, "add_device"), "device": renamed})


@blueprint.delete("/api/v1/customers/<path:who>/devices/<path:token>")
@track_call
def delete_device(found: Service, body: bytes, who: str, token: str) -> Answer:
    """Removes a device."""
    return _take_v1(found, {**_person(who, "delete_device"), "device": {"token": token}})


@blueprint.post("/api/v1/merge_customers")
@track_call
def merge(found: Service, body: bytes) -> Answer:
    """Merges one person into another."""
    parsed = _parse(body)
    named = parsed if isinstance(parsed, dict) else {}
    people = {each: named.get(each) for each in ("primary", "secondary")}
    return _take_v1(found, {"type": "person", "action": "merge", **people})


@blueprint.get("/api/v1/accounts/region")
@track_call
def region(found: Service, body: bytes) -> Answer:
    """Checks credentials."""
    return Answer(200, REGION, 0)


def _parse(body: bytes) -> Any:
    """Returns the body's JSON value, or None where it has none: no call takes a null."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _person(who: str, action: str) -> dict[str, Any]:
    return {"type": "person", "action": action, "identifiers": _path_identifiers(who)}


def _path_identifiers(who: str) -> dict[str, str]:
    """Returns a path's identifier as it was sent, under its kind."""
    kind, _ = from_path(who)
    return {kind: who[len("cio_") :] if kind == "cio_id" else who}


def _refuser(found: Service) -> Any:
    """Returns what says why the faults refuse a valid operation; None where they refuse nothing."""
    faults = found.faults
    if not faults.refuse_operations:
        return None
    problem = Problem("invalid", "", "the operation is refused (injected fault)")
    return lambda operation: problem if faults.refuses(operation) else None


def _take(found: Service, operation: dict[str, Any]) -> Answer:
    if found.workspace.settings.count_only:
        found.workspace.count(1)
        return Answer(200, {})
    refused = found.workspace.take([operation], batch=False, refuse=_refuser(found))
    if refused:
        return Answer(400, {"errors": [problem._asdict() for _, problem in refused]})
    return Answer(200, {})


def _take_v1(found: Service, operation: dict[str, Any]) -> Answer:
    answer = _take(found, operation)
    if answer.status == 400:
        return Answer(400, {"meta": {"errors": [error["message"] for error in answer.body["errors"]]}})
    return answer


def _take_v1_event(found: Service, body: bytes, identifiers: dict[str, str] | None) -> Answer:
    parsed = _parse(body)
    if not isinstance(parsed, dict):
        return _refuse_v1(found, "the body must be a JSON object")
    if identifiers is None:
        anonymous_id = parsed.get(ANONYMOUS)
        identifiers = {} if anonymous_id in (None, "") else {ANONYMOUS: anonymous_id}
    data = parsed.get("data")
    if data is not None and not isinstance(data, dict):
        return _refuse_v1(found, "data must be an object")
    size = len(orjson.dumps(data)) if data else 0
    if size > limits.MAX_EVENT_DATA_BYTES:
        return _refuse_v1(found, f"data has {size} bytes, more than {limits.MAX_EVENT_DATA_BYTES}")
    action = parsed.get("type") if parsed.get("type") in EVENT_ACTIONS else "event"
    operation: dict[str, Any] = {"type": "person", "action": action, "identifiers": identifiers}
    operation |= {name: parsed[name] for name in ("name", "id", "timestamp") if name in parsed}
    if data is not None:
        operation["attributes"] = data
    problem = check_person_identifiers(identifiers, "identifiers", anonymous=True) if identifiers else None
    problem = problem or check_event_fields(operation)
    if problem is None and found.faults.refuses(operation):
        problem = Problem("invalid", "", "the event is refused (injected fault)")
    if problem is not None:
        return _refuse_v1(found, problem.message)
    if found.workspace.settings.count_only:
        found.workspace.count(1)
    else:
        found.workspace.take_event(operation)
    return Answer(200, {})


def _refuse(found: Service, reason: str, field: str, message: str) -> Answer:
    problem = Problem(reason, field, message)
    found.workspace.refuse_request(400, problem)
    return Answer(400, {"errors": [problem._asdict()]}, 0)


def _refuse_v1(found: Service, message: str) -> Answer:
    found.workspace.refuse_request(400, Problem("invalid", "", message))
    return Answer(400, {"meta": {"error": message}}, 0)
