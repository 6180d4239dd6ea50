"""The answers of the Track API's calls."""

from __future__ import annotations

import gzip
import json
import socket
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from hamcrest import assert_that, equal_to, has_length, is_in, not_none

from customerio_beam.sandbox.server import running_sandbox
from tests.sandbox.conftest import Client, event, identify, person_operation, ulid


def test_an_accepted_batch_is_answered_with_an_empty_object(client: Client) -> None:
    answer = client.batch(identify(), event(1))
    assert_that((answer.status_code, answer.json()), equal_to((200, {})))


def test_refused_operations_are_named_and_the_others_taken(client: Client) -> None:
    answer = client.batch(event(1), event(2, id="not-a-ulid"), event(3))
    assert_that(answer.status_code, equal_to(207))
    (error,) = answer.json()["errors"]
    assert_that((error["batch_index"], error["reason"], error["field"]), equal_to((1, "invalid", "id")))
    assert_that(client.activity(), has_length(2))


def test_refused_operations_are_listed(client: Client) -> None:
    client.batch(event(1), event(2, id="not-a-ulid"))
    (refused,) = client.read("/refused.json")["refused"]
    assert_that(
        (refused["status"], refused["batch_index"], refused["operation"]["id"]), equal_to((207, 1, "not-a-ulid"))
    )
    assert_that(client.read("/stats.json")["refused"], equal_to(1))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"batch": {}}', b'{"batch": []}', b"\xff", b"null"])
def test_a_malformed_request_is_refused_whole(client: Client, body: bytes) -> None:
    answer = client.call("POST", "/api/v2/batch", data=body)
    assert_that(answer.status_code, equal_to(400))
    assert_that(set(answer.json()["errors"][0]), equal_to({"reason", "field", "message"}))


def test_a_batch_over_500_000_bytes_is_refused_whole(client: Client) -> None:
    padding = "x" * 30_000
    answer = client.batch(*(event(number, attributes={"padding": padding}) for number in range(17)))
    assert_that((answer.status_code, client.activity()), equal_to((400, [])))


def test_an_operation_over_32_000_bytes_is_refused(client: Client) -> None:
    assert_that(client.batch(event(1, attributes={"padding": "x" * 32_000})).status_code, equal_to(207))


REFUSED: list[tuple[Any, str]] = [
    ("text", ""),
    ({"type": "place", "action": "identify"}, "type"),
    (person_operation("celebrate"), "action"),
    ({**identify(), "type": ["person"]}, "type"),
    (identify(identifiers=None), "identifiers"),
    (identify(identifiers={}), "identifiers"),
    (identify(identifiers={"id": "a", "email": "b"}), "identifiers"),
    (identify(identifiers={"phone": "+431"}), "identifiers"),
    (identify(identifiers={"anonymous_id": "a"}), "identifiers"),
    (identify(identifiers={"id": ""}), "identifiers.id"),
    (identify(identifiers={"id": 5}), "identifiers.id"),
    (identify(identifiers={"id": "é" * 76}), "identifiers.id"),
    (identify(attributes=[1]), "attributes"),
    (identify(timestamp=1.5), "timestamp"),  # type: ignore[arg-type]
    (identify(timestamp=True), "timestamp"),
    (identify(timestamp=1_700_000_000_000), "timestamp"),
    (event(1, name=""), "name"),
    (event(1, name="  "), "name"),
    (event(1, name=7), "name"),  # type: ignore[arg-type]
    (event(1, name="é" * 51), "name"),
    (event(1, id="8" + "0" * 25), "id"),
    (event(1, id="0" * 25), "id"),
    (event(1, id="123e4567-e89b-12d3-a456-426614174000"), "id"),
    (event(1, identifiers={"anonymous_id": ""}), "identifiers.anonymous_id"),
    (event(1, timestamp="1000"), "timestamp"),
    (person_operation("add_device"), "device"),
    (person_operation("add_device", device={"token": "t", "platform": "linux"}), "device.platform"),
    (person_operation("add_relationships"), "cio_relationships"),
    ({"type": "person", "action": "merge", "primary": {"id": "a"}}, "secondary"),
    ({"type": "object", "action": "identify", "identifiers": {"object_id": "a"}}, "identifiers"),
    ({"type": "object", "action": "identify", "identifiers": {"object_id": "a", "object_type_id": 1}},
     "identifiers.object_type_id"),
    ({"type": "delivery", "action": "event", "identifiers": {"id": "d"}, "name": "eaten"}, "name"),
    ({"type": "delivery", "action": "event", "identifiers": {"id": "d"}, "name": "opened"}, "attributes"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "field"), REFUSED)
