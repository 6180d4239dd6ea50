"""The text that a dead letter keeps."""

from __future__ import annotations

import json

from hamcrest import assert_that, equal_to

from customerio_beam.mapping.origin import Origin

_EVENT = b'{"type": "track", "event": "Ordered"}'


def test_an_event_alone_is_kept_as_it_came() -> None:
    assert_that(Origin(_EVENT).payload(), equal_to(_EVENT))


def test_a_member_is_kept_with_its_envelopes_defaults() -> None:
    payload = Origin(_EVENT, defaults=b'"sentAt":"2026-11-24T10:00:00Z"').payload()

    assert_that(json.loads(payload), equal_to({"batch": [json.loads(_EVENT)], "sentAt": "2026-11-24T10:00:00Z"}))
