"""The id of an event, page or screen operation."""

from __future__ import annotations

from typing import Any

from tests.cases.case import Case, about, event, operation

U1 = {"id": "u1"}
_ULID = "01M86FYZ80ABCDEFGHJKMNPQRS"


def _case(rule: str, ulid: str, *, shown: bool = True, **fields: Any) -> Case:
    return about(
        rule,
        event("track", userId="u1", event="Ordered", **fields),
        {**operation("event", U1, "Ordered"), "id": ulid},
        shown=shown,
    )


CASES = [
    _case("A messageId that is a ULID is the id", _ULID, messageId=_ULID),
    _case("In lower case too", _ULID, messageId=_ULID.lower(), shown=False),
    _case("A UUID is not a ULID", "01M86FYZ80B8SVCAZJCFB8M4BM", messageId="7c9e6679-7425-40de-944b-e07fc1f90ae7"),
    _case(
        "Nor is a text with letters that a ULID has not",
        "01M86FYZ80Y6QRY3NDATEXTSF2",
        messageId="01M86FYZ80ABCDEFGHIJKLMNOP",
        shown=False,
    ),
    _case("Nor one that says more than 128 bits", "01M86FYZ80JAM4BQ4K973X67N1", messageId="8" + _ULID[1:], shown=False),
    _case(
        "Sent again: the same id",
        "01M86FYZ80GN1ZQCHKBEY8FWP7",
        sentAt="2026-11-24T18:00:00Z",
        receivedAt="2026-11-24T18:00:01Z",
    ),
    _case("Without a messageId the whole event makes it", "01M86FYZ80Z39AB24426Q8ETNA", messageId=None),
]
