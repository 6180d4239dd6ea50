"""What the Track API refuses: the shape of each operation, as the published OpenAPI description has it."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.identifiers import ANONYMOUS, is_ulid

EVENT_ACTIONS = ("event", "page", "screen")

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Timestamp = Annotated[int, msgspec.Meta(ge=limits.MIN_TIMESTAMP, lt=limits.MAX_TIMESTAMP)]
_Attributes = dict[str, Any]
_ERROR = re.compile(r"(?:(?P<field>[\w.]+): )?(?P<text>.*?)(?: - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")


class Problem(NamedTuple):
    """Why the sandbox refused an operation or a request, or why it had no effect.

    Attributes:
        reason: `required`, `invalid` or `too_large`.
        field: The field at fault, empty for the whole operation.
        message: One sentence.
    """

    reason: str
    field: str
    message: str


class Refused(Exception):
    """An operation or a request is not accepted; `problem` says why."""

    def __init__(self, reason: str, field: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(reason, field, message)


class _Identifiers(msgspec.Struct, forbid_unknown_fields=True):
    """An object with exactly one of its fields, or with an object's type and id; the subclasses have the fields."""

    def __post_init__(self) -> None:
        named = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        ids = set(named) - {"object_type_id"}
        if len(ids) != 1 or ("object_type_id" in named) != ("object_id" in named):
            raise ValueError(f"must have exactly one of {', '.join(self.__struct_fields__)}")
        for name, value in named.items():
            if limits.is_longer(value, limits.MAX_IDENTIFIER_BYTES):
                raise ValueError(f"{name}: is longer than {limits.MAX_IDENTIFIER_BYTES} bytes")


class _Event(msgspec.Struct):
    name: str
    id: str | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("name: must not be empty")
        if limits.is_longer(self.name, limits.MAX_EVENT_NAME_BYTES):
            raise ValueError(f"name: is longer than {limits.MAX_EVENT_NAME_BYTES} bytes")
        if self.id is not msgspec.UNSET and not is_ulid(self.id):
            raise ValueError("id: must be a valid ULID")


def _shape(*bases: type, **fields: Any) -> Any:
    """Return a shape with some fields; `optional` is a dictionary of those that may be null or missing."""
    optional = [(name, kind | None, None) for name, kind in fields.pop("optional", {}).items()]
    return msgspec.defstruct("Shape", [*fields.items(), *optional], bases=bases or None, kw_only=True)


def _one_of(*kinds: str) -> Any:
    return _shape(_Identifiers, optional=dict.fromkeys(kinds, _Text))


def _related(to: Any) -> Any:
    shape = _shape(identifiers=to, optional={"relationship_attributes": _Attributes})
    return list[shape]  # type: ignore[valid-type]


