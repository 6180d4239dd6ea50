"""Customer.io's limits: operations that fit, and the attributes that can't be sent.

Nothing is dropped silently: attributes beyond one identify call go into further ones, an attribute over its size is
returned beside the operation, and an operation that can't fit raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from customerio_beam.mapping import json_text
from customerio_beam.mapping.attributes import MAX_DEPTH
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.operation import Operation
from customerio_beam.mapping.settings import MappingSettings

__all__ = ["MAX_OPERATION_BYTES", "MAX_V1_DATA_BYTES", "OversizeAttribute", "drop_oversize", "fit"]

#: One operation inside a batch is at most 32 KB (Track API limits).
MAX_OPERATION_BYTES: Final = 32_000
#: Event data on the v1 call are at most 100 KB (Track API limits).
MAX_V1_DATA_BYTES: Final = 100_000
#: A person's, object's or relationship's attribute: its name and its value (Track API limits).
MAX_ATTRIBUTE_NAME_BYTES: Final = 150
MAX_ATTRIBUTE_VALUE_BYTES: Final = 1000
_UTF8_BYTES: Final = 4  # the most bytes that one character takes
#: Characters that fit in any script.
_SHORT_NAME: Final = MAX_ATTRIBUTE_NAME_BYTES // _UTF8_BYTES
_SHORT_VALUE: Final = MAX_ATTRIBUTE_VALUE_BYTES // _UTF8_BYTES

#: An opt-out must not be lost: this attribute is sent at any size.
_PREFERENCES: Final = "cio_subscription_preferences"
#: These stay in the first operation of a split identify: they decide who the person is and whether to write to them.
_FIRST: Final = ("email", "created_at", "unsubscribed", "anonymous_id", _PREFERENCES)
#: Every operation of a split identify needs it: one without it would create the person.
_UPDATE_ONLY: Final = "_update"

#: Identifiers that no URL path can carry: v1's call names the person in its path, where these mean folders.
_NO_PATH: Final = frozenset({".", ".."})
#: v1 takes a phone number in its path for an id.
_NOT_IN_V1: Final = "phone"
_V1_ACTIONS: Final = frozenset({"event", "page", "screen"})


class OversizeAttribute(NamedTuple):
    """An attribute over one of Customer.io's limits.

    Attributes:
        name: Its name.
        size: Bytes of the part that is over the limit: of the name, or of the value.
        value: Its value.
        detail: One sentence that names the limit.
    """

    name: str
    size: int
    value: Any
    detail: str


def drop_oversize(operation: Operation) -> tuple[Operation, list[OversizeAttribute]]:
    """Remove the attributes over their limits from a person's or object's identify operation.

    Returns:
        The operation (the same one where all attributes fit), and the removed attributes.

    Raises:
        InvalidJson: An attribute nests too deeply.
    """
    dropped: list[OversizeAttribute] = []
    attributes = _within_limits(operation["attributes"], dropped)
    relationships = operation.get("cio_relationships")
    if relationships:
        relationships = [
            {**entry, "relationship_attributes": _within_limits(entry["relationship_attributes"], dropped)}
            if "relationship_attributes" in entry
            else entry
            for entry in relationships
        ]
    if not dropped:
        return operation, dropped
    operation = {**operation, "attributes": attributes}
    if relationships:
        operation["cio_relationships"] = relationships
    return operation, dropped


def _within_limits(attributes: dict[str, Any], dropped: list[OversizeAttribute]) -> dict[str, Any]:
    kept = attributes
    for name, value in attributes.items():
        if isinstance(value, str) and len(value) <= _SHORT_VALUE and len(name) <= _SHORT_NAME:
            continue  # so are nearly all
        oversize = _oversize(name, value)
        if oversize is not None and name != _PREFERENCES:
            if kept is attributes:
                kept = dict(attributes)
            del kept[name]
            dropped.append(oversize)
    return kept


def _oversize(name: str, value: Any) -> OversizeAttribute | None:
    if len(name) > _SHORT_NAME:
        size = len(name.encode("utf-8"))
        if size > MAX_ATTRIBUTE_NAME_BYTES:
            detail = f"An attribute's name is {size} bytes; Customer.io takes at most {MAX_ATTRIBUTE_NAME_BYTES}."
            return OversizeAttribute(name, size, value, detail)
    if isinstance(value, str):
        if len(value) <= _SHORT_VALUE:
            return None
        size = len(value.encode("utf-8"))
    elif isinstance(value, (dict, list)):
        size = len(json_text.dumps(value))
    elif isinstance(value, int):
        size = len(str(value)) if abs(value) >> 64 else 0
    else:
        return None
    if size <= MAX_ATTRIBUTE_VALUE_BYTES:
        return None
    if _nests_deeper(value, MAX_DEPTH):
        raise json_text.InvalidJson("nested too deeply")  # its dead letter nests it deeper still
    detail = f"Attribute {name!r} is {size} bytes; Customer.io takes at most {MAX_ATTRIBUTE_VALUE_BYTES}."
    return OversizeAttribute(name, size, value, detail)


def _nests_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return False
    return levels == 0 or any(_nests_deeper(member, levels - 1) for member in value)


def fit(operation: Operation, settings: MappingSettings) -> list[bytes]:
    """Write an operation as JSON: as one or more operations that are each within the limits.

    Returns:
        Operations as compact JSON of at most 32,000 bytes each. A person's event, page or screen with up to 100,000
        bytes of attributes is one longer operation, for v1's call.

    Raises:
        InvalidEvent: ``operation_too_large``: no split makes it fit.
        InvalidJson: It nests too deeply.
    """
    action: str = operation["action"]
    if action in ("identify", "identify_anonymous"):
        attributes = operation["attributes"]
        if len(attributes) <= settings.max_attributes_per_identify:
            return _fit_identify(operation)
        chunks = list(_chunks(attributes, settings.max_attributes_per_identify))
        return [text for part in _parts(operation, chunks) for text in _fit_identify(part)]
    text = json_text.dumps(operation)
    if len(text) > MAX_OPERATION_BYTES:
        _check_v1(operation, text)
    return [text]


def _check_v1(operation: Operation, text: bytes) -> None:
    if operation["type"] != "person" or operation["action"] not in _V1_ACTIONS:
        raise _too_large(text)
    identifiers = operation["identifiers"]
    if _NOT_IN_V1 in identifiers or not _NO_PATH.isdisjoint(identifiers.values()):
        raise _too_large(text)
    size = len(json_text.dumps(operation["attributes"]))
    if size > MAX_V1_DATA_BYTES:
        raise InvalidEvent(
            "operation_too_large", f"The event's data are {size} bytes; Customer.io takes at most {MAX_V1_DATA_BYTES}."
        )


def _too_large(text: bytes) -> InvalidEvent:
    return InvalidEvent(
        "operation_too_large", f"The operation is {len(text)} bytes; Customer.io takes at most {MAX_OPERATION_BYTES}."
    )


def _chunks(attributes: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    """Split attributes into objects of at most ``count``, with the decisive ones in the first."""
    if len(attributes) <= count:
        yield attributes
        return
    in_all = {name: attributes[name] for name in (_UPDATE_ONLY,) if name in attributes}
    first = [name for name in _FIRST if name in attributes]
    names = first + [name for name in attributes if name not in _FIRST and name not in in_all]
    step = max(count - len(in_all), 1)
    for start in range(0, len(names), step):
        yield {**in_all, **{name: attributes[name] for name in names[start : start + step]}}


def _parts(operation: Operation, chunks: list[dict[str, Any]]) -> Iterator[Operation]:
    """Spread an identify operation over several; only the first has the relationships."""
    yield {**operation, "attributes": chunks[0]}
    rest = {name: value for name, value in operation.items() if name != "cio_relationships"}
    for chunk in chunks[1:]:
        yield {**rest, "attributes": chunk}


def _fit_identify(operation: Operation) -> list[bytes]:
    """Write an identify operation, split by its attributes until each part fits."""
    text = json_text.dumps(operation)
    if len(text) <= MAX_OPERATION_BYTES:
        return [text]
    attributes = operation["attributes"]
    splittable = len(attributes) - (_UPDATE_ONLY in attributes)
    if splittable < 2:
        raise _too_large(text)
    chunks = list(_chunks(attributes, (len(attributes) + 1) // 2 + (_UPDATE_ONLY in attributes)))
    if len(chunks) < 2:
        raise _too_large(text)
    return [part_text for part in _parts(operation, chunks) for part_text in _fit_identify(part)]