def test_what_is_refused_and_why(client: Client, operation: Any, field: str) -> None:
    answer = client.batch(operation)
    assert_that((answer.status_code, answer.json()["errors"][0]["field"]), equal_to((207, field)))


def test_names_and_identifiers_of_just_the_limit_are_taken(client: Client) -> None:
    answer = client.batch(event(1, "é" * 50), identify(identifiers={"id": "é" * 75}))
    assert_that(answer.status_code, equal_to(200))


def test_an_entity_call_takes_one_operation(client: Client) -> None:
    assert_that(client.call("POST", "/api/v2/entity", json=identify({"plan": "pro"})).json(), equal_to({}))
    assert_that(client.people()[0]["attributes"], equal_to({"plan": "pro"}))


def test_a_refused_entity_call_is_answered_with_400(client: Client) -> None:
    answer = client.call("POST", "/api/v2/entity", json=event(1, id="x"))
    assert_that((answer.status_code, answer.json()["errors"][0]["field"]), equal_to((400, "id")))


def test_v1_event_of_a_person(client: Client) -> None:
    body = {"name": "Home", "type": "page", "id": ulid(1), "timestamp": 1001, "data": {"a": 1}}
    assert_that(client.call("POST", "/api/v1/customers/u1/events", json=body).json(), equal_to({}))
    (line,) = client.activity()
    assert_that(
        (line["type"], line["person"]["id"], line["attributes"], line["id"]),
        equal_to(
            (
                "Page View",
                "u1",
                {"a": 1},
                ulid(1),
            )
        ),
    )


@pytest.mark.parametrize(
    ("path", "kind", "value"),
    [("a%2Fb%20c%3F", "id", "a/b c?"), ("a%40example.com", "email", "a@example.com"), ("5", "id", "5")],
)
def test_v1_paths_are_percent_decoded(client: Client, path: str, kind: str, value: str) -> None:
    client.call("POST", f"/api/v1/customers/{path}/events", json={"name": "E"})
    assert_that(client.people()[0][kind], equal_to(value))


def test_v1_and_v2_share_their_ulids(client: Client) -> None:
    client.batch(event(1))
    client.call("POST", "/api/v1/customers/u1/events", json={"name": "Clicked", "id": ulid(1)})
    assert_that(client.activity(), has_length(1))


def test_v1_carries_events_of_100_000_bytes(client: Client) -> None:
    def send(size: int) -> int:
        data = {"padding": "x" * (size - len('{"padding":""}'))}
        return client.call("POST", "/api/v1/customers/u1/events", json={"name": "E", "data": data}).status_code

    assert_that((send(100_000), send(100_001)), equal_to((200, 400)))


def test_v1_anonymous_event(client: Client) -> None:
    client.call("POST", "/api/v1/events", json={"name": "E", "anonymous_id": "a1"})
    (line,) = client.activity()
    assert_that((line["person"], line["anonymous_id"]), equal_to((None, "a1")))


def test_v1_errors_have_their_own_form(client: Client) -> None:
    event_answer = client.call("POST", "/api/v1/events", json={"name": ""})
    assert_that(
        (event_answer.status_code, event_answer.json()["meta"]["errors"]), equal_to((400, ["name must not be empty"]))
    )
    merge_answer = client.call("POST", "/api/v1/merge_customers", json={"primary": {"id": "u1"}})
    assert_that(
        (merge_answer.status_code, merge_answer.json()["meta"]["error"]), equal_to((400, "secondary is required"))
    )


def test_v1_people_calls(client: Client) -> None:
    client.call("PUT", "/api/v1/customers/u1", json={"email": "a@example.com"})
    client.call("PUT", "/api/v1/customers/u1/devices", json={"device": {"id": "t", "platform": "ios"}})
    client.call("PUT", "/api/v1/customers/u2", json={"plan": "pro"})
    client.call("POST", "/api/v1/merge_customers", json={"primary": {"id": "u1"}, "secondary": {"id": "u2"}})
    (person,) = client.people()
    assert_that((person["attributes"]["plan"], person["devices"][0]["token"]), equal_to(("pro", "t")))
    client.call("DELETE", "/api/v1/customers/u1/devices/t")
    assert_that(client.people()[0]["devices"], equal_to([]))
    client.call("DELETE", "/api/v1/customers/u1")
    assert_that(client.people(), equal_to([]))
    client.call("POST", "/api/v1/customers/u1/suppress")
    client.call("PUT", "/api/v1/customers/u1", json={})
    assert_that(client.people(), equal_to([]))
    client.call("POST", "/api/v1/customers/u1/unsuppress")
    client.call("PUT", "/api/v1/customers/u1", json={})
    assert_that(client.people(), has_length(1))