_MERGEABLE = _one_of("id", "email", "cio_id")  # a phone number identifies people, except in merges and relationships
_WHO: dict[str, Any] = {"identifiers": _one_of("id", "email", "cio_id", "phone")}
_OBJECT_NAME = _one_of("object_type_id", "object_id", "cio_object_id")
_OBJECT: dict[str, Any] = {"identifiers": _OBJECT_NAME}
_PUSH = Literal["opened", "converted", "delivered"]
_TIMED = {"timestamp": _Timestamp, "attributes": _Attributes}
_TO_OBJECTS, _TO_PEOPLE, _TO_VISITORS = map(_related, (_OBJECT_NAME, _MERGEABLE, _one_of(ANONYMOUS)))
_LAST_USED = {"last_used": _Timestamp, "attributes": _Attributes}
_DEVICE = _shape(token=_Text, platform=Literal["ios", "android"], optional=_LAST_USED)
_PERSON_EVENT = _shape(_Event, optional=_TIMED, identifiers=_one_of("id", "email", "cio_id", "phone", ANONYMOUS))
SHAPES: dict[tuple[str, str], Any] = {
    **{("person", action): _PERSON_EVENT for action in EVENT_ACTIONS},
    **{("person", action): _shape(**_WHO) for action in ("delete", "suppress", "unsuppress")},
    ("person", "identify"): _shape(**_WHO, optional={**_TIMED, "cio_relationships": _TO_OBJECTS}),
    ("person", "merge"): _shape(primary=_MERGEABLE, secondary=_MERGEABLE),
    ("person", "add_device"): _shape(**_WHO, device=_DEVICE),
    ("person", "delete_device"): _shape(**_WHO, device=_shape(token=_Text)),
    ("person", "add_relationships"): _shape(**_WHO, cio_relationships=_TO_OBJECTS),
    ("person", "delete_relationships"): _shape(**_WHO, cio_relationships=_TO_OBJECTS),
    ("object", "identify"): _shape(**_OBJECT, optional={**_TIMED, "cio_relationships": _TO_PEOPLE}),
    ("object", "identify_anonymous"): _shape(**_OBJECT, optional={**_TIMED, "cio_relationships": _TO_VISITORS}),
    ("object", "delete"): _shape(**_OBJECT),
    ("object", "add_relationships"): _shape(**_OBJECT, cio_relationships=_TO_PEOPLE, optional=_TIMED),
    ("object", "delete_relationships"): _shape(**_OBJECT, cio_relationships=_TO_PEOPLE),
    ("delivery", "event"): _shape(
        identifiers=_shape(id=_Text),
        name=_PUSH,
        attributes=_shape(device_token=str),
        optional={"timestamp": _Timestamp},
    ),
}
"""The shape of every operation that the v2 calls take, by `(type, action)`."""


def check_operation(operation: Any) -> None:
    """Check one operation of the v2 calls, parsed JSON of any type.

    Raises:
        Refused: The first problem found.
    """
    if not isinstance(operation, dict):
        raise Refused("invalid", "", "an operation must be an object")
    kind, action = operation.get("type"), operation.get("action")
    if kind not in ("person", "object", "delivery"):
        raise Refused("invalid", "type", "type must be person, object or delivery")
    shape = SHAPES.get((kind, action)) if isinstance(action, str) else None
    if shape is None:
        raise Refused("invalid", "action", f"unknown action for type {kind}")
    check_shape(operation, shape)


def check_shape(value: Any, shape: Any) -> None:
    """Check that parsed JSON has a shape.

    Raises:
        Refused: The first problem found.
    """
    try:
        msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        found = _ERROR.match(str(error))
        if found is None:
            raise
        missing = _MISSING.match(found["text"])
        places = (found["path"], found["field"] or (missing and missing[1]))
        field = re.sub(r"\[.*?\]", "", ".".join(filter(None, places)))
        text = found["text"].replace("Expected", "must be").replace("Invalid", "has an invalid")
        text = "is required" if missing else text
        raise Refused("required" if missing else "invalid", field, f"{field} {text}".strip()) from None


_V1_SHAPES = {
    "anonymous_event": _shape(_Event, optional={**_TIMED, "identifiers": dict[str, Any]}),
    "form": _shape(identifiers=_one_of("id", "email"), attributes=dict[str, str]),
    "metrics": _shape(  # of any channel: the metrics of all of them
        delivery_id=_Text,
        metric=Literal["bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed"],
        optional={"timestamp": _Timestamp, "recipient": str | int, "reason": str, "href": str},
    ),
    "push_events": _shape(delivery_id=_Text, event=_PUSH, optional={"timestamp": _Timestamp, "device_id": str}),
    "segment": _shape(
        segment=Annotated[int, msgspec.Meta(ge=0, lt=2**31)],
        id_type=Literal["id", "email", "cio_id"],
        ids=Annotated[list[str | int], msgspec.Meta(min_length=1, max_length=limits.MAX_SEGMENT_IDS)],
    ),
    "unsubscribe": _shape(optional={"unsubscribe": bool}),
}

#: The checks of what v1 calls carry and v2 operations do not.
V1_CHECKS = {name: partial(check_shape, shape=shape) for name, shape in _V1_SHAPES.items()}
