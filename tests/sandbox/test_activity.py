"""The activity log: what it shows, what is a duplicate, and whose anonymous activity is."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.sandbox import views
from customerio_beam.sandbox.rules.anonymous import JOINED_AFTER_SECONDS, JOINED_BEFORE_SECONDS, Link, owner
from customerio_beam.sandbox.server import running_sandbox
from customerio_beam.sandbox.store import Store
from customerio_beam.sandbox.workspace import Settings, Workspace
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


def test_anonymous_activity_is_joined_whatever_arrives_first() -> None:
    operations: list[dict[str, Any]] = [
        event(1, identifiers={"anonymous_id": "a1"}, action="page", name="Home"),
        identify({"anonymous_id": "a1"}, 2000),
        identify({"anonymous_id": "a1"}, 3000, identifiers={"id": "u2"}),
        event(2, identifiers={"anonymous_id": "a1"}, timestamp=2500),
        event(3, identifiers={"anonymous_id": "a1"}, timestamp=2000 + JOINED_BEFORE_SECONDS + 10_000),
    ]
    outcomes = set()
    for arrival in itertools.permutations(operations):
        workspace = Workspace(Store(":memory:"), Settings(), lambda: NOW)
        for operation in arrival:
            workspace.take([operation], batch=True)
        lines = views.activity(workspace)["activity"]
        outcomes.add(str(sorted((line["id"], (line["person"] or {}).get("id")) for line in lines)))
        workspace.close()
    assert outcomes == {str([(ulid(1), "u1"), (ulid(2), "u2"), (ulid(3), None)])}


@given(st.integers(0, 10**7), st.lists(st.builds(Link, st.integers(0, 10**7), st.integers(1, 4)), max_size=6))
def test_whose_an_anonymous_event_is_does_not_depend_on_the_order_of_the_links(time: int, links: list[Link]) -> None:
    assert {owner(time, links), owner(time, links[::-1]), owner(time, sorted(links))} == {owner(time, links)}


@pytest.mark.parametrize(
    ("happened", "joined"),
    [
        (-JOINED_BEFORE_SECONDS, True),
        (-JOINED_BEFORE_SECONDS - 1, False),
        (JOINED_AFTER_SECONDS, True),
        (JOINED_AFTER_SECONDS + 1, False),
    ],
)
def test_how_far_from_the_identify_call_anonymous_activity_is_joined(happened: int, joined: bool) -> None:
    assert (owner(5_000_000 + happened, [Link(5_000_000, 1)]) == 1) is joined


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
