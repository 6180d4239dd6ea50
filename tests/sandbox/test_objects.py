"""Objects and relationships."""

from __future__ import annotations

from typing import Any

from hamcrest import assert_that, contains_string, equal_to, has_length

from tests.sandbox.conftest import Client, identify, person_operation

ACME = {"object_type_id": "1", "object_id": "acme"}


def object_operation(action: str, **fields: Any) -> dict[str, Any]:
    return {"type": "object", "action": action, "identifiers": ACME, **fields}


def related(who: dict[str, str], attributes: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return [{"identifiers": who, "relationship_attributes": attributes or {}}]


def read(client: Client) -> list[dict[str, Any]]:
    return client.read("/objects.json")["objects"]


def test_an_object_is_created_and_updated(client: Client) -> None:
    client.batch(
        object_operation("identify", attributes={"name": "Acme", "plan": "pro", "seats": 5}),
        object_operation("identify", attributes={"plan": None, "seats": ""}),
    )
    (found,) = read(client)
    assert_that(
        (found["object_id"], found["attributes"], found["relationships"]), equal_to(("acme", {"name": "Acme"}, []))
    )


def test_a_person_is_related_to_an_object_from_either_side(client: Client) -> None:
    client.batch(
        object_operation("identify", cio_relationships=related({"id": "u1"}, {"role": "admin"})),
        identify(cio_relationships=related({"object_type_id": "1", "object_id": "beta"}, {"role": "owner"})),
    )
    assert_that(
        client.people()[0]["relationships"],
        equal_to(
            [
                {**ACME, "relationship_attributes": {"role": "admin"}},
                {"object_type_id": "1", "object_id": "beta", "relationship_attributes": {"role": "owner"}},
            ]
        ),
    )
    assert_that([each["object_id"] for each in read(client)], equal_to(["acme", "beta"]))


def test_relationship_attributes_are_removed_by_nothing(client: Client) -> None:
    client.batch(
        object_operation("add_relationships", cio_relationships=related({"id": "u1"}, {"role": "admin", "since": 1})),
        object_operation("add_relationships", cio_relationships=related({"id": "u1"}, {"role": None})),
    )
    assert_that(client.people()[0]["relationships"], equal_to([{**ACME, "relationship_attributes": {"since": 1}}]))


def test_relationships_are_deleted_from_either_side(client: Client) -> None:
    client.batch(
        object_operation("identify", cio_relationships=related({"id": "u1"}) + related({"id": "u2"})),
        object_operation("delete_relationships", cio_relationships=related({"id": "u1"})),
        person_operation("delete_relationships", "u2", cio_relationships=related(ACME)),
    )
    assert_that(read(client)[0]["relationships"], equal_to([]))


def test_deleting_an_object_ends_its_relationships(client: Client) -> None:
    client.batch(
        object_operation("identify", cio_relationships=related({"id": "u1"})),
        object_operation("delete"),
    )
    assert_that((read(client), client.people()[0]["relationships"]), equal_to(([], [])))


def test_deleting_a_person_ends_its_relationships(client: Client) -> None:
    client.batch(object_operation("identify", cio_relationships=related({"id": "u1"})), person_operation("delete"))
    assert_that(read(client)[0]["relationships"], equal_to([]))


def anonymous_relationship() -> dict[str, Any]:
    return object_operation("identify_anonymous", cio_relationships=related({"anonymous_id": "a1"}, {"role": "guest"}))


def test_an_anonymous_relationship_is_shown_with_the_object(client: Client) -> None:
    client.batch(anonymous_relationship())
    assert_that(
        read(client)[0]["relationships"],
        equal_to([{"person": {"anonymous_id": "a1"}, "relationship_attributes": {"role": "guest"}}]),
    )


def test_an_anonymous_relationship_carries_over_whatever_arrives_first(client: Client) -> None:
    client.batch(anonymous_relationship(), identify({"anonymous_id": "a1"}))
    first = client.people()
    client.call("POST", "/reset")
    client.batch(identify({"anonymous_id": "a1"}), anonymous_relationship())
    assert_that(client.people(), equal_to(first))
    assert_that(first[0]["relationships"], equal_to([{**ACME, "relationship_attributes": {"role": "guest"}}]))


def test_relationships_move_with_a_merge(client: Client) -> None:
    client.batch(
        identify(identifiers={"id": "u2"}),
        object_operation("identify", cio_relationships=related({"id": "u1"}, {"role": "admin"})),
        {"type": "person", "action": "merge", "primary": {"id": "u2"}, "secondary": {"id": "u1"}},
    )
    assert_that([each["person"]["id"] for each in read(client)[0]["relationships"]], equal_to(["u2"]))


def test_a_cio_object_id_names_an_object_that_exists(client: Client) -> None:
    client.batch(object_operation("identify", attributes={"name": "Acme"}))
    name = {"cio_object_id": read(client)[0]["cio_object_id"]}
    client.batch(object_operation("identify", attributes={"plan": "pro"}) | {"identifiers": name})
    client.batch(object_operation("identify") | {"identifiers": {"cio_object_id": "nothing"}})
    (found,) = read(client)
    assert_that(found["attributes"], equal_to({"name": "Acme", "plan": "pro"}))
    assert_that(
        client.read("/refused.json")["refused"][0]["message"], contains_string("no object has this cio_object_id")
    )


def test_all_attributes_of_an_object_have_a_limit(client: Client) -> None:
    for part in range(6):
        attributes = {f"a{part}-{number}": "x" * 1000 for number in range(20)}
        client.batch(object_operation("identify", attributes=attributes))
    assert_that(read(client)[0]["attributes"], has_length(98))
    assert_that(client.read("/refused.json")["refused"][0]["message"], contains_string("together"))


def test_attributes_of_a_relationship_have_limits(client: Client) -> None:
    attributes = {"n" * 151: 1, "role": "x" * 1001, "since": 1}
    client.batch(object_operation("identify", cio_relationships=related({"id": "u1"}, attributes)))
    assert_that(read(client)[0]["relationships"][0]["relationship_attributes"], equal_to({"since": 1}))
    assert_that(client.read("/stats.json")["failed_later"], equal_to(2))
