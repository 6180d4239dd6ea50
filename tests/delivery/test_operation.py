"""Delivery reads every operation that it is given."""

from __future__ import annotations

import json

import pytest
from hamcrest import assert_that, equal_to

from customerio_beam.delivery.invalid_operation import InvalidOperation
from customerio_beam.delivery.operation import operation_kind

EVENT = {"type": "person", "action": "event", "identifiers": {"id": "u1"}, "name": "Ordered"}
IDENTIFY = {"type": "person", "action": "identify", "identifiers": {"id": "u1"}}


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        (EVENT, "plain"),
        ({**EVENT, "identifiers": {"anonymous_id": "a-1"}}, "anonymous"),
        ({**EVENT, "attributes": {"anonymous_id": "a-1"}}, "plain"),
        (IDENTIFY, "plain"),
        ({**IDENTIFY, "attributes": {"plan": "pro"}}, "plain"),
        ({**IDENTIFY, "attributes": {"anonymous_id": "a-1"}}, "claiming"),
        ({**IDENTIFY, "attributes": None}, "plain"),
        ({**IDENTIFY, "attributes": ["anonymous_id"]}, "plain"),
        ({"type": "object", "action": "identify_anonymous", "identifiers": {"object_id": "o"}}, "anonymous"),
        ({"type": "person", "action": "delete", "identifiers": {"id": "u1"}}, "plain"),
        ({"type": "something", "action": "new"}, "plain"),
    ],
)
def test_an_operation_has_a_kind(operation, kind):
    assert_that(operation_kind(json.dumps(operation).encode()), equal_to(kind))


@pytest.mark.parametrize(
    "operation",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"{}",
        b'{"type": "person"}',
        b'{"type": "person", "action": null}',
        b'{"type": 1, "action": "event"}',
        b'{"type": "person", "action": "event"}, {"type": "person", "action": "event"}',
        b'{"type": "person", "action": "event", "name": "\xff"}',
        b'{"type": "person", "action": "event", "total": NaN}',
        b"[" * 100_000,
        None,
        "text",
    ],
)
def test_something_else_is_no_operation(operation):
    with pytest.raises(InvalidOperation) as caught:
        operation_kind(operation)
    assert_that(caught.value.reason, equal_to("invalid_operation"))


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ({**EVENT, "attributes": {"text": "x" * 40_000}}, None),
        ({**EVENT, "attributes": {"text": "x" * 100_001}}, "operation_too_large"),
        ({**IDENTIFY, "attributes": {"text": "x" * 40_000}}, "operation_too_large"),
    ],
)
def test_an_operation_that_no_call_takes_is_too_large(operation, reason):
    text = json.dumps(operation).encode()
    if reason is None:
        assert_that(operation_kind(text), equal_to("plain"))
        return
    with pytest.raises(InvalidOperation) as caught:
        operation_kind(text)
    assert_that(caught.value.reason, equal_to(reason))
