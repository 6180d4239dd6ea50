import json

import pytest

from customerio_beam.delivery.v1 import v1_request


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
    assert v1_request(operation(identifiers))[0] == path


def test_the_event_keeps_its_id_time_type_and_data():
    _, body = v1_request(operation({"id": "u"}, action="page", id="01H", timestamp=7, attributes={"n": 2**70}))
    assert json.loads(body) == {"name": "Order", "type": "page", "id": "01H", "timestamp": 7, "data": {"n": 2**70}}


def test_an_anonymous_event_carries_its_anonymous_id():
    _, body = v1_request(operation({"anonymous_id": "anon"}))
    assert json.loads(body) == {"name": "Order", "type": "event", "anonymous_id": "anon", "data": {}}


@pytest.mark.parametrize(
    "document",
    [
        {"type": "person", "action": "identify", "identifiers": {"id": "u"}},
        {"type": "object", "action": "event", "identifiers": {"id": "u"}},
        {"type": "person", "action": "event", "name": "n", "identifiers": {"phone": "1"}},
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
    with pytest.raises(ValueError, match="v1"):
        v1_request(json.dumps(document).encode())
