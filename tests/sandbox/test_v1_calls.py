"""Calls of v1 that v2 has no operation for, and paths that the Track API does not have."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from hamcrest import (
    assert_that,
    contains_exactly,
    contains_string,
    empty,
    equal_to,
    has_entries,
    is_,
    less_than,
    not_,
    same_instance,
)

from customerio_beam.sandbox.server import running_sandbox
from tests.sandbox.conftest import Client, event, identify, person_operation

NOBODY = None


def open_call(client: Client, path: str, body: Any) -> requests.Response:
    """Calls without credentials."""
    return requests.post(client.sandbox.url + path, json=body, timeout=10)


@pytest.mark.parametrize(
    "metric", ["bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed"]
)
def test_a_metric_shows_on_the_person_who_received_the_message(client: Client, metric: str) -> None:
    client.batch(identify({"email": "a@example.com"}))
    body = {"delivery_id": "d1", "metric": metric, "recipient": "A@example.com", "timestamp": 5, "href": "/x"}
    assert_that(open_call(client, "/api/v1/metrics", body).status_code, equal_to(200))
    expected = has_entries(type="delivery", name=metric, identifier="delivery:d1", timestamp=5)
    assert_that(client.read("/people/u1.json")["activity"], contains_exactly(expected))


@pytest.mark.parametrize("path", ["/api/v1/push/events", "/push/events"])
def test_a_push_metric_shows_on_the_person_with_the_device(client: Client, path: str) -> None:
    client.batch(person_operation("add_device", device={"token": "t", "platform": "ios"}))
    assert_that(
        open_call(client, path, {"delivery_id": "d1", "event": "opened", "device_id": "t"}).status_code, equal_to(200)
    )
    assert_that(client.read("/people/u1.json")["activity"], contains_exactly(has_entries(name="opened")))


@pytest.mark.parametrize("body", [{}, {"delivery_id": "d"}, {"delivery_id": "d", "metric": "eaten"}, []])
def test_a_wrong_metric_is_refused(client: Client, body: Any) -> None:
    assert_that(open_call(client, "/api/v1/metrics", body).status_code, equal_to(400))
    assert_that(client.read("/stats.json")["refused"], equal_to(1))


def test_an_unsubscribe_page_unsubscribes_the_person_who_received_the_message(client: Client) -> None:
    client.batch(identify({"email": "a@example.com"}))
    open_call(client, "/api/v1/metrics", {"delivery_id": "d1", "metric": "delivered", "recipient": "a@example.com"})
    assert_that(open_call(client, "/unsubscribe/d1", {"unsubscribe": True}).status_code, equal_to(200))
    assert_that(client.person("u1")["subscribed"], is_(False))


def test_unsubscribing_from_an_unknown_message_leaves_a_trace(client: Client) -> None:
    assert_that(open_call(client, "/unsubscribe/d1", {"unsubscribe": True}).status_code, equal_to(200))
    (refused,) = client.read("/refused.json")["refused"]
    assert_that(refused["message"], equal_to("no metric has named a person who received this delivery"))


def test_people_are_added_to_a_segment_and_removed(client: Client) -> None:
    client.batch(identify(), identify(identifiers={"email": "b@example.com"}))
    calls = "/api/v1/segments/7/add_customers", "/api/v1/segments/7/remove_customers"
    assert_that(client.call("POST", calls[0], json={"ids": ["u1", "nobody"]}).json(), equal_to({}))
    assert_that(client.call("POST", f"{calls[0]}?id_type=email", json={"ids": ["B@example.com"]}).json(), equal_to({}))
    assert_that([person["segments"] for person in client.people()], equal_to([[7], [7]]))
    client.call("POST", calls[1], json={"ids": ["u1"]})
    assert_that(client.person("u1")["segments"], equal_to([]))
    assert_that(client.read("/refused.json")["refused"][0]["message"], contains_string("nobody has the id 'nobody'"))


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("/api/v1/segments/7/add_customers", []),
        ("/api/v1/segments/7/add_customers", ["u"] * 1001),
        ("/api/v1/segments/x/add_customers", ["u"]),
        ("/api/v1/segments/7/add_customers?id_type=phone", ["u"]),
    ],
)
def test_a_wrong_segment_call_is_refused(client: Client, path: str, ids: list[str]) -> None:
    answer = client.call("POST", path, json={"ids": ids})
    assert_that((answer.status_code, len(answer.json()["meta"]["errors"])), equal_to((400, 1)))


def test_a_form_identifies_a_person_and_shows_as_activity(client: Client) -> None:
    fields = {"email": "a@example.com", "first_name": "Ann", "form_url": "https://example.com"}
    answer = client.call("POST", "/api/v1/forms/newsletter/submit", json={"data": fields})
    assert_that((answer.status_code, answer.content), equal_to((204, b"")))
    (person,) = client.people()
    assert_that(person["attributes"], equal_to({"email": "a@example.com", "first_name": "Ann"}))
    assert_that(client.activity(), contains_exactly(has_entries(type="form", name="newsletter")))


@pytest.mark.parametrize(
    "data", [{}, {"name": "Ann"}, {"id": "1", "email": "a@example.com"}, {"email": "a@example.com", "age": 5}, []]
)
def test_a_wrong_form_is_refused(client: Client, data: Any) -> None:
    assert_that(client.call("POST", "/api/v1/forms/f/submit", json={"data": data}).status_code, equal_to(400))
    assert_that(client.people(), empty())


@pytest.mark.parametrize("last_used", [1_700_000_000, "1700000000"])
def test_last_used_may_be_text_in_v1(client: Client, last_used: Any) -> None:
    client.call(
        "PUT", "/api/v1/customers/u1/devices", json={"device": {"id": "t", "platform": "ios", "last_used": last_used}}
    )
    assert_that(client.person("u1")["devices"], contains_exactly(has_entries(last_used=1_700_000_000)))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"_timestamp": "x"}, "timestamp must be"),
        ({"cio_relationships": []}, "cio_relationships.action must add or delete relationships"),
        ({"cio_relationships": {"action": "add_relationships", "relationships": [{}]}}, "is required"),
    ],
)
def test_wrong_reserved_fields_of_identify_are_refused(client: Client, body: Any, message: str) -> None:
    answer = client.call("PUT", "/api/v1/customers/u1", json=body)
    assert_that(answer.status_code, equal_to(400))
    assert_that(answer.json()["meta"]["errors"][0], contains_string(message))
    assert_that(client.people(), empty())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v2/batch", 404),
        ("POST", "/api/v3/batch", 404),
        ("POST", "/api//v2/batch", 404),
        ("GET", "/api/v2/batch", 405),
    ],
)
def test_a_path_that_the_track_api_does_not_have_leaves_a_trace(
    client: Client, method: str, path: str, status: int
) -> None:
    answer = client.call(method, path, json={})
    assert_that((answer.status_code, list(answer.json())), equal_to((status, ["meta"])))
    assert_that(client.read("/stats.json")["requests_by_status"], equal_to({str(status): 1}))
    (refused,) = client.read("/refused.json")["refused"]
    assert_that(refused["message"], equal_to(f"{method} {path}: the Track API has no such call"))


def test_tests_move_the_clock_over_http() -> None:
    with running_sandbox() as sandbox:
        client = Client(sandbox)
        assert_that(client.call("POST", "/clock", json={"now": 1_800_000_000}).json()["now"], less_than(1_800_000_060))
        client.batch(identify({"anonymous_id": "a1"}, None))
        client.call("POST", "/clock", json={"advance_seconds": 301})
        client.batch(event(1, identifiers={"anonymous_id": "a1"}))
        (line,) = client.activity()
        assert_that((line["person"], 1_800_000_301 <= line["received"] < 1_800_000_361), equal_to((NOBODY, True)))


def test_tests_change_the_settings_over_http(client: Client) -> None:
    assert_that(client.call("POST", "/settings", json={"merge_anonymous": False}).json()["merge_anonymous"], is_(False))
    client.batch(identify({"anonymous_id": "a1"}), event(1, identifiers={"anonymous_id": "a1"}))
    assert_that(client.activity()[0]["person"], same_instance(NOBODY))
    assert_that(client.read("/settings")["create_unknown"], is_(True))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", {"now": -1}),
        ("/clock", {"now": 1e30}),
        ("/clock", {"then": 5}),
        ("/settings", {"merge": True}),
        ("/settings", {"max_attributes": 0}),
        ("/settings", []),
    ],
)
def test_a_wrong_change_is_refused_with_a_reason(client: Client, path: str, body: Any) -> None:
    answer = client.call("POST", path, json=body)
    assert_that(answer.status_code, equal_to(400))
    assert_that(answer.json()["error"], not_(empty()))
