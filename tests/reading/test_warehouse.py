"""Rows of Segment's warehouse tables become the events that they were made of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hamcrest import assert_that, equal_to, has_entries, has_key, instance_of, not_

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.errors import UnreadableFileError
from customerio_beam.reading.events import read_events
from customerio_beam.reading.rows import json_of
from customerio_beam.reading.warehouse import WarehouseRows, check_path
from tests.reading.warehouse_tables import Row, row_of

TIMES = {
    "timestamp": "2026-01-02T03:04:05.678Z",
    "originalTimestamp": "2026-01-02T03:04:01.234Z",
    "sentAt": "2026-01-02T03:04:06.000Z",
    "receivedAt": "2026-01-02T03:04:07.000Z",
}
COMMON = {"messageId": "m-1", "userId": "u-1", "anonymousId": "a-1", **TIMES}
CONTEXT = {
    "app": {"version": "1.2"},
    "device": {"token": "tok", "type": "ios", "model": "iPhone"},
    "os": {"name": "iOS", "version": "19"},
    "locale": "de-DE",
    "page": {"url": "https://shop.example/a_b"},
    "traits": {"email": "ines@example.com"},
    "groupId": "g-1",
    "userAgent": "Mozilla/5.0",
    "ip": "192.0.2.1",
}

#: Live events, and the path of the file that their rows are in.
LIVE: dict[str, Row] = {
    "order_completed/000.parquet": {
        **COMMON,
        "type": "track",
        "event": "Order Completed",
        "properties": {"total": 12.5, "items": 3, "tags": ["a", "b"], "when": "2026-01-01T00:00:00Z"},
        "context": CONTEXT,
    },
    "anonymous_event.avro": {
        **{name: value for name, value in COMMON.items() if name != "userId"},
        "type": "track",
        "event": "Banner Seen",
        "properties": {"banner": "x"},
    },
    "prod/application_opened-001.json": {
        **COMMON,
        "type": "track",
        "event": "Application Opened",
        "properties": {"build": 7},
        "context": CONTEXT,
    },
    "device_created_or_updated.json": {
        **COMMON,
        "type": "track",
        "event": "Device Created or Updated",
        "properties": {"device_token": "tok-2"},
        "context": {"os": {"name": "android"}},
    },
    "report_delivery_event.json": {
        **COMMON,
        "type": "track",
        "event": "Report Delivery Event",
        "properties": {"deliveryId": "d-1", "metric": "clicked", "href": "https://shop.example"},
    },
    "object_deleted.json": {
        **COMMON,
        "type": "track",
        "event": "Object Deleted",
        "properties": {"objectId": "o-1", "objectTypeId": "2"},
    },
    "gs://bucket/prod/pages/dt=2026-01-02/part-0.parquet": {
        **COMMON,
        "type": "page",
        "name": "Pricing",
        "category": "Docs",
        "properties": {"name": "Pricing", "category": "Docs", "url": "https://shop.example/pricing"},
        "context": CONTEXT,
    },
    "pages_000000000000.json": {**COMMON, "type": "page", "properties": {"url": "https://shop.example/pricing"}},
    "prod.screens.ndjson.gz": {**COMMON, "type": "screen", "name": "Home", "properties": {"name": "Home"}},
    "identifies/000.parquet": {
        **COMMON,
        "type": "identify",
        "traits": {
            "email": "ines@example.com",
            "created_at": "2025-01-01T00:00:00Z",
            "plan": "pro",
            "cio_subscription_preferences": {"topics": {"topic_1": True, "topic_2": False}},
            "unsubscribed": True,
        },
        "context": CONTEXT,
    },
    "related/identifies.json": {
        **COMMON,
        "type": "identify",
        "traits": {"objectId": "o-1", "object_type_id": "3", "relationshipAttributes": {"role": "owner"}},
    },
    "groups.parquet": {
        **COMMON,
        "type": "group",
        "groupId": "g-1",
        "traits": {"name": "Initech", "objectAttributes": {"size": 7}},
    },
    "aliases.avro": {**COMMON, "type": "alias", "previousId": "u-0"},
}


def operations(text: bytes) -> list[Row]:
    [event] = read_events(text)
    assert_that(event, instance_of(Event))
    return [json.loads(operation) for operation in map_event(event, MappingSettings()).operations]


@pytest.mark.parametrize("path", LIVE)
def test_a_row_makes_the_operations_of_the_live_event_with_their_ids(path: str) -> None:
    live = operations(json.dumps(LIVE[path]).encode())
    assert_that(operations(WarehouseRows().event(path, row_of(LIVE[path]))), equal_to(live))


def test_the_event_of_a_browser_has_the_id_of_its_row() -> None:
    # The library sends the original time as ``timestamp``; Segment moves it to ``original_timestamp``.
    browsers = {**LIVE["order_completed/000.parquet"], "timestamp": TIMES["originalTimestamp"]}
    del browsers["originalTimestamp"]
    row = row_of(LIVE["order_completed/000.parquet"])
    [live], [replayed] = operations(json.dumps(browsers).encode()), operations(WarehouseRows().event("", row))
    assert_that(replayed["id"], equal_to(live["id"]))


def event_of(row: Row, path: str = "signed_up.parquet") -> Row:
    event: Row = json.loads(WarehouseRows().event(path, row))
    return event


def test_columns_in_capitals_are_read() -> None:
    row = {name.upper(): value for name, value in row_of(LIVE["order_completed/000.parquet"]).items()}
    assert_that(event_of(row), has_entries(type="track", event="Order Completed", messageId="m-1"))


def test_columns_of_the_connector_are_no_properties() -> None:
    row = {"id": "1", "event": "paid", "event_text": "Paid", "uuid": 1, "uuid_ts": "x", "loaded_at": "x", "sum": 1}
    assert_that(event_of(row)["properties"], equal_to({"sum": 1}))


def test_empty_columns_are_missing() -> None:
    row = {"id": "1", "event_text": "Paid", "sum": None, "ratio": float("nan"), "context_ip": None}
    assert_that(event_of(row), has_entries(properties={}, context={}))


def test_text_that_only_looks_like_a_list_stays_text() -> None:
    row = {"id": "1", "event_text": "Paid", "note": "[see below]", "tags": '["a"]'}
    assert_that(event_of(row)["properties"], equal_to({"note": "[see below]", "tags": ["a"]}))


def test_an_object_id_without_a_type_is_an_attribute() -> None:
    event = event_of({"id": "1", "user_id": "u", "object_id": "o"}, "identifies.json")
    assert_that(event["traits"], equal_to({"object_id": "o"}))


def test_rows_of_groups_and_aliases_are_told_by_their_columns() -> None:
    assert_that(event_of({"id": "1", "group_id": "g"}, "part-0.avro"), has_entries(type="group", groupId="g"))
    assert_that(event_of({"id": "1", "previous_id": "p"}, "part-0.avro"), has_entries(type="alias", previousId="p"))


TRACKS = [
    {"id": str(number), "event": name, "event_text": name, "user_id": "u", "context_ip": "192.0.2.1"}
    for number, name in enumerate(("paid", "refunded"))
]


@pytest.mark.parametrize("path", ["tracks/000.parquet", "tracks.ndjson", "gs://b/prod/tracks-0001.avro", "tracks/*"])
def test_the_table_tracks_is_refused_by_its_name_with_the_reason(path: str) -> None:
    with pytest.raises(UnreadableFileError, match=r"is the table tracks .* lack their properties"):
        check_path(path)
    with pytest.raises(UnreadableFileError, match=r"is the table tracks .* lack their properties"):
        WarehouseRows().event(path, TRACKS[0])


def test_the_table_tracks_is_known_by_its_rows_too() -> None:
    rows = WarehouseRows()
    rows.event("part-0.parquet", TRACKS[0])
    with pytest.raises(UnreadableFileError, match=r"^part-0\.parquet is the table tracks"):
        rows.event("part-0.parquet", TRACKS[1])


def test_an_event_without_properties_has_a_table_too() -> None:
    rows = WarehouseRows()
    for _ in range(2):
        assert_that(json.loads(rows.event("paid.parquet", TRACKS[0])), has_entries(event="paid", properties={}))


def test_rows_of_several_events_with_properties_are_read() -> None:
    rows = WarehouseRows()
    rows.event("union.parquet", {**TRACKS[0], "sum": 1})
    assert_that(json.loads(rows.event("union.parquet", TRACKS[1])), not_(has_key("sum")))


@pytest.mark.parametrize(("table", "instead"), [("users", "identifies"), ("accounts", "groups")])
def test_tables_of_latest_traits_are_refused(table: str, instead: str) -> None:
    row = {"id": "u-1", "email": "ines@example.com"}
    for refuse in (lambda: check_path(f"{table}.parquet"), lambda: WarehouseRows().event(f"{table}/0.parquet", row)):
        with pytest.raises(UnreadableFileError, match=f"is the table {table} .* Read the table {instead} instead"):
            refuse()


@pytest.mark.parametrize("path", ["/Users/ines/export/signed_up.ndjson", "/srv/tracks/export/signed_up.ndjson"])
def test_a_folder_far_above_is_no_table(path: str) -> None:
    check_path(path)
    assert_that(event_of({"id": "1", "event_text": "Signed Up", "plan": "pro"}, path), has_entries(type="track"))


def test_rows_of_no_table_that_can_be_told_are_refused() -> None:
    with pytest.raises(UnreadableFileError, match=r"^part-0\.parquet has rows of no table .* identifies, groups"):
        event_of({"id": "1", "user_id": "u"}, "part-0.parquet")


@pytest.mark.parametrize("value", [float("inf"), "\ud800"])
def test_what_json_has_not_is_refused_by_the_reader_of_events(value: Any) -> None:
    [outcome] = read_events(json_of({"type": "track", "event": "Paid", "properties": {"ratio": value}}))
    assert_that(getattr(outcome, "reason", None), equal_to("invalid_json"))
