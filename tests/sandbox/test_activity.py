"""The activity log: what it shows, what is a duplicate, and whose anonymous activity is."""

from __future__ import annotations

from typing import Any

import pytest

from customerio_beam.sandbox import views
from customerio_beam.sandbox.operations import Settings
from customerio_beam.sandbox.server import running_sandbox
from customerio_beam.sandbox.workspace import Workspace
from tests.sandbox.conftest import NOW, Client, event, identify, ulid


@pytest.mark.parametrize(("action", "shown"), [("event", "event"), ("page", "Page View"), ("screen", "Screen View")])
def test_activity_types(client: Client, action: str, shown: str) -> None:
    client.batch(event(1, " Pricing ", action=action, attributes={"a": 1}))
    (line,) = client.activity()
    assert (line["type"], line["name"], line["timestamp"], line["attributes"]) == (shown, "Pricing", 1001, {"a": 1})


def test_the_exact_operation_is_kept(client: Client) -> None:
    sent = event(1, attributes={"b": [1.5, None, {"ü": "✓"}], "a": 2})
    client.batch(sent)
    assert client.activity()[0]["operation"] == sent


def test_a_repeated_ulid_is_ignored(client: Client) -> None:
    client.batch(event(1))
    client.batch(event(1, "Other"), event(2))
    assert [line["name"] for line in client.activity()] == ["Clicked", "Clicked"]
    assert client.read("/stats.json")["duplicates_ignored"] == 1


def test_a_ulid_repeated_within_a_batch_is_ignored(client: Client) -> None:
    client.batch(event(1), event(1))
    assert len(client.activity()) == 1


def test_a_ulid_is_the_same_in_either_case(client: Client) -> None:
    client.batch(event(1, id=ulid(2**60 - 1)), event(2, id=ulid(2**60 - 1).lower()))
    assert len(client.activity()) == 1


def test_events_without_an_id_are_not_deduplicated(client: Client) -> None:
    sent = event(1)
    del sent["id"]
    client.batch(sent, sent)
    assert len(client.activity()) == 2


def test_an_event_of_somebody_unknown_creates_the_person(client: Client) -> None:
    client.batch(event(1))
    assert [person["id"] for person in client.people()] == ["u1"]


def test_an_event_of_somebody_unknown_is_dropped_where_the_setting_says_so() -> None:
    with running_sandbox(create_unknown=False) as sandbox:
        client = Client(sandbox)
        assert client.batch(event(1)).status_code == 200
        assert (client.people(), client.activity()) == ([], [])


def test_last_seen_is_the_newest_event(client: Client) -> None:
    client.batch(event(7), event(3))
    assert client.people()[0]["last_seen"] == 1007


def test_an_event_without_a_timestamp_happened_on_arrival(client: Client) -> None:
    client.batch(event(1, timestamp=None))
    assert client.activity()[0]["timestamp"] == int(NOW)


def anonymous(number: int = 1, **fields: Any) -> dict[str, Any]:
    return event(number, identifiers={"anonymous_id": "a1"}, **fields)


class Moving:
    """A workspace with a clock, and the ids of the people that its activity belongs to, newest first."""

    def __init__(self, **settings: Any) -> None:
        self.now = NOW
        self.workspace = Workspace(":memory:", Settings(**settings), lambda: self.now)

    def take(self, *operations: dict[str, Any], after: float = 0) -> None:
        self.now += after
        self.workspace.take(operations)

    def owners(self) -> list[str | None]:
        return [(line["person"] or {}).get("id") for line in views.activity(self.workspace)["activity"]]

    def reason(self) -> str:
        return str(views.activity(self.workspace)["activity"][0]["not_joined_because"])


CLAIM = identify({"anonymous_id": "a1"})


@pytest.mark.parametrize(("days", "owner"), [(30, "u1"), (30.1, None)])
def test_an_identify_call_joins_the_events_received_within_30_days_before(days: float, owner: str | None) -> None:
    moving = Moving()
    moving.take(anonymous())
    moving.take(CLAIM, after=days * 86_400)
    assert moving.owners() == [owner]


@pytest.mark.parametrize(("seconds", "owner"), [(300, "u1"), (301, None)])
def test_an_identify_call_joins_the_events_received_up_to_five_minutes_after(seconds: int, owner: str | None) -> None:
    moving = Moving()
    moving.take(CLAIM)
    moving.take(anonymous(), after=seconds)
    assert moving.owners() == [owner]


@pytest.mark.parametrize("timestamp", [1, int(NOW)])
def test_the_times_inside_the_events_do_not_matter(timestamp: int) -> None:
    moving = Moving()
    moving.take(CLAIM)
    moving.take(anonymous(timestamp=timestamp), after=1000)
    assert moving.owners() == [None]


def test_the_next_identify_call_joins_what_came_too_late() -> None:
    moving = Moving()
    moving.take(CLAIM)
    moving.take(anonymous(), after=1000)
    moving.take(CLAIM, after=1000)
    assert moving.owners() == ["u1"]


def test_the_first_identify_call_after_an_event_keeps_it() -> None:
    moving = Moving()
    moving.take(anonymous(1), CLAIM)
    moving.take(identify({"anonymous_id": "a1"}, identifiers={"id": "u2"}), anonymous(2), after=1000)
    assert moving.owners() == ["u2", "u1"]


def test_merging_can_be_off() -> None:
    moving = Moving(merge_anonymous=False)
    moving.take(anonymous(1), CLAIM, anonymous(2))
    assert moving.owners() == [None, None]
    assert "merging is off" in moving.reason()


def test_an_event_that_was_not_joined_says_why() -> None:
    moving = Moving()
    moving.take(anonymous())
    assert "Nobody here was identified with this anonymous_id" in moving.reason()
    moving.take(CLAIM, after=31 * 86_400)
    assert "The first identify call with this anonymous_id arrived 31 days after the event" in moving.reason()
    moving.take(anonymous(2), after=420)
    assert "arrived 7 minutes after the last identify call" in moving.reason()


def test_joined_activity_counts_as_seen(client: Client) -> None:
    client.batch(event(9, identifiers={"anonymous_id": "a1"}), identify({"anonymous_id": "a1"}, 2000))
    assert client.people()[0]["last_seen"] == 1009


def test_delivery_metrics_are_activity(client: Client) -> None:
    client.batch(
        {
            "type": "delivery",
            "action": "event",
            "identifiers": {"id": "d1"},
            "name": "opened",
            "attributes": {"device_token": "t"},
        }
    )
    (line,) = client.activity("?type=delivery")
    assert (line["name"], line["identifier"]) == ("opened", "delivery:d1")


def test_activity_is_filtered(client: Client) -> None:
    client.batch(event(1, "Bought"), event(2, "Home", action="page"), event(3, identifiers={"anonymous_id": "a"}))
    assert [line["name"] for line in client.activity("?type=event&who=identified")] == ["Bought"]
    assert [line["name"] for line in client.activity("?q=hOM")] == ["Home"]
    assert [line["anonymous_id"] for line in client.activity("?who=anonymous")] == ["a"]


def test_activity_is_read_in_parts(client: Client) -> None:
    client.batch(*(event(number) for number in range(5)))
    read = client.read("/activity.json?limit=2&offset=1&order=time")
    assert ([line["timestamp"] for line in read["activity"]], read["total"]) == ([1003, 1002], 5)
