"""What delivery must know of an operation, read from its JSON. Delivery trusts nobody: it reads every operation."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from customerio_beam.delivery.invalid_operation import InvalidOperation
from customerio_beam.delivery.v1 import goes_by_v1, v1_request
from customerio_beam.mapping.limits import MAX_OPERATION_BYTES

__all__ = ["Kind", "operation_kind"]

#: ``anonymous``: of a visitor whom nobody has identified. ``claiming``: an identify that claims a visitor's events, by
#: the attribute ``anonymous_id``. ``plain``: any other.
Kind: TypeAlias = Literal["anonymous", "claiming", "plain"]


class _Identifiers(msgspec.Struct, gc=False):
    anonymous_id: Any = None


class _Head(msgspec.Struct, gc=False):
    """The fields of an operation that decide how it is delivered. The decoder checks that all others are JSON."""

    type: str
    action: str
    identifiers: _Identifiers | None = None
    attributes: msgspec.Raw = msgspec.Raw(b"null")


_decode = msgspec.json.Decoder(_Head).decode
_decode_identifiers = msgspec.json.Decoder(_Identifiers | None).decode


def operation_kind(operation: bytes) -> Kind:
    """Check an operation and tell its kind.

    Args:
        operation: A Track API v2 operation as JSON.

    Raises:
        InvalidOperation: ``invalid_operation``: it is not JSON, or has no type and action. ``operation_too_large``: no
            call of the Track API takes it.
    """
    try:
        head = _decode(operation)
        if not operation.isascii():
            operation.decode("utf-8")  # the decoder looks only at the fields that it reads
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise InvalidOperation("invalid_operation", f"It is not a Track API operation: {error}.") from None
    if len(operation) > MAX_OPERATION_BYTES or (head.type == "delivery" and goes_by_v1(operation)):
        v1_request(operation)
    if head.action == "identify_anonymous" or (
        head.identifiers is not None and head.identifiers.anonymous_id is not None
    ):
        return "anonymous"
    if head.action == "identify" and _claims(head.attributes):
        return "claiming"
    return "plain"


def _claims(attributes: msgspec.Raw) -> bool:
    try:
        found = _decode_identifiers(attributes)
    except msgspec.DecodeError:
        return False  # attributes that are not an object: Customer.io says what is wrong with it
    return found is not None and found.anonymous_id is not None
