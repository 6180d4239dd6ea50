"""What the database holds: large calls leave what small ones leave, and a restart finds it all."""

from __future__ import annotations

import pathlib
import sqlite3
from typing import Any

import pytest

from customerio_beam.sandbox import views
from customerio_beam.sandbox.activity_log import KEPT_TOGETHER
from customerio_beam.sandbox.store import Store
from customerio_beam.sandbox.workspace import Settings, Workspace
from tests.sandbox.conftest import NOW, event, identify, person_operation

TIME = int(NOW) - 1000
WHO = ({"id": "u1"}, {"id": "u2"}, {"email": "U3@example.com"}, {"anonymous_id": "a1"})
EVENTS = [
    event(number, f"Event {number}", identifiers=WHO[number % len(WHO)], timestamp=TIME + number % 7)
    for number in range(2 * KEPT_TOGETHER)
]
LATER: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "a join": [identify({"anonymous_id": "a1"}, TIME + 3)],
    "a merge": [person_operation("merge", primary={"id": "u1"}, secondary={"id": "u2"})],
    "a suppression": [person_operation("suppress", "u2")],
    "more": [event(1000, timestamp=TIME)],
}


def opened(database: str = ":memory:") -> Workspace:
    return Workspace(Store(database), Settings(), lambda: NOW)


def seen(workspace: Workspace) -> tuple[Any, Any, Any]:
    return views.activity(workspace), views.people(workspace), views.person(workspace, "u1")


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("in_the_same_call", [True, False])
def test_a_large_call_leaves_what_small_ones_leave(later: str, in_the_same_call: bool) -> None:
    large, small = opened(), opened()
    if in_the_same_call:
        large.take(EVENTS + LATER[later], batch=True)
    else:
        large.take(EVENTS, batch=True)
        large.take(LATER[later], batch=True)
    for operation in EVENTS + LATER[later]:
        small.take([operation], batch=True)
    assert seen(large) == seen(small)
    large.close()
    small.close()


def test_a_large_call_that_was_never_read_is_there_after_a_restart(tmp_path: pathlib.Path) -> None:
    database = str(tmp_path / "workspace.sqlite")
    before, straight = opened(database), opened()
    before.take(EVENTS, batch=True)
    before.close()
    after = opened(database)
    for workspace in (straight, after):
        workspace.take(EVENTS, batch=True)
    assert seen(after) == seen(straight)
    after.close()
    straight.close()


def test_nothing_is_lost_where_lines_can_not_be_made_rows(tmp_path: pathlib.Path) -> None:
    database = str(tmp_path / "workspace.sqlite")
    workspace = opened(database)
    workspace.take(EVENTS, batch=True)
    with sqlite3.connect(database) as other:
        other.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON activity WHEN NEW.name = 'Event 150'"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(sqlite3.IntegrityError, match="disk full"):
        views.activity(workspace)
    with sqlite3.connect(database) as other:
        other.execute("DROP TRIGGER broken")
    assert views.activity(workspace)["total"] == len(EVENTS)
    workspace.close()


def test_who_is_made_and_deleted_in_one_call_is_gone_after_a_restart(tmp_path: pathlib.Path) -> None:
    database = str(tmp_path / "workspace.sqlite")
    before = opened(database)
    before.take([identify({"anonymous_id": "a1"}, TIME), person_operation("delete", "u1")], batch=True)
    before.close()

    after = opened(database)
    after.take([event(1, identifiers={"anonymous_id": "a1"}, timestamp=TIME)], batch=True)
    assert views.activity(after)["activity"][0]["person"] is None
    after.close()
