"""What the latency of streaming rests on: every operation has its event's number, and only acceptance counts."""

from __future__ import annotations

import orjson
import requests
from hamcrest import assert_that, empty, equal_to, instance_of

from benchmarks.processes import API_KEY, SITE_ID
from benchmarks.steady_publisher import numbered_events
from benchmarks.streaming_latency import received
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.sandbox.server import running_sandbox
from tests.helpers.payloads import read_payload

_NOW = 1_700_000_000.5


def _send(url: str, batch: list[dict[str, object]]) -> int:
    answer = requests.post(
        f"{url}/api/v2/batch", data=orjson.dumps({"batch": batch}), auth=(SITE_ID, API_KEY), timeout=30
    )
    return answer.status_code


def _event(number: int, **changes: object) -> dict[str, object]:
    operation = {"type": "person", "action": "event", "identifiers": {"id": "7"}, "name": "Seen"}
    return {**operation, "attributes": {"number": number}, **changes}


def test_the_receipt_of_each_accepted_event_is_read_by_its_number() -> None:
    with running_sandbox(site_id=SITE_ID, api_key=API_KEY, clock=lambda: _NOW) as sandbox:
        status = _send(sandbox.url, [_event(3), _event(4), _event(5, identifiers={})])
        assert_that((status, received(sandbox.url)), equal_to((207, {3: _NOW, 4: _NOW})))


def test_each_operation_of_a_numbered_event_has_its_number() -> None:
    settings = MappingSettings()
    wrong = []
    for number, line in enumerate(numbered_events(500)):
        for event in read_payload(line):
            assert_that(event, instance_of(Event))
            operations = map_event(event, settings).operations
            found = [orjson.loads(operation)["attributes"]["number"] for operation in operations]
            if not found or set(found) != {number}:
                wrong.append((number, found))
    assert_that(wrong, empty())
