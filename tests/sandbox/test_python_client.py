"""Customer.io's official Python client against the sandbox: every method of the Track API, and the state read back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from customerio import CustomerIO, CustomerIOException
from hamcrest import assert_that, contains_exactly, empty, has_entries, not_none
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from tests.sandbox.conftest import NOW, Client, ulid


class PlainAdapter(HTTPAdapter):
    """Sends without TLS: the client knows https alone."""

    def send(self, request: PreparedRequest, *arguments: Any, **settings: Any) -> Response:
        assert_that(request.url, not_none())
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *arguments, **settings)


@pytest.fixture
def official(client: Client) -> Iterator[CustomerIO]:
    with CustomerIO("site", "key", host=client.host, port=client.port, retries=0) as official:
        official.http.mount("https://", PlainAdapter())
        yield official


def test_identify(client: Client, official: CustomerIO) -> None:
    official.identify(
        id="a/b c", email="a@example.com", plan="pro", created_at=datetime(2024, 1, 1, tzinfo=timezone.utc)
    )
    attributes = {"email": "a@example.com", "plan": "pro", "created_at": 1_704_067_200}
    assert_that(client.people(), contains_exactly(has_entries(id="a/b c", attributes=attributes)))


def test_identify_with_reserved_fields(client: Client, official: CustomerIO) -> None:
    relationships = [{"identifiers": {"object_type_id": "1", "object_id": "acme"}, "relationship_attributes": {"r": 1}}]
    added = {"action": "add_relationships", "relationships": relationships}
    official.identify(id="u1", plan="pro", _timestamp=2000, cio_relationships=added)
    official.identify(id="u1", plan="free", _timestamp=1000)
    assert_that(client.person("u1"), has_entries(attributes={"plan": "pro"}, attribute_times={"plan": 2000}))
    assert_that(client.person("u1")["relationships"], contains_exactly(has_entries(object_id="acme")))
    official.identify(id="u1", cio_relationships={"action": "delete_relationships", "relationships": relationships})
    assert_that(client.person("u1")["relationships"], empty())


def test_identifiers_change_by_cio_id_in_the_path_or_the_body(client: Client, official: CustomerIO) -> None:
    official.identify(id="u1", email="a@example.com")
    cio_id = client.person("u1")["cio_id"]
    official.identify(id=f"cio_{cio_id}", email="b@example.com")
    official.identify(id="u2", cio_id=cio_id)
    assert_that(client.people(), contains_exactly(has_entries(id="u2", email="b@example.com", cio_id=cio_id)))


def test_identify_never_creates_with_update(client: Client, official: CustomerIO) -> None:
    official.identify(id="u1", _update=True)
    assert_that(client.people(), empty())


def test_track(client: Client, official: CustomerIO) -> None:
    official.track(customer_id="u1", name=" Bought ", data={"price": 5}, id=ulid(1), timestamp=1000)
    official.track(customer_id="u1", name="Bought", id=ulid(1))
    expected = has_entries(name="Bought", person=has_entries(id="u1"), attributes={"price": 5}, timestamp=1000)
    assert_that(client.activity(), contains_exactly(expected))


def test_track_anonymous(client: Client, official: CustomerIO) -> None:
    official.track_anonymous(anonymous_id="a1", name="Looked")
    official.track_anonymous(anonymous_id=None, name="Somebody looked")
    official.identify(id="u1", anonymous_id="a1")
    nobody, joined = client.activity()
    assert_that(joined, has_entries(name="Looked", anonymous_id="a1", person=has_entries(id="u1")))
    assert_that(nobody, has_entries(name="Somebody looked", person=None))


def test_pageview(client: Client, official: CustomerIO) -> None:
    official.pageview(customer_id="u1", page="/pricing", referrer="/")
    assert_that(client.activity(), contains_exactly(has_entries(type="Page View", name="/pricing")))


def test_backfill(client: Client, official: CustomerIO) -> None:
    official.backfill(customer_id="u1", name="Signed up", timestamp=1234, plan="pro")
    assert_that(client.activity(), contains_exactly(has_entries(timestamp=1234, attributes={"plan": "pro"})))


def test_delete(client: Client, official: CustomerIO) -> None:
    official.identify(id="u1")
    official.delete(customer_id="u1")
    assert_that(client.people(), empty())


def test_devices(client: Client, official: CustomerIO) -> None:
    official.add_device(customer_id="u1", device_id="t/1", platform="ios", last_used=int(NOW))
    device = {"token": "t/1", "platform": "ios", "last_used": int(NOW)}
    assert_that(client.person("u1"), has_entries(devices=[device]))
    official.delete_device(customer_id="u1", device_id="t/1")
    assert_that(client.person("u1"), has_entries(devices=[]))


def test_suppress_and_unsuppress(client: Client, official: CustomerIO) -> None:
    official.identify(id="u1")
    official.suppress(customer_id="u1")
    official.identify(id="u1")
    assert_that(client.people(), empty())
    official.unsuppress(customer_id="u1")
    official.identify(id="u1")
    assert_that(client.people(), contains_exactly(has_entries(id="u1")))


def test_merge_customers(client: Client, official: CustomerIO) -> None:
    official.identify(id="u1", plan="pro")
    official.identify(id="u2", city="Graz")
    official.merge_customers("id", "u1", "id", "u2")
    assert_that(client.people(), contains_exactly(has_entries(id="u1", attributes={"plan": "pro", "city": "Graz"})))


def test_batch(client: Client, official: CustomerIO) -> None:
    person = {"type": "person", "identifiers": {"id": "u1"}}
    official.batch(
        [{**person, "action": "identify", "attributes": {"plan": "pro"}}, {**person, "action": "page", "name": "/"}]
    )
    assert_that(client.person("u1"), has_entries(attributes={"plan": "pro"}))
    assert_that(client.activity(), contains_exactly(has_entries(name="/")))


def test_errors_are_raised_by_the_client(official: CustomerIO) -> None:
    with pytest.raises(CustomerIOException, match="name must not be empty"):
        official.track(customer_id="u1", name=" ")
    official.http.auth = ("site", "wrong")
    with pytest.raises(CustomerIOException, match="401"):
        official.identify(id="u1")
