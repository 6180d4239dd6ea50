"""What the operations do to people."""

from __future__ import annotations

import pytest
from hamcrest import assert_that, equal_to, has_key, has_length, is_, same_instance

from customerio_beam.sandbox.server import running_sandbox
from tests.sandbox.conftest import NOW, Client, event, identify, person_operation


def test_identify_creates_a_subscribed_person(client: Client) -> None:
    client.batch(identify({"email": "john.doe@example.com", "plan": "pro"}))
    (person,) = client.people()
    assert_that((person["id"], person["email"], person["subscribed"]), equal_to(("u1", "john.doe@example.com", True)))
    assert_that(person["attributes"], equal_to({"email": "john.doe@example.com", "plan": "pro"}))


def test_an_older_identify_does_not_overwrite_a_newer_attribute(client: Client) -> None:
    client.batch(identify({"plan": "pro"}, 2000), identify({"plan": "free", "city": "Graz"}, 1000))
    assert_that(client.people()[0]["attributes"], equal_to({"plan": "pro", "city": "Graz"}))


def test_of_two_updates_of_one_second_the_later_arrival_wins(client: Client) -> None:
    client.batch(identify({"plan": "free"}), identify({"plan": "pro"}))
    assert_that(client.people()[0]["attributes"], equal_to({"plan": "pro"}))


def test_an_identify_without_a_timestamp_counts_as_now(client: Client) -> None:
    client.batch(identify({"plan": "pro"}, None), identify({"plan": "free"}, int(NOW) - 1))
    assert_that(client.people()[0]["attributes"], equal_to({"plan": "pro"}))


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_removes_an_attribute(client: Client, nothing: str | None) -> None:
    client.batch(identify({"plan": "pro"}, 1000), identify({"plan": nothing}, 2000))
    assert_that(client.people()[0]["attributes"], equal_to({}))


def test_an_older_identify_does_not_bring_a_removed_attribute_back(client: Client) -> None:
    client.batch(identify({"plan": None}, 2000), identify({"plan": "pro"}, 1000))
    assert_that(client.people()[0]["attributes"], equal_to({}))


def test_update_never_creates_a_person(client: Client) -> None:
    client.batch(identify({"_update": True, "plan": "pro"}))
    assert_that(client.people(), equal_to([]))


def test_update_changes_a_person_that_is_there(client: Client) -> None:
    client.batch(identify({"plan": "free"}), identify({"_update": True, "plan": "pro"}, 2000))
    assert_that(client.people()[0]["attributes"], equal_to({"plan": "pro"}))


@pytest.mark.parametrize(
    ("value", "subscribed"),
    [(True, False), (1, False), ("true", False), ("1", False), (False, True), (0, True), ("yes", True), (2, True)],
)
def test_what_unsubscribes(client: Client, value: object, subscribed: bool) -> None:
    client.batch(identify({"plan": "pro", "unsubscribed": value}))
    (person,) = client.people()
    assert_that(person["subscribed"], same_instance(subscribed))
    assert_that(person["attributes"]["plan"], equal_to("pro"))


def test_one_subscription_topic_changes_without_the_others(client: Client) -> None:
    first = {"cio_subscription_preferences": {"topics": {"topic_1": True, "topic_2": True}}}
    client.batch(identify(first), identify({"cio_subscription_preferences.topics.topic_2": False}, 2000))
    assert_that(
        client.people()[0]["attributes"],
        equal_to({"cio_subscription_preferences": {"topics": {"topic_1": True, "topic_2": False}}}),
    )


def test_email_identifies_ignoring_case(client: Client) -> None:
    client.batch(
        identify({"email": "John@Example.com"}),
        event(1, identifiers={"email": "john@example.COM"}),
    )
    assert_that(client.people(), has_length(1))
    assert_that(client.activity()[0]["person"]["id"], equal_to("u1"))


def test_ids_differ_by_case(client: Client) -> None:
    client.batch(identify(), identify(identifiers={"id": "U1"}))
    assert_that(client.people(), has_length(2))


def test_cio_id_identifies(client: Client) -> None:
    client.batch(identify())
    cio_id = client.people()[0]["cio_id"]
    client.batch(identify({"plan": "pro"}, identifiers={"cio_id": cio_id}))
    assert_that(client.people()[0]["attributes"], equal_to({"plan": "pro"}))


def test_an_unknown_cio_id_is_dropped(client: Client) -> None:
    assert_that(client.batch(identify(identifiers={"cio_id": "abc"})).status_code, equal_to(200))
    assert_that(client.people(), equal_to([]))


