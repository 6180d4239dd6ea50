"""What the users of the destination are promised: page, identify and track, from payload to workspace."""

from __future__ import annotations

from hamcrest import assert_that, contains_exactly, contains_inanyorder, equal_to, has_entries, has_length

from tests.pipeline.events import event, identify, page, track
from tests.pipeline.job import Job


def test_a_page_shows_as_a_page_view_with_its_name(job: Job) -> None:
    job.run(page(name="Pricing", properties={"url": "https://shop.example/pricing"}))
    assert_that(job.activity, contains_exactly(has_entries(type="Page View", name="Pricing")))


def test_a_page_without_a_name_shows_its_url(job: Job) -> None:
    job.run(page(properties={"url": "https://shop.example/landing"}))
    assert_that(job.activity, contains_exactly(has_entries(type="Page View", name="https://shop.example/landing")))


def test_a_page_needs_no_properties(job: Job) -> None:
    job.run(page(name="Home"))
    assert_that(job.activity, contains_exactly(has_entries(type="Page View", name="Home", attributes={})))


def test_identify_creates_a_subscribed_person_with_the_traits_as_attributes(job: Job) -> None:
    job.run(identify("userId123", {"email": "john.doe@example.com", "plan": "pro"}))
    assert_that(
        job.people,
        contains_exactly(
            has_entries(
                id="userId123",
                email="john.doe@example.com",
                subscribed=True,
                attributes=has_entries(plan="pro"),
            )
        ),
    )


def test_identify_needs_no_email(job: Job) -> None:
    job.run(identify("userId123", {"plan": "pro"}))
    assert_that(job.people, contains_exactly(has_entries(id="userId123", attributes=has_entries(plan="pro"))))


def test_unsubscribed_unsubscribes_and_keeps_the_other_attributes(job: Job) -> None:
    job.run(identify("u1", {"email": "a@example.com", "plan": "pro"}, timestamp="2026-11-23T10:00:00Z"))
    job.run(identify("u1", {"unsubscribed": True}, timestamp="2026-11-23T11:00:00Z"))
    assert_that(
        job.people,
        contains_exactly(has_entries(subscribed=False, email="a@example.com", attributes=has_entries(plan="pro"))),
    )


def test_a_track_shows_as_an_event_with_its_name(job: Job) -> None:
    job.run(track("Order Completed", properties={"total": 12.5}))
    assert_that(
        job.activity,
        contains_exactly(has_entries(type="event", name="Order Completed", attributes={"total": 12.5})),
    )


def test_of_more_than_30_traits_none_is_lost(job: Job) -> None:
    traits = {f"trait_{number}": number for number in range(75)}
    job.run(identify("u1", traits))
    assert_that(job.people, contains_exactly(has_entries(attributes=has_entries(traits))))


def test_events_before_the_identify_are_joined_to_the_person(job: Job) -> None:
    job.run(
        page(None, anonymousId="anon-1", name="Landing", timestamp="2026-11-23T10:00:00Z"),
        identify("u1", {"plan": "pro"}, anonymousId="anon-1", timestamp="2026-11-23T10:05:00Z"),
    )
    assert_that(job.activity, contains_exactly(has_entries(name="Landing", person=has_entries(id="u1"))))


def test_events_of_nobody_known_go_out_as_anonymous(job: Job) -> None:
    job.run(page(None, anonymousId="anon-1", name="Landing"))
    assert_that(job.activity, contains_exactly(has_entries(name="Landing", person=None, anonymous_id="anon-1")))


def test_an_email_identifies_a_person_where_it_is_the_id_on_record(job: Job) -> None:
    job.run(
        identify(None, {"email": "jane@example.com", "plan": "pro"}),
        event("track", event="Signed In", userId="jane@example.com"),
    )
    assert_that(job.people, contains_exactly(has_entries(email="jane@example.com")))
    assert_that(job.activity, contains_exactly(has_entries(person=has_entries(email="jane@example.com"))))


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


def test_a_batch_of_the_node_library_becomes_one_operation_an_event(job: Job) -> None:
    job.run({"batch": [track("One"), track("Two")], "sentAt": "2026-11-23T21:46:40.463Z"})
    assert_that(job.activity, contains_inanyorder(has_entries(name="One"), has_entries(name="Two")))
    assert_that(job.activity, has_length(2))