CALLS = [
    ("POST", "/api/v2/batch"),
    ("POST", "/api/v2/entity"),
    ("POST", "/api/v1/events"),
    ("POST", "/api/v1/customers/u1/events"),
    ("PUT", "/api/v1/customers/u1"),
    ("DELETE", "/api/v1/customers/u1"),
    ("GET", "/api/v1/accounts/region"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("credentials", [None, ("site", "wrong"), ("wrong", "key"), ("", ""), ("sité", "kéy")])
def test_wrong_credentials_are_refused(
    client: Client, method: str, path: str, credentials: tuple[str, str] | None
) -> None:
    answer = requests.request(method, client.sandbox.url + path, auth=credentials, json=event(1), timeout=10)
    assert_that(answer.status_code, equal_to(401))
    assert_that(client.activity(), equal_to([]))


def test_the_credentials_check_answers_the_region(client: Client) -> None:
    answer = client.call("GET", "/api/v1/accounts/region")
    assert_that((answer.status_code, answer.json()["region"]), equal_to((200, "us")))


def test_many_calls_go_over_one_connection(client: Client) -> None:
    connection = HTTPConnection(urlsplit(client.sandbox.url).netloc, timeout=10)
    ports = set()
    for method, path, body in [("POST", "/api/v2/batch", "{}"), ("GET", "/stats.json", None), ("GET", "/none", None)]:
        connection.request(method, path, body)
        connection.getresponse().read()
        # The client forgets its socket where the answer ends the connection.
        assert_that(connection.sock, not_none())
        ports.add(connection.sock.getsockname()[1])
    connection.close()
    assert_that(ports, has_length(1))


def test_statistics_count_operations_by_kind(client: Client) -> None:
    client.batch(identify(), event(1), event(1), event(2, action="page"))
    client.batch(event(3, id="x"))
    stats = client.read("/stats.json")
    assert_that(
        (stats["operations"], stats["operations_by_kind"]),
        equal_to(
            (
                4,
                {"person/event": 2, "person/identify": 1, "person/page": 1},
            )
        ),
    )
    assert_that((stats["requests"], stats["requests_by_status"]), equal_to((2, {"200": 1, "207": 1})))
    assert_that(stats["peak_requests_per_second"], is_in((1, 2)))


def test_operations_out_of_order_are_counted_by_person(client: Client) -> None:
    client.batch(event(5), event(3), event(4, identifiers={"id": "u2"}), event(6))
    stats = client.read("/stats.json")
    assert_that((stats["order_violations"], stats["order_violations_by_person"]), equal_to((1, {"id:u1": 1})))


def test_a_repeat_is_not_out_of_order(client: Client) -> None:
    client.batch(event(1), identify({"a": 1}, 2000), event(2, timestamp=3000))
    client.batch(event(1), identify({"a": 1}, 2000), event(2, timestamp=3000))
    stats = client.read("/stats.json")
    assert_that(
        (stats["order_violations"], stats["duplicates_ignored"], stats["repeated_updates"]), equal_to((0, 2, 1))
    )


def test_counting_only_keeps_no_state() -> None:
    with running_sandbox(count_only=True) as sandbox:
        client = Client(sandbox)
        assert_that(client.batch(event(1), event(2, id="x")).json(), equal_to({}))
        client.call("POST", "/api/v1/events", json={"name": "E"})
        assert_that((client.read("/stats.json")["operations"], client.activity()), equal_to((3, [])))


def test_reset_empties_everything(client: Client) -> None:
    client.batch(identify(), event(1), event(2, id="x"))
    client.call("POST", "/reset")
    stats = client.read("/stats.json")
    assert_that(
        (stats["requests"], stats["operations"], stats["refused"], client.people(), client.activity()),
        equal_to(
            (
                0,
                0,
                0,
                [],
                [],
            )
        ),
    )


def test_a_database_file_keeps_the_workspace(tmp_path: Any) -> None:
    def read(client: Client) -> list[Any]:
        return [client.read(f"/{page}.json") for page in ("people", "people/u1", "activity", "objects", "refused")]

    database = str(tmp_path / "workspace.sqlite")
    relation = [{"identifiers": {"id": "u1"}, "relationship_attributes": {"role": "admin"}}]
    names = {"object_type_id": "1", "object_id": "acme"}
    with running_sandbox(database=database) as sandbox:
        client = Client(sandbox)
        client.batch(
            identify({"anonymous_id": "a1", "cio_subscription_preferences": {"topics": {"topic_1": False}}}),
            event(1, identifiers={"anonymous_id": "a1"}),
            event(2, id="x"),
            person_operation("add_device", device={"token": "t", "platform": "ios"}),
            {"type": "object", "action": "identify", "identifiers": names, "cio_relationships": relation},
            person_operation("suppress", "u2"),
        )
        before = read(client)
    with running_sandbox(database=database) as sandbox:
        client = Client(sandbox)
        assert_that(read(client), equal_to(before))
        client.batch(event(1, identifiers={"anonymous_id": "a1"}), identify(identifiers={"id": "u2"}))
        assert_that([person["id"] for person in client.people()], equal_to(["u1"]))
        assert_that(client.activity(), has_length(1))


def test_a_request_for_another_host_name_is_refused(client: Client) -> None:
    answer = client.call("GET", "/people.json", headers={"Host": "evil.example.com"})
    assert_that(answer.status_code, equal_to(400))


def test_an_encoded_slash_is_part_of_an_identifier(client: Client) -> None:
    client.batch(identify(), identify(identifiers={"id": "u1/devices/t"}))
    assert_that(client.call("DELETE", "/api/v1/customers/u1%2Fdevices%2Ft").status_code, equal_to(200))
    assert_that([person["id"] for person in client.people()], equal_to(["u1"]))


def test_a_chunked_body_is_taken(client: Client) -> None:
    body = (part for part in (b'{"name": ', b'"Clicked"}'))
    assert_that(client.call("POST", "/api/v1/customers/u1/events", data=body).json(), equal_to({}))
    assert_that([line["name"] for line in client.activity()], equal_to(["Clicked"]))


def test_a_broken_chunk_is_a_bad_request(client: Client) -> None:
    with socket.create_connection((client.host, client.port), timeout=10) as connection:
        connection.sendall(
            b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
        )
        assert_that(connection.recv(100)[:12], equal_to(b"HTTP/1.1 400"))


@pytest.mark.parametrize("request_line", [b"GET /stats HTTP/1.0", b"GET /stats HTTP/1.1\r\nConnection: close"])
def test_a_connection_closes_when_the_client_says_so(client: Client, request_line: bytes) -> None:
    with socket.create_connection((client.host, client.port), timeout=10) as connection:
        connection.sendall(request_line + b"\r\nHost: localhost\r\n\r\n")
        assert_that(b"".join(iter(lambda: connection.recv(65_536), b""))[-1:], equal_to(b"}"))


def test_a_compressed_body_is_refused_with_a_sentence(client: Client) -> None:
    answer = client.call("POST", "/api/v2/batch", data=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
    message = "Content-Encoding gzip is not supported; send the body uncompressed"
    assert_that((answer.status_code, answer.json()["errors"][0]["message"]), equal_to((400, message)))


@pytest.mark.parametrize("wrong", [{}, [], 5, None, True, "x" * 1001])
@pytest.mark.parametrize("field", ["type", "action", "name", "timestamp", "identifiers", "attributes", "device"])
def test_a_value_of_the_wrong_type_never_makes_an_error_500(client: Client, field: str, wrong: Any) -> None:
    operations = [identify(), event(1), person_operation("add_device", device={"token": "t", "platform": wrong})]
    answer = client.batch(*({**operation, field: wrong} for operation in operations))
    assert_that(answer.status_code, is_in((200, 207)))


def test_deep_nesting_is_refused(client: Client) -> None:
    nested = '{"a":' * 300 + "1" + "}" * 300
    operation = json.dumps(identify()).replace('"attributes": {}', f'"attributes": {nested}')
    assert_that(client.call("POST", "/api/v2/batch", data=f'{{"batch": [{operation}]}}').status_code, equal_to(207))
    assert_that(client.call("PUT", "/api/v1/customers/u1", data=nested).status_code, equal_to(400))