def test_a_person_known_by_email_gets_the_id_of_an_identify_with_it(client: Client) -> None:
    client.batch(
        identify({"plan": "pro"}, identifiers={"email": "a@example.com"}), identify({"email": "a@example.com"})
    )
    (person,) = client.people()
    assert_that((person["id"], person["attributes"]["plan"]), equal_to(("u1", "pro")))


def test_a_person_known_by_id_gets_the_email_of_an_identify_with_it(client: Client) -> None:
    client.batch(identify(), identify({"id": "u1"}, 2000, identifiers={"email": "a@example.com"}))
    (person,) = client.people()
    assert_that(
        (person["id"], person["email"], person["attributes"]["email"]),
        equal_to(("u1", "a@example.com", "a@example.com")),
    )


def test_an_email_of_somebody_else_is_an_attribute_update_failure(client: Client) -> None:
    client.batch(identify({"email": "a@example.com"}), identify(identifiers={"id": "u2"}))
    answer = client.batch(identify({"email": "a@example.com", "plan": "pro"}, 2000, identifiers={"id": "u2"}))
    assert_that(answer.status_code, equal_to(200))
    assert_that(client.person("u2")["attributes"], equal_to({"plan": "pro"}))
    assert_that(client.read("/refused.json")["refused"][0]["failed_later"], is_(True))


def test_an_id_is_changed_by_cio_id_alone(client: Client) -> None:
    client.batch(identify({"id": "u9"}))
    assert_that(client.people()[0]["id"], equal_to("u1"))
    client.batch(identify({"id": "u9"}, 2000, identifiers={"cio_id": client.people()[0]["cio_id"]}))
    assert_that(client.people()[0]["id"], equal_to("u9"))


def test_the_only_identifier_is_not_removed(client: Client) -> None:
    client.batch(identify({"email": ""}, identifiers={"email": "a@example.com"}))
    assert_that(client.people()[0]["email"], equal_to("a@example.com"))


def test_a_deleted_person_is_created_again_by_a_later_identify(client: Client) -> None:
    client.batch(identify({"plan": "pro"}), event(1), person_operation("delete"), identify({"city": "Graz"}, 900))
    (person,) = client.people()
    assert_that(person["attributes"], equal_to({"city": "Graz"}))
    assert_that(client.read("/people/u1.json")["activity"], equal_to([]))


def test_deleting_nobody_is_accepted(client: Client) -> None:
    assert_that(client.batch(person_operation("delete")).status_code, equal_to(200))


def test_a_suppressed_person_is_not_added_again_by_any_identifier(client: Client) -> None:
    client.batch(identify({"email": "a@example.com"}), person_operation("suppress"))
    client.batch(identify(), event(1), identify(identifiers={"email": "A@example.com"}))
    assert_that(client.people(), equal_to([]))
    assert_that(client.activity(), equal_to([]))


def test_suppressing_redacts_the_activity(client: Client) -> None:
    client.batch(event(1, attributes={"secret": "x"}), person_operation("suppress"))
    (line,) = client.activity()
    assert_that((line["person"], line["operation"]), equal_to(({"forgotten": True}, {})))


def test_an_unsuppressed_identifier_is_added_again(client: Client) -> None:
    client.batch(person_operation("suppress"), person_operation("unsuppress"), identify())
    assert_that([person["id"] for person in client.people()], equal_to(["u1"]))


def test_devices_are_kept_by_token(client: Client) -> None:
    device = {"token": "t1", "platform": "ios", "last_used": 1000}
    client.batch(
        person_operation("add_device", device=device),
        person_operation("add_device", device={**device, "last_used": 2000}),
        person_operation("add_device", device={"token": "t2", "platform": "android"}),
        person_operation("delete_device", device={"token": "t2"}),
    )
    assert_that(client.people()[0]["devices"], equal_to([{**device, "last_used": 2000}]))


def merge(primary: dict[str, str], secondary: dict[str, str]) -> dict[str, object]:
    return {"type": "person", "action": "merge", "primary": primary, "secondary": secondary}


def test_merging_fills_what_the_primary_lacks_and_deletes_the_secondary(client: Client) -> None:
    client.batch(
        identify({"plan": "pro"}),
        identify({"plan": "free", "city": "Graz"}, 2000, identifiers={"email": "a@example.com"}),
        merge({"id": "u1"}, {"email": "a@example.com"}),
    )
    (person,) = client.people()
    assert_that(person["attributes"], equal_to({"plan": "pro", "city": "Graz", "email": "a@example.com"}))
    assert_that(person["email"], equal_to("a@example.com"))


