"""What the latency of streaming rests on: every operation has its event's number, and only acceptance is recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import requests
from hamcrest import assert_that, empty, equal_to

from benchmarks.processes import API_KEY, SITE_ID
from benchmarks.recording_sandbox import Recorder
from benchmarks.steady_publisher import numbered_events
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.reading import read_payload
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.sandbox.server import LOOPBACK_NAMES, SandboxServer, address, make_app, make_service

_NOW = 1_700_000_000.5


@contextmanager
def _recorded() -> Iterator[tuple[str, list[bytes]]]:
    """Serves a recording sandbox; gives its URL and what it records."""
    lines: list[bytes] = []
    service = make_service(site_id=SITE_ID, api_key=API_KEY)
    app = make_app(service, LOOPBACK_NAMES)
    app.wsgi_app = Recorder(app.wsgi_app, lines.append, lambda: _NOW)  # type: ignore[method-assign]
    server = SandboxServer("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield address(server), lines
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        service.workspace.close()


def _send(url: str, batch: list[dict[str, object]]) -> int:
    answer = requests.post(
        f"{url}/api/v2/batch", data=orjson.dumps({"batch": batch}), auth=(SITE_ID, API_KEY), timeout=30
    )
    return answer.status_code


def _event(number: int, **changes: object) -> dict[str, object]:
    operation = {"type": "person", "action": "event", "identifiers": {"id": "7"}, "name": "Seen"}
    return {**operation, "attributes": {"number": number}, **changes}


def test_an_accepted_batch_is_recorded_with_the_time_and_its_numbers() -> None:
    with _recorded() as (url, lines):
        status = _send(url, [_event(3), _event(4)])
    assert_that((status, [orjson.loads(line) for line in lines]), equal_to((200, [[_NOW, [3, 4]]])))


def test_a_batch_with_a_refused_operation_is_not_recorded() -> None:
    with _recorded() as (url, lines):
        status = _send(url, [_event(3), _event(4, identifiers={})])
    assert_that(status, equal_to(207))
    assert_that(lines, empty())


def test_each_operation_of_a_numbered_event_has_its_number() -> None:
    settings = MappingSettings()
    wrong = []
    for number, line in enumerate(numbered_events(500)):
        for event in read_payload(line):
            assert isinstance(event, Event)
            operations = map_event(event, settings).operations
            found = [orjson.loads(operation)["attributes"]["number"] for operation in operations]
            if not found or set(found) != {number}:
                wrong.append((number, found))
    assert_that(wrong, empty())
