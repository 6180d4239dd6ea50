"""What the Track API refuses: each operation is checked by itself, before any of it is applied.

The shapes are those of the published OpenAPI description; the wording of the messages is the sandbox's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.identifiers import ANONYMOUS, PERSON_KINDS, is_ulid

EVENT_ACTIONS = frozenset({"event", "page", "screen"})
DELIVERY_METRICS = frozenset({"opened", "converted", "delivered"})
DEVICE_PLATFORMS = frozenset({"ios", "android"})


class Problem(NamedTuple):
    """Why an operation, or a request, is refused.

    Attributes:
        reason: `required`, `invalid` or `too_large`.
        field: The field at fault, empty for the whole operation.
        message: One sentence.
    """

    reason: str
    field: str
    message: str


Check = Callable[[dict[str, Any]], "Problem | None"]


def check_operation(operation: Any, size: int) -> Problem | None:
    """Checks one operation of the v2 calls.

    Args:
        operation: The operation as parsed JSON, of any type.
        size: Its length as compact JSON, in bytes.

    Returns:
        The first problem found, or None where the operation is taken.
    """
    if not isinstance(operation, dict):
        return Problem("invalid", "", "an operation must be an object")
    if size > limits.MAX_OPERATION_BYTES:
        return Problem("too_large", "", f"the operation has {size} bytes, more than {limits.MAX_OPERATION_BYTES}")
    kind, action = operation.get("type"), operation.get("action")
    try:
        check = CHECKS[kind, action]  # type: ignore[index]
    except (KeyError, TypeError):
        if kind not in ("person", "object", "delivery"):
            return Problem("invalid", "type", "type must be person, object or delivery")
        return Problem("invalid", "action", f"unknown action for type {kind}")
    return check(operation)


def check_event_fields(operation: dict[str, Any]) -> Problem | None:
    """Checks what the events of v1 and v2 have in common: `name`, `id` and `timestamp`."""
    name = operation.get("name")
    if not isinstance(name, str) or not name.strip():
        return Problem("required", "name", "name is required")
    if limits.is_longer(name, limits.MAX_EVENT_NAME_BYTES):
        return Problem("invalid", "name", f"name is longer than {limits.MAX_EVENT_NAME_BYTES} bytes")
    if "id" in operation and not is_ulid(operation["id"]):
        return Problem("invalid", "id", "id must be a valid ULID")
    return _check_timestamp(operation)


def check_person_identifiers(value: Any, field: str, *, anonymous: bool = False) -> Problem | None:
    """Checks that a value names exactly one person by one identifier."""
    if not isinstance(value, dict) or not value:
        return Problem("required", field, f"{field} must be an object with one identifier")
    if len(value) != 1:
        return Problem("invalid", field, f"{field} must have exactly one identifier, not {len(value)}")
    ((kind, text),) = value.items()
    if kind not in PERSON_KINDS and not (anonymous and kind == ANONYMOUS):
        return Problem("invalid", field, f"{field} must be one of {', '.join(PERSON_KINDS)}")
    return _check_identifier(text, field, kind)


def check_relationships(operation: dict[str, Any], *, required: bool, of: str) -> Problem | None:
    """Checks `cio_relationships`; `of` says what the entries name: `object`, `person` or `anonymous`."""
    entries = operation.get("cio_relationships")
    if entries is None:
        return Problem("required", "cio_relationships", "cio_relationships is required") if required else None
    if not isinstance(entries, list):
        return Problem("invalid", "cio_relationships", "cio_relationships must be an array")
    for entry in entries:
        if not isinstance(entry, dict):
            return Problem("invalid", "cio_relationships", "each relationship must be an object")
        names, field = entry.get("identifiers"), "cio_relationships.identifiers"
        if of == "object":
            problem = _check_object_identifiers(names, field)
        elif of == "anonymous":
            problem = (
                _check_identifier(names.get(ANONYMOUS), field, ANONYMOUS)
                if isinstance(names, dict)
                else Problem("required", field, f"{field} is required")
            )
        else:
            problem = check_person_identifiers(names, field)
        if problem is None and not isinstance(entry.get("relationship_attributes") or {}, dict):
            problem = Problem("invalid", "relationship_attributes", "relationship_attributes must be an object")
        if problem:
            return problem
    return None


def _check_identifier(value: Any, holder: str, kind: str) -> Problem | None:
    # No character has more than four bytes: the usual identifier need not be measured.
    if isinstance(value, str) and 0 < len(value) <= limits.MAX_IDENTIFIER_BYTES // 4:
        return None
    field = f"{holder}.{kind}"
    if not isinstance(value, str) or not value:
        return Problem("required", field, f"{field} must be a string that is not empty")
    if not limits.is_longer(value, limits.MAX_IDENTIFIER_BYTES):
        return None
    return Problem("invalid", field, f"{field} is longer than {limits.MAX_IDENTIFIER_BYTES} bytes")


def _check_timestamp(operation: dict[str, Any]) -> Problem | None:
    value = operation.get("timestamp")
    if value is None or (type(value) is int and limits.MIN_TIMESTAMP <= value < limits.MAX_TIMESTAMP):
        return None
    return Problem("invalid", "timestamp", "timestamp must be whole unix seconds")


def _check_attributes(operation: dict[str, Any]) -> Problem | None:
    if not isinstance(operation.get("attributes") or {}, dict):
        return Problem("invalid", "attributes", "attributes must be an object")
    return None


def _check_object_identifiers(value: Any, field: str) -> Problem | None:
    if not isinstance(value, dict):
        return Problem("required", field, f"{field} is required")
    if set(value) != {"object_type_id", "object_id"}:
        return Problem("invalid", field, f"{field} must be object_type_id and object_id")
    return _check_identifier(value["object_type_id"], field, "object_type_id") or _check_identifier(
        value["object_id"], field, "object_id"
    )


def _person(operation: dict[str, Any]) -> Problem | None:
    return check_person_identifiers(operation.get("identifiers"), "identifiers")


def _identify(operation: dict[str, Any]) -> Problem | None:
    return (
        _person(operation)
        or _check_timestamp(operation)
        or _check_attributes(operation)
        or check_relationships(operation, required=False, of="object")
    )


def _event(operation: dict[str, Any]) -> Problem | None:
    return (
        check_person_identifiers(operation.get("identifiers"), "identifiers", anonymous=True)
        or check_event_fields(operation)
        or _check_attributes(operation)
    )


def _merge(operation: dict[str, Any]) -> Problem | None:
    return check_person_identifiers(operation.get("primary"), "primary") or check_person_identifiers(
        operation.get("secondary"), "secondary"
    )


def _device(operation: dict[str, Any], *, added: bool) -> Problem | None:
    device = operation.get("device")
    if not isinstance(device, dict) or not isinstance(device.get("token"), str) or not device["token"]:
        return Problem("required", "device.token", "device.token is required")
    if added and device.get("platform") not in DEVICE_PLATFORMS:
        return Problem("invalid", "device.platform", "device.platform must be ios or android")
    if not isinstance(device.get("attributes") or {}, dict):
        return Problem("invalid", "device.attributes", "device.attributes must be an object")
    return _person(operation)


def _object(operation: dict[str, Any], *, relationships: str, required: bool = False) -> Problem | None:
    return (
        _check_object_identifiers(operation.get("identifiers"), "identifiers")
        or _check_attributes(operation)
        or check_relationships(operation, required=required, of=relationships)
    )


def _person_relationships(operation: dict[str, Any]) -> Problem | None:
    return _person(operation) or check_relationships(operation, required=True, of="object")


def _delivery(operation: dict[str, Any]) -> Problem | None:
    identifiers, attributes = operation.get("identifiers"), operation.get("attributes")
    if not isinstance(identifiers, dict) or not isinstance(identifiers.get("id"), str) or not identifiers["id"]:
        return Problem("required", "identifiers.id", "identifiers.id must name the delivery")
    if operation.get("name") not in DELIVERY_METRICS:
        return Problem("invalid", "name", f"name must be one of {', '.join(sorted(DELIVERY_METRICS))}")
    if not isinstance(attributes, dict) or not isinstance(attributes.get("device_token"), str):
        return Problem("required", "attributes.device_token", "attributes.device_token is required")
    return None


CHECKS: dict[tuple[str, str], Check] = {
    ("person", "identify"): _identify,
    ("person", "event"): _event,
    ("person", "page"): _event,
    ("person", "screen"): _event,
    ("person", "delete"): _person,
    ("person", "suppress"): _person,
    ("person", "unsuppress"): _person,
    ("person", "merge"): _merge,
    ("person", "add_device"): lambda operation: _device(operation, added=True),
    ("person", "delete_device"): lambda operation: _device(operation, added=False),
    ("person", "add_relationships"): _person_relationships,
    ("person", "delete_relationships"): _person_relationships,
    ("object", "identify"): lambda operation: _object(operation, relationships="person"),
    ("object", "identify_anonymous"): lambda operation: _object(operation, relationships="anonymous"),
    ("object", "delete"): lambda operation: _check_object_identifiers(operation.get("identifiers"), "identifiers"),
    ("object", "add_relationships"): lambda operation: _object(operation, relationships="person", required=True),
    ("object", "delete_relationships"): lambda operation: _object(operation, relationships="person", required=True),
    ("delivery", "event"): _delivery,
}
"""The check of every operation that the v2 calls take, by `(type, action)`."""
