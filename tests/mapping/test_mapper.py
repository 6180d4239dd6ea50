"""What the mapping says about an event beside its operations, and what it depends on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hamcrest import assert_that, equal_to, instance_of, not_none

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapped import Mapped
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from tests.helpers.payloads import read_payload

ROOT = Path(__file__).parents[2]


def _map(**fields: Any) -> Mapped:
    [event] = read_payload(json.dumps({"userId": "u1", "timestamp": 1795514400, "messageId": "m", **fields}).encode())
    assert_that(event, instance_of(Event))
    return map_event(event, MappingSettings())


@pytest.mark.parametrize(
    ("fields", "truncated"),
    [
        ({"type": "track", "event": "x" * 101}, 1),
        ({"type": "page", "name": "x" * 101}, 1),
        ({"type": "track", "event": "x" * 100}, 0),
        ({"type": "track", "event": "  Ordered  "}, 0),
        ({"type": "track", "event": "Ada", "properties": {"full_name": "Ada Lovelace"}}, 0),
        ({"type": "identify", "traits": {"name": "x", "full_name": "x" * 101}}, 0),
    ],
    ids=["a long event", "a long page", "100 bytes", "trimmed", "a property full_name", "a trait full_name"],
)
def test_counts_the_names_it_cut(fields: dict[str, Any], truncated: int) -> None:
    assert_that(_map(**fields).names_truncated, equal_to(truncated))


def test_an_attribute_that_is_too_long_can_be_found_again() -> None:
    [part] = _map(type="identify", traits={"bio": "é" * 600, "plan": "pro"}).unsent

    assert_that(part.attribute, not_none())
    assert_that(part.attribute[:3], equal_to(("bio", 1200, "é" * 600)))


def test_a_name_that_is_too_long_is_measured_itself() -> None:
    [part] = _map(type="identify", traits={"n" * 151: 7}).unsent

    assert_that(part.attribute, not_none())
    assert_that(part.attribute[:3], equal_to(("n" * 151, 151, 7)))


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"identify_by": "name"}, "identify_by must be one of auto, id, email, phone, not 'name'"),
        ({"integrations": "obey"}, "integrations must be one of respect, ignore, not 'obey'"),
        ({"page_name": "path"}, "page_name must be one of name, url, not 'path'"),
        ({"identify_timestamp": None}, "identify_timestamp must be one of event, none, not None"),
        ({"max_attributes_per_identify": 0}, "max_attributes_per_identify must be .* not 0"),
        ({"max_attributes_per_identify": 301}, "max_attributes_per_identify must be .* not 301"),
        ({"oversize_attributes": "drop"}, "oversize_attributes must be .* not 'drop'"),
    ],
)
def test_refuses_choices_that_it_does_not_know(choices: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MappingSettings(**choices)