def test_merging_moves_the_events_of_the_last_30_days(client: Client) -> None:
    recent, old = int(NOW) - 29 * 86400, int(NOW) - 31 * 86400
    client.batch(
        identify(identifiers={"id": "u2"}),
        event(1, timestamp=recent),
        event(2, timestamp=old),
        merge({"id": "u2"}, {"id": "u1"}),
    )
    assert_that([line["timestamp"] for line in client.read("/people/u2.json")["activity"]], equal_to([recent]))


def test_merging_into_nobody_does_nothing(client: Client) -> None:
    client.batch(identify(), merge({"id": "nobody"}, {"id": "u1"}))
    assert_that([person["id"] for person in client.people()], equal_to(["u1"]))


def test_attributes_over_the_count_are_not_taken(client: Client) -> None:
    client.batch(identify({f"a{number:03d}": number for number in range(301)}))
    assert_that(client.people()[0]["attributes"], has_length(300))


@pytest.mark.parametrize(("name", "value"), [("a" * 151, 1), ("a", "é" * 501), ("a", ["x" * 1000])])
def test_an_attribute_that_is_too_long_is_not_kept(client: Client, name: str, value: object) -> None:
    client.batch(identify({name: value, "plan": "pro"}))
    assert_that(client.people()[0]["attributes"], equal_to({"plan": "pro"}))
    assert_that(client.read("/stats.json")["failed_later"], equal_to(1))


def test_deleting_a_person_deletes_the_activity(client: Client) -> None:
    client.batch(event(1), person_operation("delete"))
    assert_that(client.activity(), equal_to([]))


def test_a_ulid_stays_known_when_its_event_is_gone(client: Client) -> None:
    client.batch(event(1), person_operation("delete"), event(1))
    assert_that(client.activity(), equal_to([]))


def test_unsuppressing_one_identifier_unsuppresses_the_others(client: Client) -> None:
    client.batch(identify({"email": "a@example.com"}), person_operation("suppress"), person_operation("unsuppress"))
    client.batch(identify(identifiers={"email": "a@example.com"}))
    assert_that([person["email"] for person in client.people()], equal_to(["a@example.com"]))


def test_a_suppressed_email_is_not_said_to_belong_to_somebody(client: Client) -> None:
    client.batch(identify({"email": "a@example.com"}), person_operation("suppress"))
    client.batch(identify({"email": "a@example.com"}, identifiers={"id": "u2"}))
    (refused,) = client.read("/refused.json")["refused"]
    assert_that(refused["message"], equal_to("attribute update failure: this email is suppressed"))


def test_a_whole_preferences_object_replaces_all_topics(client: Client) -> None:
    first = {"cio_subscription_preferences": {"topics": {"topic_1": True, "topic_2": True}}}
    second = {"cio_subscription_preferences": {"topics": {"topic_2": False}}}
    client.batch(identify(first), identify(second, 2000))
    assert_that(client.people()[0]["attributes"], equal_to(second))


def test_update_for_nobody_leaves_a_trace(client: Client) -> None:
    client.batch(identify({"_update": True, "plan": "pro"}))
    (refused,) = client.read("/refused.json")["refused"]
    assert_that((refused["failed_later"], "failed attribute change" in refused["message"]), equal_to((True, True)))


def test_a_person_has_300_attributes_at_most(client: Client) -> None:
    for part in range(4):
        client.batch(identify({f"a{100 * part + number}": 1 for number in range(100)}))
    assert_that(client.people()[0]["attributes"], has_length(300))
    client.batch(identify({"a5": None, "new": 1}, 2000))
    assert_that(client.people()[0]["attributes"], has_key("new"))
    assert_that(client.read("/stats.json")["failed_later"], equal_to(100))


def test_people_are_identified_by_phone_if_the_workspace_says_so() -> None:
    with running_sandbox(identify_by_phone=True) as sandbox:
        client = Client(sandbox)
        client.batch(identify({"plan": "pro"}, identifiers={"phone": "+14155552671"}))
        client.batch(identify({"phone": "+14155552671"}, 2000))
        (person,) = client.people()
        assert_that(
            (person["id"], person["phone"], person["attributes"]["plan"]), equal_to(("u1", "+14155552671", "pro"))
        )
