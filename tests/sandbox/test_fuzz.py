"""Whatever a client sends, no response is an error of the sandbox, and every page still shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hamcrest import assert_that, empty, equal_to, is_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customerio_beam.sandbox.server import running_sandbox
from tests.sandbox.conftest import Client, ulid

TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXT, values, max_size=3),
    max_leaves=5,
)

PERSON = {"id": "u1"}
OBJECT = {"object_type_id": "1", "object_id": "acme"}
TO_OBJECT = [{"identifiers": OBJECT, "relationship_attributes": {"role": "admin"}}]
TO_PERSON = [{"identifiers": PERSON, "relationship_attributes": {"role": "admin"}}]
DEVICE = {"token": "t", "platform": "ios", "last_used": 1000, "attributes": {"app_version": "2"}}
PREFERENCES = {"topics": {"topic_1": True}}
ATTRIBUTES = {"email": "a@example.com", "anonymous_id": "a1", "cio_subscription_preferences": PREFERENCES}

#: A valid operation of each kind that the specification has.
OPERATIONS: list[dict[str, Any]] = [
    *(
        {"type": "person", "identifiers": PERSON, **fields}
        for fields in (
            {"action": "identify", "timestamp": 1000, "attributes": ATTRIBUTES, "cio_relationships": TO_OBJECT},
            {"action": "event", "id": ulid(1), "name": "Clicked", "timestamp": 1000, "attributes": {"a": 1}},
            {"action": "page", "id": ulid(2), "name": "/", "timestamp": 1000, "attributes": {"a": 1}},
            {"action": "screen", "name": "Home", "identifiers": {"anonymous_id": "a1"}},
            *({"action": action} for action in ("delete", "suppress", "unsuppress")),
            {"action": "merge", "primary": PERSON, "secondary": {"email": "a@example.com"}},
            *({"action": action, "device": DEVICE} for action in ("add_device", "delete_device")),
            {"action": "add_relationships", "cio_relationships": TO_OBJECT},
            {"action": "delete_relationships", "cio_relationships": TO_OBJECT},
        )
    ),
    *(
        {"type": "object", "identifiers": OBJECT, **fields}
        for fields in (
            {"action": "identify", "attributes": {"name": "Acme"}, "cio_relationships": TO_PERSON},
            {"action": "identify_anonymous", "cio_relationships": [{"identifiers": {"anonymous_id": "a1"}}]},
            {"action": "delete"},
            {"action": "add_relationships", "cio_relationships": TO_PERSON},
            {"action": "delete_relationships", "cio_relationships": TO_PERSON},
        )
    ),
    {
        "type": "delivery",
        "action": "event",
        "identifiers": {"id": "d1"},
        "name": "opened",
        "timestamp": 1000,
        "attributes": {"device_token": "t"},
    },
]

#: A valid body of each v1 call.
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "/api/v1/customers/u1", {**ATTRIBUTES, "_timestamp": 5, "_update": False, "cio_id": "x", "id": "u1",
                                     "cio_relationships": {"action": "add_relationships", "relationships": TO_OBJECT}}),
    ("POST", "/api/v1/customers/u1/events", {"name": "E", "type": "page", "id": ulid(3), "timestamp": 5, "data": {}}),
    ("POST", "/api/v1/events", {"name": "E", "type": "event", "anonymous_id": "a1", "data": {"a": 1}}),
    ("PUT", "/api/v1/customers/u1/devices", {"device": {"id": "t", "platform": "ios", "last_used": 5}}),
    ("POST", "/api/v1/merge_customers", {"primary": PERSON, "secondary": {"cio_id": "x"}, "timestamp": 5}),
    ("POST", "/api/v1/metrics", {"delivery_id": "d", "metric": "clicked", "recipient": "u1", "timestamp": 5}),
    ("POST", "/api/v1/push/events", {"delivery_id": "d", "event": "opened", "device_id": "t", "timestamp": 5}),
    ("POST", "/unsubscribe/d", {"unsubscribe": True}),
    ("POST", "/api/v1/segments/7/add_customers", {"ids": ["u1", 5]}),
    ("POST", "/api/v1/forms/f/submit", {"data": {"email": "b@example.com", "name": "Ann"}}),
]  # fmt: skip
PAGES = ("people", "activity", "activity?order=time", "objects", "delivery", "refused", "people/u1")


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """Return a value with anything in place of itself, or of something in it; or with something more, or less."""
    if not isinstance(value, (dict, list)) or not value or draw(st.integers(0, 3)) == 0:
        return draw(JSON)
    if isinstance(value, list):
        return [draw(changed(value[0])), *value[1:]]
    name = draw(st.sampled_from(sorted(value)))
    rest = {each: value[each] for each in value if each != name}
    return draw(
        st.one_of(
            changed(value[name]).map(lambda new: {**rest, name: new}),
            st.just(rest),
            st.builds(
                lambda extra, new: {**value, extra: new}, st.sampled_from(["timestamp", "id", "phone", "x"]), JSON
            ),
        )
    )


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    with running_sandbox() as sandbox:
        yield Client(sandbox)


def fuzzed(test: Any) -> Any:
    return settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))(test)


@fuzzed
@given(operations=st.lists(st.sampled_from(OPERATIONS).flatmap(changed), min_size=1, max_size=8))
def test_any_operations_are_taken_or_refused_by_themselves(shared: Client, operations: list[Any]) -> None:
    valid = {**OPERATIONS[0], "identifiers": {"id": "always there"}}
    response = shared.batch(*operations, valid)
    assert_that(response.status_code, is_in((200, 207)))
    assert_that(
        [error for error in response.json().get("errors", ()) if error["batch_index"] >= len(operations)], empty()
    )
    assert_that(shared.call("POST", "/api/v2/entity", json=operations[0]).status_code, is_in((200, 400)))


@fuzzed
@given(chosen=st.sampled_from(BODIES).flatmap(lambda call: st.tuples(st.just(call), changed(call[2]))))
def test_any_body_of_a_v1_call_is_taken_or_refused(shared: Client, chosen: Any) -> None:
    (method, path, _), body = chosen
    assert_that(shared.call(method, path, json=body).status_code, is_in((200, 204, 400)))


@fuzzed
@given(method=st.sampled_from(["GET", "PUT", "POST", "DELETE"]), parts=st.lists(TEXT, max_size=4))
def test_any_path_has_a_response(shared: Client, method: str, parts: list[str]) -> None:
    path = "/" + "/".join(["api", "v1", *(quote(part, safe="") for part in parts)])
    assert_that(shared.call(method, path, json={}).status_code, is_in((200, 204, 400, 404, 405)))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_what_is_left(shared: Client, page: str) -> None:
    unsuppress = {"type": "person", "action": "unsuppress", "identifiers": PERSON}
    shared.batch(unsuppress, OPERATIONS[0], {**OPERATIONS[1], "id": ulid(100 + PAGES.index(page))})
    if page == "activity":
        page = f"activity/{shared.activity()[0]['sequence']}"
    for accept in ("text/html", "application/json"):
        assert_that(shared.call("GET", f"/{page}", headers={"Accept": accept}).status_code, equal_to(200))


def test_a_further_identifier_of_a_delivery_may_be_anything(shared: Client) -> None:
    delivery = {**OPERATIONS[-1], "identifiers": {"id": "d1", "x": [{}]}}
    assert_that(shared.batch(delivery).status_code, is_in((200, 207)))
