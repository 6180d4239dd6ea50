"""Generated events: any JSON in any field, with a liking for what the mapping looks at."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from customerio_beam.mapping.settings import MappingSettings

__all__ = ["EVENTS", "JSON", "SETTINGS", "as_payload"]

_DATES = st.sampled_from(
    [
        "2024-05-06",
        "2024-05-06T07:08:09.123Z",
        "1969-12-31T23:59:59Z",
        "2024-02-30",
        "0000-00-00",
        "9999-12-31T23:59:59.999999999+23:59",
        "2026-11-24T10:00:00",
    ]
)
_LONG = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=5), st.integers(1, 900))
_TEXT = st.text(max_size=20) | _DATES | _LONG
_NUMBERS = (
    st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, -0.0, 1.0, 10**11, 10**11 + 1, 2**53 + 1, 2**63, 2**64, 10**30, 1e300])
)
_SCALARS = st.none() | st.booleans() | _NUMBERS | _TEXT

JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_TEXT, inner, max_size=5),
    max_leaves=20,
)

_IDS: st.SearchStrategy[Any] = (
    st.sampled_from(
        ["u1", "", " u1 ", "cio_1", "cio_", "ada@example.com", "+41446681800", "null", "x" * 151, 0, 7, 1.5, None, True]
    )
    | _TEXT
)
_TIMES = (
    st.sampled_from(
        [
            *(
                "2026-11-24T10:00:00Z",
                "20261124",
                "2026-11-24 10:00:00 UTC",
                "0001-01-01T00:00:00Z",
                "0000-00-00",
                "soon",
            ),
            *(1795514400, 1795514400123, 1795514400123456, 1795514400123456789, 20261124, 0, "", None, -1, 1e300),
            {"date": "2026-11-24 10:00:00.000000", "timezone_type": 3, "timezone": "Europe/Paris"},
        ]
    )
    | _SCALARS
)
_OBJECT_KEYS = {"objectId": _IDS, "objectTypeId": _IDS, "object_type_id": _IDS}

_TRAITS = st.fixed_dictionaries(
    {},
    optional={
        "email": _IDS,
        "phone": _IDS,
        "created_at": _TIMES,
        "createdAt": _TIMES,
        "created": _TIMES,
        "unsubscribed": _SCALARS,
        "_update": st.booleans(),
        "anonymous_id": _IDS,
        "objectAttributes": JSON | st.dictionaries(_TEXT, JSON, max_size=40),
        "relationshipAttributes": JSON | st.dictionaries(_TEXT, JSON, max_size=10),
        **_OBJECT_KEYS,
    },
).flatmap(
    lambda known: st.one_of(
        st.just(known),
        st.dictionaries(_TEXT, JSON, max_size=6).map(lambda more: {**more, **known}),
        st.integers(25, 80).map(lambda count: {**{f"t{n}": "\x01" * (n * 17) for n in range(count)}, **known}),
    )
)
_PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "name": _TEXT,
        "url": _TEXT,
        "path": _TEXT,
        "category": JSON,
        "full_name": JSON,
        "deliveryId": _IDS,
        "metric": st.sampled_from(["opened", "converted", "delivered", "clicked", "sent", 1]),
        "recipient": st.sampled_from(["tok-1", "ada@example.com", "+41446681800"]),
        "reason": _IDS,
        "device": JSON | st.fixed_dictionaries({"token": _TEXT}, optional={"type": st.sampled_from(["ios", "web"])}),
        "deviceToken": _TEXT,
        "token": _TEXT,
        "data": st.integers(0, 110_000).map(lambda size: "x" * size),
        **_OBJECT_KEYS,
    },
)
_CONTEXT = st.fixed_dictionaries(
    {},
    optional={
        "traits": _TRAITS | JSON,
        "page": JSON | st.fixed_dictionaries({"url": _TEXT}),
        "device": JSON
        | st.fixed_dictionaries(
            {"token": _TEXT}, optional={"type": st.sampled_from(["ios", "Android", "web"]) | JSON, "model": JSON}
        ),
        "os": JSON | st.fixed_dictionaries({"name": st.sampled_from(["iOS", "Android", "Tizen"]), "version": JSON}),
        "app": JSON,
        "locale": JSON,
        "groupId": _IDS,
    },
)
_NAMES = st.sampled_from(
    [
        "Application Installed",
        "Application Opened",
        "Application Uninstalled",
        "Device Created or Updated",
        "Device Deleted",
        "User Deleted",
        "User Suppressed",
        "User Unsuppressed",
        "Object Deleted",
        "Relationship Deleted",
        "Delete Relationship",
        "Report Delivery Event",
    ]
)

EVENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["identify", "track", "page", "screen", "group", "alias", "Track"]),
        "timestamp": _TIMES,
    },
    optional={
        "event": _NAMES | _TEXT | JSON,
        "name": _TEXT | JSON,
        "category": JSON,
        "userId": _IDS,
        "anonymousId": _IDS,
        "groupId": _IDS,
        "previousId": _IDS,
        "messageId": _IDS | st.just("01M86FYZ80ABCDEFGHJKMNPQRS"),
        "originalTimestamp": _TIMES,
        "sentAt": _TIMES,
        "receivedAt": _TIMES,
        "traits": _TRAITS | JSON,
        "properties": _PROPERTIES | st.dictionaries(_TEXT, JSON, max_size=6) | JSON,
        "context": _CONTEXT | JSON,
        "integrations": JSON | st.dictionaries(st.sampled_from(["All", "Customer.io"]), st.booleans(), min_size=1),
    },
)

SETTINGS = st.builds(
    MappingSettings,
    identify_by=st.sampled_from(["auto", "id", "email", "phone"]),
    integrations=st.sampled_from(["respect", "ignore"]),
    page_name=st.sampled_from(["name", "url"]),
    identify_timestamp=st.sampled_from(["event", "none"]),
    convert_dates=st.booleans(),
    max_attributes_per_identify=st.sampled_from([1, 2, 5, 30, 300]),
    oversize_attributes=st.sampled_from(["dead_letter", "send"]),
)


def as_payload(value: Any) -> bytes:
    """Write a generated value as a payload."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8")
