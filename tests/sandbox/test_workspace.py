"""What holds for any operations: the outcome depends on each person's own order alone, and a resend changes nothing."""

from __future__ import annotations

import pathlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hamcrest import assert_that, equal_to
from hypothesis import given, settings
from hypothesis import strategies as st

from customerio_beam.sandbox import views
from customerio_beam.sandbox.operations import Settings
from customerio_beam.sandbox.workspace import Workspace
from tests.sandbox.conftest import NOW, event, identify, person_operation, ulid

PEOPLE = ("u1", "u2", "u3")


@contextmanager
def workspace() -> Iterator[Workspace]:
    made = Workspace(":memory:", Settings(), lambda: NOW)
    yield made
    made.close()


def outcome(found: Workspace) -> tuple[Any, Any, Any]:
    """Returns the state, less what only tells the order of arrival."""
    lines = [
        {name: value for name, value in line.items() if name not in ("sequence", "received")}
        for line in views.activity(found)["activity"]
    ]
    people = [
        {**person, "relationships": sorted(map(str, person["relationships"]))}
        for person in views.people(found)["people"]
    ]
    objects = [
        {**each, "relationships": sorted(map(str, each["relationships"]))} for each in views.objects(found)["objects"]
    ]
    return people, sorted(lines, key=str), objects


times = st.integers(int(NOW) - 100, int(NOW))
traits = st.dictionaries(st.sampled_from(["plan", "city", "unsubscribed"]), st.sampled_from(["a", "b", None, True]))


def operations_of(who: str) -> st.SearchStrategy[dict[str, Any]]:
    """Generates operations of one person; the anonymous id is the person's own, and ULIDs are not shared."""
    mine, anonymous = {"id": who}, {"anonymous_id": f"anonymous {who}"}
    number = PEOPLE.index(who)
    own = st.integers(1, 20).map(lambda each: ulid(100 * (number + 1) + each))
    relation = [{"identifiers": {"object_type_id": "1", "object_id": "acme"}, "relationship_attributes": {who: 1}}]
    return st.one_of(
        st.builds(lambda id_, time: event(1, id=id_, timestamp=time, identifiers=mine), own, times),
        st.builds(lambda id_, time: event(1, id=id_[:-1] + "Z", timestamp=time, identifiers=anonymous), own, times),
        st.builds(
            lambda values, time: identify(
                {**values, **anonymous, "email": f"{who}@example.com"}, time, identifiers=mine
            ),
            traits,
            times,
        ),
        st.just(person_operation("add_device", who, device={"token": who, "platform": "ios", "last_used": 1})),
        st.just(person_operation("add_relationships", who, cio_relationships=relation)),
    )


def of_everybody() -> st.SearchStrategy[list[list[dict[str, Any]]]]:
    return st.tuples(*(st.lists(operations_of(who), max_size=8) for who in PEOPLE)).map(list)


def interleaved(each: Sequence[Sequence[dict[str, Any]]], turns: Sequence[int]) -> list[dict[str, Any]]:
    """Returns everybody's operations, each person's in order, taking turns as told."""
    left = [list(operations) for operations in each]
    merged: list[dict[str, Any]] = []
    for turn in [*turns, *(list(range(len(left))) * 8)]:
        if left[turn]:
            merged.append(left[turn].pop(0))
    return merged


@settings(deadline=None)
@given(of_everybody(), st.lists(st.integers(0, 2), max_size=24), st.integers(1, 24))
def test_only_each_persons_own_order_matters(each: list[list[dict[str, Any]]], turns: list[int], batch: int) -> None:
    with workspace() as one_by_one, workspace() as mixed:
        for operations in each:
            for operation in operations:
                one_by_one.take([operation])
        merged = interleaved(each, turns)
        for start in range(0, len(merged), batch):
            mixed.take(merged[start : start + batch])
        assert_that(outcome(mixed), equal_to(outcome(one_by_one)))


@settings(deadline=None)
@given(st.lists(operations_of("u1"), min_size=1, max_size=12), st.integers(0, 12))
def test_sending_again_from_the_start_changes_nothing(operations: list[dict[str, Any]], cut: int) -> None:
    with workspace() as once, workspace() as again:
        once.take(operations)
        again.take(operations[:cut])
        again.take(operations)
        again.take(operations)
        assert_that(outcome(again), equal_to(outcome(once)))


@settings(deadline=None)
@given(st.lists(operations_of("u1"), min_size=1, max_size=12), st.integers(0, 12))
def test_sending_again_is_never_out_of_order(operations: list[dict[str, Any]], cut: int) -> None:
    in_order = sorted(operations, key=lambda each: each.get("timestamp", 0))
    with workspace() as found:
        found.take(in_order[:cut])
        found.take(in_order)
        assert_that(found.stats()["order_violations"], equal_to(0))


def test_a_request_that_can_not_be_written_has_no_effect(tmp_path: pathlib.Path) -> None:
    database = tmp_path / "workspace.sqlite"
    found = Workspace(str(database), Settings(), lambda: NOW)
    found.take([identify({"plan": "pro"}), event(1)])
    before = outcome(found)
    with sqlite3.connect(database) as other:
        other.execute("CREATE TRIGGER broken BEFORE INSERT ON activity BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(sqlite3.IntegrityError, match="disk full"):
        found.take([identify({"plan": "free"}, 2000), event(2), identify(identifiers={"id": "u2"})])
    assert_that(outcome(found), equal_to(before))
    found.close()
