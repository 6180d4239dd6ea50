"""Customer.io's official Node client against the sandbox: every method of the Track API, and the state read back."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import requests
from hamcrest import assert_that, contains_inanyorder, equal_to, has_entries, has_items

from customerio_beam.sandbox.server import running_sandbox
from tests.integration.tools import node_packages, tool

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def left_behind() -> dict[str, Any]:
    """What the workspace holds after the client called every method."""
    packages = node_packages()
    with running_sandbox() as sandbox:
        command = [tool("node"), str(packages / "every_method.mjs"), sandbox.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert_that(done.returncode, equal_to(0), done.stderr)
        names = ("people", "activity", "objects", "refused")
        state = {name: requests.get(f"{sandbox.url}/{name}.json", timeout=10).json()[name] for name in names}
        return {**state, "not called": json.loads(done.stdout)}


def test_every_method_is_called(left_behind: dict[str, Any]) -> None:
    assert_that(left_behind["not called"], equal_to([]))


def test_people_are_as_the_client_left_them(left_behind: dict[str, Any]) -> None:
    device = {"token": "t/1", "platform": "ios", "last_used": 1_700_000_000, "attributes": {"app_version": "2"}}
    attributes = has_entries(email="a@example.com", plan="pro", city="Graz", unsubscribed=True)
    everything = has_entries(id="a/b c", subscribed=False, attributes=attributes, devices=[device], segments=[7])
    form = has_entries(email="form@example.com", attributes=has_entries(first_name="Ann"))
    assert_that(left_behind["people"], contains_inanyorder(everything, form, has_entries(id="u3", segments=[])))


def test_activity_is_on_the_person(left_behind: dict[str, Any]) -> None:
    own = {line["name"] for line in left_behind["activity"] if (line["person"] or {}).get("id") == "a/b c"}
    assert_that(own, equal_to({"Bought", "Looked", "/pricing", "opened", "clicked", "unsubscribed"}))


def test_the_rest_is_there_too(left_behind: dict[str, Any]) -> None:
    assert_that(left_behind["objects"], has_items(has_entries(object_id="acme")))
    ignored = has_entries(message="nobody has the id 'nobody'; it was ignored", failed_later=True)
    assert_that(left_behind["refused"], contains_inanyorder(ignored))
