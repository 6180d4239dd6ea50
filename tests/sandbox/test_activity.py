"""The activity log: what it shows, what is a duplicate, and whose anonymous activity is."""

from __future__ import annotations

from typing import Any

import pytest
from hamcrest import assert_that, contains_string, equal_to, has_length

from customerio_beam.sandbox import views
from customerio_beam.sandbox.operations import Settings
from customerio_beam.sandbox.server import running_sandbox
from customerio_beam.sandbox.workspace import Workspace
from tests.sandbox.conftest import NOW, Client, event, identify, ulid


@pytest.mark.parametrize(("action", "shown"), [("event", "event"), ("page", "Page View"), ("screen", "Screen View")])
def test_activity_types(client: Client, action: str, shown: str) -> None:
    client.batch(event(1, " Pricing ", action=action, attributes={"a": 1}))
    (line,) = client.activity()
    assert_that(
        (line["type"], line["name"], line["timestamp"], line["attributes"]),
        equal_to((shown, "Pricing", 1001, {"a": 1})),
    )


def test_the_exact_operation_is_kept(client: Client) -> None:
    sent = event(1, attributes={"b": [1.5, None, {"ü": "✓"}], "a": 2})
    client.batch(sent)
    assert_that(client.activity()[0]["operation"], equal_to(sent))


def test_a_repeated_ulid_is_ignored(client: Client) -> None:
    client.batch(event(1))
    client.batch(event(1, "Other"), event(2))
    assert_that([line["name"] for line in client.activity()], equal_to(["Clicked", "Clicked"]))
    assert_that(client.read("/stats.json")["duplicates_ignored"], equal_to(1))


def test_a_ulid_repeated_within_a_batch_is_ignored(client: Client) -> None:
    client.batch(event(1), event(1))
    assert_that(client.activity(), has_length(1))


def test_a_ulid_is_the_same_in_either_case(client: Client) -> None:
    client.batch(event(1, id=ulid(2**60 - 1)), event(2, id=ulid(2**60 - 1).lower()))
    assert_that(client.activity(), has_length(1))


def test_events_without_an_id_are_not_deduplicated(client: Client) -> None:
    sent = event(1)
    del sent["id"]
    client.batch(sent, sent)
    assert_that(client.activity(), has_length(2))


def test_an_event_of_somebody_unknown_creates_the_person(client: Client) -> None:
    client.batch(event(1))
    assert_that([person["id"] for person in client.people()], equal_to(["u1"]))


def test_an_event_of_somebody_unknown_is_dropped_where_the_setting_says_so() -> None:
    with running_sandbox(create_unknown=False) as sandbox:
        client = Client(sandbox)
        assert_that(client.batch(event(1)).status_code, equal_to(200))
        assert_that((client.people(), client.activity()), equal_to(([], [])))


def test_last_seen_is_the_newest_event(client: Client) -> None:
    client.batch(event(7), event(3))
    assert_that(client.people()[0]["last_seen"], equal_to(1007))


def test_an_event_without_a_timestamp_happened_on_arrival(client: Client) -> None:
    client.batch(event(1, timestamp=None))
    assert_that(client.activity()[0]["timestamp"], equal_to(int(NOW)))


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
    assert_that(moving.owners(), equal_to([owner]))


@pytest.mark.parametrize(("seconds", "owner"), [(300, "u1"), (301, None)])
def test_an_identify_call_joins_the_events_received_up_to_five_minutes_after(seconds: int, owner: str | None) -> None:
    moving = Moving()
    moving.take(CLAIM)
    moving.take(anonymous(), after=seconds)
    assert_that(moving.owners(), equal_to([owner]))


@pytest.mark.parametrize("timestamp", [1, int(NOW)])
def test_the_times_inside_the_events_do_not_matter(timestamp: int) -> None:
    moving = Moving()
    moving.take(CLAIM)
    moving.take(anonymous(timestamp=timestamp), after=1000)
    assert_that(moving.owners(), equal_to([None]))


def test_the_next_identify_call_joins_what_came_too_late() -> None:
    moving = Moving()
    moving.take(CLAIM)
    moving.take(anonymous(), after=1000)
    moving.take(CLAIM, after=1000)
    assert_that(moving.owners(), equal_to(["u1"]))


def test_the_first_identify_call_after_an_event_keeps_it() -> None:
    moving = Moving()
    moving.take(anonymous(1), CLAIM)
    moving.take(identify({"anonymous_id": "a1"}, identifiers={"id": "u2"}), anonymous(2), after=1000)
    assert_that(moving.owners(), equal_to(["u2", "u1"]))


def test_merging_can_be_off() -> None:
    moving = Moving(merge_anonymous=False)
    moving.take(anonymous(1), CLAIM, anonymous(2))
    assert_that(moving.owners(), equal_to([None, None]))
    assert_that(moving.reason(), contains_string("merging is off"))


def test_an_event_that_was_not_joined_says_why() -> None:
    moving = Moving()
    moving.take(anonymous())
    assert_that(moving.reason(), contains_string("Nobody here was identified with this anonymous_id"))
    moving.take(CLAIM, after=31 * 86_400)
    assert_that(
        moving.reason(),
        contains_string("The first identify call with this anonymous_id arrived 31 days after the event"),
    )
    moving.take(anonymous(2), after=420)
    assert_that(moving.reason(), contains_string("arrived 7 minutes after the last identify call"))


def test_joined_activity_counts_as_seen(client: Client) -> None:
    client.batch(event(9, identifiers={"anonymous_id": "a1"}), identify({"anonymous_id": "a1"}, 2000))
    assert_that(client.people()[0]["last_seen"], equal_to(1009))


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
    assert_that((line["name"], line["identifier"]), equal_to(("opened", "delivery:d1")))


def test_activity_is_filtered(client: Client) -> None:
    client.batch(event(1, "Bought"), event(2, "Home", action="page"), event(3, identifiers={"anonymous_id": "a"}))
    assert_that([line["name"] for line in client.activity("?type=event&who=identified")], equal_to(["Bought"]))
    assert_that([line["name"] for line in client.activity("?q=hOM")], equal_to(["Home"]))
    assert_that([line["anonymous_id"] for line in client.activity("?who=anonymous")], equal_to(["a"]))


def test_activity_is_read_in_parts(client: Client) -> None:
    client.batch(*(event(number) for number in range(5)))
    read = client.read("/activity.json?limit=2&offset=1&order=time")
    assert_that(([line["timestamp"] for line in read["activity"]], read["total"]), equal_to(([1003, 1002], 5)))
