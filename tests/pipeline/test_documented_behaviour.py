"""What the users of the destination are promised: page, identify and track, from payload to workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hamcrest import assert_that, contains_exactly, contains_inanyorder, equal_to, has_entries, has_length

from tests.pipeline.events import identify, page, track
from tests.pipeline.job import Job

TRAITS = {f"trait_{number}": number for number in range(75)}


@dataclass(frozen=True)
class Shown:
    """What the workspace shows after a run."""

    people: list[dict[str, Any]]
    activity: list[dict[str, Any]]

    def person(self, name: str, value: str) -> list[dict[str, Any]]:
        return [row for row in self.people if row[name] == value]

    def activity_of(self, user: str) -> list[dict[str, Any]]:
        return [row for row in self.activity if row["person"] and user in row["person"].values()]


@pytest.fixture(scope="module")
def shown(shared_job: Job) -> Shown:
    """The workspace after one run over the events of many people, each of them for one test."""
    shared_job.run(
        page("named page", name="Pricing", properties={"url": "https://shop.example/pricing"}),
        page("page without a name", properties={"url": "https://shop.example/landing"}),
        page("page without properties", name="Home"),
        identify("userId123", {"email": "john.doe@example.com", "plan": "pro"}),
        identify("no email", {"plan": "pro"}),
        track("Order Completed", "track", properties={"total": 12.5}),
        identify("many traits", TRAITS),
        page(None, anonymousId="anon-1", name="Landing", timestamp="2026-11-23T10:00:00Z"),
        identify("joined", {"plan": "pro"}, anonymousId="anon-1", timestamp="2026-11-23T10:05:00Z"),
        page(None, anonymousId="anon-2", name="Landing"),
        identify(None, {"email": "jane@example.com", "plan": "pro"}),
        track("Signed In", "jane@example.com"),
        {"batch": [track("One", "batch"), track("Two", "batch")], "sentAt": "2026-11-23T21:46:40.463Z"},
    )
    return Shown(shared_job.people, shared_job.activity)


def test_a_page_shows_as_a_page_view_with_its_name(shown: Shown) -> None:
    assert_that(shown.activity_of("named page"), contains_exactly(has_entries(type="Page View", name="Pricing")))


def test_a_page_without_a_name_shows_its_url(shown: Shown) -> None:
    expected = has_entries(type="Page View", name="https://shop.example/landing")
    assert_that(shown.activity_of("page without a name"), contains_exactly(expected))


def test_a_page_needs_no_properties(shown: Shown) -> None:
    expected = has_entries(type="Page View", name="Home", attributes={})
    assert_that(shown.activity_of("page without properties"), contains_exactly(expected))


def test_identify_creates_a_subscribed_person_with_the_traits_as_attributes(shown: Shown) -> None:
    expected = has_entries(email="john.doe@example.com", subscribed=True, attributes=has_entries(plan="pro"))
    assert_that(shown.person("id", "userId123"), contains_exactly(expected))


def test_identify_needs_no_email(shown: Shown) -> None:
    assert_that(shown.person("id", "no email"), contains_exactly(has_entries(attributes=has_entries(plan="pro"))))


def test_a_track_shows_as_an_event_with_its_name(shown: Shown) -> None:
    expected = has_entries(type="event", name="Order Completed", attributes={"total": 12.5})
    assert_that(shown.activity_of("track"), contains_exactly(expected))


def test_of_more_than_30_traits_none_is_lost(shown: Shown) -> None:
    assert_that(shown.person("id", "many traits"), contains_exactly(has_entries(attributes=has_entries(TRAITS))))


def test_events_before_the_identify_are_joined_to_the_person(shown: Shown) -> None:
    assert_that(shown.activity_of("joined"), contains_exactly(has_entries(name="Landing")))


def test_events_of_nobody_known_go_out_as_anonymous(shown: Shown) -> None:
    anonymous = [row for row in shown.activity if row["person"] is None]
    assert_that(anonymous, contains_exactly(has_entries(name="Landing", anonymous_id="anon-2")))


def test_an_email_identifies_a_person_where_it_is_the_id_on_record(shown: Shown) -> None:
    assert_that(shown.person("email", "jane@example.com"), has_length(1))


def test_an_event_whose_user_id_is_an_email_is_that_persons(shown: Shown) -> None:
    assert_that(shown.activity_of("jane@example.com"), contains_exactly(has_entries(name="Signed In")))


def test_a_batch_of_the_node_library_becomes_one_operation_an_event(shown: Shown) -> None:
    expected = contains_inanyorder(has_entries(name="One"), has_entries(name="Two"))
    assert_that(shown.activity_of("batch"), expected)


def test_unsubscribed_unsubscribes_and_keeps_the_other_attributes(job: Job) -> None:
    job.run(identify("u1", {"email": "a@example.com", "plan": "pro"}, timestamp="2026-11-23T10:00:00Z"))
    job.run(identify("u1", {"unsubscribed": True}, timestamp="2026-11-23T11:00:00Z"))
    assert_that(
        job.people,
        contains_exactly(has_entries(subscribed=False, email="a@example.com", attributes=has_entries(plan="pro"))),
    )


def test_an_old_identify_never_overwrites_a_newer_attribute(job: Job) -> None:
    job.run(identify("u1", {"plan": "new"}, timestamp="2026-11-20T00:00:00Z"))
    job.run(identify("u1", {"plan": "old", "city": "Bonn"}, timestamp="2020-01-01T00:00:00Z"))
    assert_that(job.people, contains_exactly(has_entries(attributes=has_entries(plan="new", city="Bonn"))))


def test_a_second_run_over_the_same_events_changes_nothing(job: Job) -> None:
    events = [identify("u1", {"plan": "pro"}), track("One"), page(name="Home")]
    job.run(*events)
    before = (job.people, job.activity)
    job.run(*events)
    assert_that((job.people, job.activity), equal_to(before))


def test_each_persons_events_go_out_in_the_order_of_their_times_over_all_files(job: Job) -> None:
    times = ["2026-11-23T10:00:00Z", "2026-11-23T09:00:00Z", "2026-11-23T11:00:00Z"]
    paths = []
    for number, time in enumerate(times):
        path = job.folder / f"part-{number}.ndjson"
        path.write_text(
            f'{{"type":"track","event":"{time}","userId":"u1","messageId":"m{number}","timestamp":"{time}"}}\n'
        )
        paths.append(str(path))
    job.run_files(*paths)
    received = sorted(job.activity, key=lambda row: row["sequence"])
    assert_that([row["name"] for row in received], equal_to(sorted(times)))
