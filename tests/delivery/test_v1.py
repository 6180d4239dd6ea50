import json

import pytest
from hamcrest import assert_that, equal_to

from customerio_beam.delivery.invalid_operation import InvalidOperation
from customerio_beam.delivery.v1 import goes_by_v1, v1_request


def operation(identifiers, **more):
    document = {"type": "person", "action": "event", "identifiers": identifiers, "name": "Order", **more}
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("identifiers", "path"),
    [
        ({"id": "u1"}, "/api/v1/customers/u1/events"),
        ({"id": "a/b c%?é"}, "/api/v1/customers/a%2Fb%20c%25%3F%C3%A9/events"),
        ({"email": "a+b@example.com"}, "/api/v1/customers/a%2Bb%40example.com/events"),
        ({"cio_id": "03000001"}, "/api/v1/customers/cio_03000001/events"),
        ({"anonymous_id": "anon"}, "/api/v1/events"),
    ],
)
def test_the_person_is_in_the_path_percent_encoded(identifiers, path):
    assert_that(v1_request(operation(identifiers)).path, equal_to(path))


def test_the_event_keeps_its_id_time_type_and_data():
    request = v1_request(operation({"id": "u"}, action="page", id="01H", timestamp=7, attributes={"n": 2**70}))
    assert_that(
        json.loads(request.body),
        equal_to(
            {
                "name": "Order",
                "type": "page",
                "id": "01H",
                "timestamp": 7,
                "data": {"n": 2**70},
            }
        ),
    )


def test_an_anonymous_event_carries_its_anonymous_id():
    request = v1_request(operation({"anonymous_id": "anon"}))
    assert_that(
        json.loads(request.body), equal_to({"name": "Order", "type": "event", "anonymous_id": "anon", "data": {}})
    )


@pytest.mark.parametrize(
    "document",
    [
        {"type": "person", "action": "identify", "identifiers": {"id": "u"}},
        {"type": "object", "action": "event", "identifiers": {"id": "u"}},
        {"type": "person", "action": "event", "identifiers": {"id": "u"}},
        {"type": "person", "action": "event", "name": "n", "identifiers": {"phone": "1"}},
        {"type": "person", "action": "event", "name": "n", "identifiers": {"id": ["u"]}},
        {"type": "person", "action": "event", "name": "n", "identifiers": {"id": ".."}},
        {"type": "person", "action": "event", "name": "n", "identifiers": {}},
        {"type": "person", "action": "event", "name": "n", "identifiers": "u"},
        {"type": "person", "action": "event", "name": "n", "identifiers": {"id": "u"}, "attributes": [1]},
        {"type": "delivery", "action": "metric", "name": "opened", "identifiers": "d"},
        {"type": "delivery", "action": "metric", "name": "opened", "identifiers": {"id": "d"}, "attributes": 1},
        ["event"],
        {
            "type": "person",
            "action": "event",
            "name": "n",
            "identifiers": {"id": "u"},
            "attributes": {"a": "x" * 100_000},
        },
    ],
)
def test_what_v1_can_not_carry_is_not_sent(document):
    with pytest.raises(InvalidOperation):
        v1_request(json.dumps(document).encode())


def test_what_is_no_json_is_not_sent():
    with pytest.raises(InvalidOperation, match="not JSON"):
        v1_request(b"{" * 40_000)


METRIC = {"type": "delivery", "action": "metric", "identifiers": {"id": "d1"}, "name": "clicked", "timestamp": 7}


def test_a_metric_is_a_call_without_credentials():
    request = v1_request(json.dumps({**METRIC, "attributes": {"href": "https://example.com/", "other": 1}}).encode())
    assert_that((request.path, request.needs_credentials), equal_to(("/api/v1/metrics", False)))
    assert_that(
        json.loads(request.body),
        equal_to(
            {
                "delivery_id": "d1",
                "metric": "clicked",
                "timestamp": 7,
                "href": "https://example.com/",
            }
        ),
    )


@pytest.mark.parametrize(
    ("operation", "by_v1"),
    [
        (json.dumps(METRIC).encode(), True),
        (json.dumps(dict(reversed(METRIC.items())), indent=1).encode(), True),
        (json.dumps({**METRIC, "action": "event"}).encode(), False),
        (operation({"id": "u"}, attributes={"delivery": "metric"}), False),
        (b'"delivery" "metric"', False),
        (operation({"id": "u"}), False),
        (b"x" * 32_000, False),
        (b"x" * 32_001, True),
    ],
)
def test_large_operations_and_metrics_go_by_v1(operation, by_v1):
    assert_that(goes_by_v1(operation), equal_to(by_v1))
