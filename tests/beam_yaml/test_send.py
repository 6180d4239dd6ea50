"""SendToCustomerIO, ParseCustomerIOEvents and MapToCustomerIO in YAML pipelines."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
import requests
from hamcrest import (
    assert_that,
    calling,
    contains_exactly,
    contains_inanyorder,
    empty,
    equal_to,
    has_entries,
    raises,
)

from customerio_beam.sandbox.server import RunningSandbox
from customerio_beam.transforms.error_handling import DeadLetterError
from tests.beam_yaml.conftest import RunYaml

pytestmark = pytest.mark.integration  # whole pipelines, one a test

Row = dict[str, Any]

ORDERED: Row = {
    "type": "track",
    "userId": "u1",
    "event": "Ordered",
    "messageId": "m1",
    "timestamp": "2026-01-02T03:04:05.678Z",
    "properties": {"total": 12.5, "coupon": "X"},
}
NOBODYS: Row = {**ORDERED, "userId": None, "messageId": "m2"}


def text(*events: Row) -> list[Row]:
    return [{"payload": json.dumps(event)} for event in events]


def create(rows: list[Row]) -> Row:
    return {"type": "Create", "name": "Read", "config": {"elements": rows}}


def send(sandbox: RunningSandbox, **config: Any) -> Row:
    return {
        "type": "SendToCustomerIO",
        "name": "Send",
        "input": "Read",
        "config": {"track_endpoint": sandbox.url, **config},
    }


def write(of: str, path: Path) -> Row:
    return {"type": "WriteToJson", "name": f"Write {of}", "input": of, "config": {"path": str(path)}}


def written(path: Path) -> list[Row]:
    return [json.loads(line) for file in path.parent.glob(f"{path.name}-*") for line in file.read_text().splitlines()]


def operations(sandbox: RunningSandbox) -> list[Row]:
    rows = requests.get(f"{sandbox.url}/activity.json", timeout=10).json()["activity"]
    return [row["operation"] for row in rows]


def names(sandbox: RunningSandbox) -> list[str]:
    return [operation["name"] for operation in operations(sandbox)]


def test_rows_of_a_parquet_file_are_events(run_yaml: RunYaml, sandbox: RunningSandbox, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    pa.parquet.write_table(pa.Table.from_pylist([ORDERED, {**ORDERED, "messageId": "m2", "properties": None}]), path)
    run_yaml({"type": "ReadFromParquet", "name": "Read", "config": {"path": str(path)}}, send(sandbox))
    assert_that(
        operations(sandbox),
        contains_inanyorder(
            has_entries(name="Ordered", identifiers={"id": "u1"}, attributes={"total": 12.5, "coupon": "X"}),
            has_entries(name="Ordered", attributes={}),
        ),
    )


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()], ids=str)
def test_the_field_payload_of_a_parquet_file_holds_events(
    run_yaml: RunYaml, sandbox: RunningSandbox, tmp_path: Path, kind: Any
) -> None:
    path = tmp_path / "events.parquet"
    batch = json.dumps({"batch": [ORDERED, {**ORDERED, "event": "Paid", "messageId": "m2"}]})
    schema = pa.schema([("id", pa.int64()), ("payload", kind)])
    rows = [{"id": 1, "payload": batch if kind == pa.string() else batch.encode()}, {"id": 2, "payload": None}]
    pa.parquet.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    run_yaml({"type": "ReadFromParquet", "name": "Read", "config": {"path": str(path)}}, send(sandbox))
    assert_that(names(sandbox), contains_inanyorder("Ordered", "Paid"))


def test_a_json_export_of_bigquery_is_events(run_yaml: RunYaml, sandbox: RunningSandbox, tmp_path: Path) -> None:
    path = tmp_path / "events-000000000000.json"
    exported = [
        # BigQuery writes 64-bit integers as text, times with a blank and UTC, and leaves nulls out.
        {**ORDERED, "timestamp": "2026-01-02 03:04:05.678 UTC", "properties": {"items": "3", "tags": ["a"]}},
        {**ORDERED, "messageId": "m2", "event": "Paid", "timestamp": "2026-01-02 03:04:06 UTC", "properties": {}},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in exported))
    config = {"path": str(path), "objects_as_strings": False}  # by default Beam writes objects as Python does
    run_yaml({"type": "ReadFromJson", "name": "Read", "config": config}, send(sandbox))
    assert_that(
        operations(sandbox),
        contains_inanyorder(
            has_entries(name="Ordered", timestamp=1767323045, attributes={"items": "3", "tags": ["a"]}),
            has_entries(name="Paid", timestamp=1767323046, attributes={}),
        ),
    )


def test_a_json_export_of_payloads_is_events(run_yaml: RunYaml, sandbox: RunningSandbox, tmp_path: Path) -> None:
    path = tmp_path / "events-000000000000.json"
    rows = text(ORDERED, {**ORDERED, "event": "Paid", "messageId": "m2"})
    path.write_text("".join(json.dumps({"loaded_at": "2026-01-02 03:04:05 UTC", **row}) + "\n" for row in rows))
    run_yaml({"type": "ReadFromJson", "name": "Read", "config": {"path": str(path)}}, send(sandbox))
    assert_that(names(sandbox), contains_inanyorder("Ordered", "Paid"))


def test_lines_of_text_are_events_once_they_are_called_payload(
    run_yaml: RunYaml, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(json.dumps(ORDERED) + "\n")
    run_yaml(
        {"type": "ReadFromText", "config": {"path": str(path)}},
        {"type": "MapToFields", "config": {"fields": {"payload": "line"}}},
        {"type": "SendToCustomerIO", "config": {"track_endpoint": sandbox.url}},
        kind="chain",
    )
    assert_that(operations(sandbox), contains_exactly(has_entries(name="Ordered", attributes=ORDERED["properties"])))


def test_dead_letters_are_rows_of_the_output_that_is_named(
    run_yaml: RunYaml, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    rows = [*text(ORDERED, NOBODYS), {"payload": "{"}]
    errors, delivered = tmp_path / "errors", tmp_path / "delivered"
    run_yaml(
        create(rows),
        send(sandbox, error_handling={"output": "errors"}),
        write("Send.errors", errors),
        write("Send.delivered", delivered),
    )
    assert_that(
        written(errors),
        contains_inanyorder(
            {
                "reason": "missing_identity",
                "stage": "map",
                "retryable": False,
                "detail": "The event has no userId, no email and no anonymousId.",
                "payload": rows[1]["payload"],
            },
            has_entries(reason="invalid_json", stage="parse", payload="{"),
        ),
    )
    assert_that(names(sandbox), equal_to(["Ordered"]))
    assert_that(written(delivered), equal_to([{"operations": 1}]))


def test_without_error_handling_a_dead_letter_fails_the_pipeline(run_yaml: RunYaml, sandbox: RunningSandbox) -> None:
    assert_that(
        calling(run_yaml).with_args(create(text(NOBODYS)), send(sandbox)),
        raises(DeadLetterError, r"missing_identity \(stage map message_id='m2'\): The event has no userId"),
    )


def test_events_of_today_are_held_as_in_a_backfill(run_yaml: RunYaml, sandbox: RunningSandbox, tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    rows = text({**ORDERED, "timestamp": now})
    errors = tmp_path / "errors"
    run_yaml(create(rows), send(sandbox, error_handling={"output": "errors"}), write("Send.errors", errors))
    assert_that(written(errors), contains_exactly(has_entries(reason="recent_event", retryable=True)))
    run_yaml(create(rows), send(sandbox, backfill_recent="send"))
    assert_that(names(sandbox), equal_to(["Ordered"]))


def test_the_three_transforms_form_a_chain(run_yaml: RunYaml, sandbox: RunningSandbox) -> None:
    identify = {**ORDERED, "type": "identify", "messageId": "m2", "traits": {"a": 1, "b": 2, "c": 3}}
    run_yaml(
        create(text(ORDERED, identify, {**ORDERED, "event": "Secret", "messageId": "m3"})),
        {"type": "ParseCustomerIOEvents"},
        {"type": "Filter", "config": {"language": "python", "keep": "name != 'Secret'"}},
        {"type": "MapToCustomerIO", "config": {"max_attributes_per_identify": 2}},
        {"type": "SendToCustomerIO", "config": {"track_endpoint": sandbox.url}},
        kind="chain",
    )
    assert_that(names(sandbox), equal_to(["Ordered"]))
    people = requests.get(f"{sandbox.url}/people.json", timeout=10).json()["people"]
    assert_that(people, contains_exactly(has_entries(id="u1", attributes=has_entries(a=1, b=2, c=3))))


def test_rows_of_parsed_events_say_what_they_are(run_yaml: RunYaml, tmp_path: Path) -> None:
    run_yaml(
        create(text(ORDERED)),
        {"type": "ParseCustomerIOEvents", "name": "Parse", "input": "Read"},
        write("Parse", tmp_path / "rows"),
    )
    event = has_entries(type="track", name="Ordered", user_id="u1", message_id="m1", time_ms=1767323045678)
    assert_that(written(tmp_path / "rows"), contains_exactly(event))


@pytest.mark.parametrize("config", [{"max_batch_operations": 0}, {"max_batch_delay_secs": 1}], ids=str)
def test_a_config_that_cant_be_right_fails_before_anything_runs(
    run_yaml: RunYaml, sandbox: RunningSandbox, config: Row
) -> None:
    [name] = config
    with pytest.raises(ValueError, match=rf'"Send".*{name} (must be|is for)'):
        run_yaml(create(text(ORDERED)), send(sandbox, **config))
    assert_that(operations(sandbox), empty())


def test_settings_of_the_mapping_are_refused_for_operations(run_yaml: RunYaml, sandbox: RunningSandbox) -> None:
    transforms = (
        create(text(ORDERED)),
        {"type": "MapToCustomerIO"},
        {"type": "SendToCustomerIO", "config": {"track_endpoint": sandbox.url, "identify_by": "id"}},
    )
    with pytest.raises(ValueError, match="identify_by: for events only, and the input has operations"):
        run_yaml(*transforms, kind="chain")


def test_an_input_without_rows_fails_by_name(run_yaml: RunYaml, sandbox: RunningSandbox) -> None:
    numbers = {
        "type": "PyTransform",
        "name": "Read",
        "input": {},
        "config": {"constructor": "apache_beam.Create", "kwargs": {"values": [1]}},
    }
    with pytest.raises(TypeError, match="The input must be rows, not int"):
        run_yaml(numbers, send(sandbox))
