"""``--input_layout=segment``: exports of warehouse tables, out of Parquet, Avro and NDJSON."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet
import pytest
from hamcrest import assert_that, contains_exactly, contains_string, empty, equal_to, has_entries, has_length, not_

from customerio_beam.pipeline.main import run
from tests.pipeline.job import Job
from tests.reading.warehouse_tables import Row, row_of

pytestmark = pytest.mark.integration  # whole pipelines, one a test

LAYOUT = ("--input_layout=segment",)


def event(number: int) -> Row:
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"m-{number}",
        "userId": f"u-{number % 3}",
        "timestamp": f"2026-01-02T03:04:{number:02}.678Z",
        "originalTimestamp": f"2026-01-02T03:04:{number:02}.123Z",
        "properties": {"total": number + 0.5, "tags": ["a"]},
        "context": {"ip": "192.0.2.1"},
    }


EVENTS = [event(number) for number in range(10)]


def write_parquet(path: Path, rows: list[Row]) -> Path:
    pa.parquet.write_table(pa.Table.from_pylist(rows), path.with_suffix(".parquet"), row_group_size=3)
    return path.with_suffix(".parquet")


def write_pandas_parquet(path: Path, rows: list[Row]) -> Path:
    """Times in nanoseconds and with no zone, as pandas and Spark write them."""
    table = pa.Table.from_pylist(rows)
    for name in ("timestamp", "original_timestamp"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].cast(pa.timestamp("ns")))
    pa.parquet.write_table(table, path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def write_avro(path: Path, rows: list[Row]) -> Path:
    def column(value: Any) -> Any:
        kinds = {str: "string", float: "double", int: "long"}
        return kinds.get(type(value), {"type": "long", "logicalType": "timestamp-micros"})

    fields = [{"name": name, "type": ["null", column(value)]} for name, value in rows[0].items()]
    with path.with_suffix(".avro").open("wb") as file:
        fastavro.writer(file, {"type": "record", "name": "Row", "fields": fields}, rows, sync_interval=100)
    return path.with_suffix(".avro")


def write_bigquery_json(path: Path, rows: list[Row]) -> Path:
    lines = [
        json.dumps(row, default=lambda time: time.strftime("%Y-%m-%d %H:%M:%S.%f UTC")).encode() + b"\n" for row in rows
    ]
    path.with_suffix(".json.gz").write_bytes(gzip.compress(b"".join(lines)))
    return path.with_suffix(".json.gz")


WRITERS = (write_parquet, write_pandas_parquet, write_avro, write_bigquery_json)
writers = pytest.mark.parametrize("write", WRITERS, ids=lambda write: str(write.__name__).removeprefix("write_"))


def sent(job: Job) -> list[Row]:
    return sorted((row["operation"] for row in job.activity), key=lambda operation: str(operation["id"]))


@writers
def test_rows_are_sent_as_the_live_events_with_their_ids(job: Job, write: Callable[[Path, list[Row]], Path]) -> None:
    path = write(job.folder / "order_completed", [row_of(each) for each in EVENTS])
    summary = job.run_files(str(path), options=LAYOUT)
    of_rows = sent(job)
    assert_that(of_rows, has_length(10))
    job.run(*EVENTS)
    assert_that([row["operation"] for row in job.activity], has_length(10))  # Customer.io took none of them again
    assert_that(sent(job), equal_to(of_rows))
    size = path.stat().st_size
    counted = {name: count for (space, name), count in summary.counters.items() if space == "files"}
    assert_that(counted, equal_to({"matched": 1, "read": 1, "bytes": size, "bytes_read": size}))


def test_operations_of_rows_are_those_of_the_live_events(job: Job) -> None:
    write_parquet(job.folder / "order_completed", [row_of(each) for each in EVENTS])
    (job.folder / "live.ndjson").write_text("".join(json.dumps(each) + "\n" for each in EVENTS))
    operations = []
    for name, options in (("order_completed.parquet", LAYOUT), ("live.ndjson", ())):
        output = job.folder / f"{name}-operations.ndjson"
        job.run_files(f"{job.folder}/{name}", options=(f"--operations_output={output}", *options))
        operations.append(sorted(output.read_text().splitlines()))
    assert_that(operations[0], equal_to(operations[1]))


def test_tables_of_all_formats_are_read_side_by_side(job: Job) -> None:
    folder = job.folder / "export"
    (folder / "identifies").mkdir(parents=True)
    identify = {**event(1), "type": "identify", "traits": {"email": "ines@example.com", "plan": "pro"}}
    del identify["event"], identify["properties"]
    write_avro(folder / "identifies" / "part-0", [row_of(identify)])
    write_bigquery_json(folder / "order_completed", [row_of(event(2))])
    page = {**event(3), "type": "page", "name": "Pricing"}
    del page["event"]
    write_parquet(folder / "pages", [row_of(page)])
    job.run_files(f"{folder}/**", options=LAYOUT)
    assert_that(sorted(row["name"] for row in job.activity), contains_exactly("Order Completed", "Pricing"))
    [person] = [person for person in job.people if person["id"] == "u-1"]
    assert_that(person["attributes"], has_entries(plan="pro"))
    assert_that(job.dead_letters(), empty())


def test_what_cant_be_used_says_which_row_it_was(job: Job) -> None:
    write_parquet(job.folder / "order_completed", [row_of({**event(1), "event": " "})])
    write = job.folder / "refunded.ndjson"
    write.write_bytes(b'{"id": "m-2", "event_text": "Refunded", "user_id": "u"}\n{"cut": \n[1]\n')
    job.run_files(f"{job.folder}/order_completed.parquet", str(write), options=(*LAYOUT, "--allow_unusable"))
    records = sorted(job.dead_letters(), key=lambda record: str(record["reason"]))
    assert_that(
        records,
        contains_exactly(
            has_entries(reason="invalid_json", source={"file": str(write), "offset": 56}, payload='{"cut":'),
            has_entries(reason="missing_event_name", message_id="m-1"),
            has_entries(reason="missing_timestamp", message_id="m-2", source={"file": str(write), "offset": 0}),
            has_entries(reason="not_an_object", payload="1"),
        ),
    )
    assert_that(json.loads(records[1]["payload"]), has_entries(messageId="m-1", userId="u-1"))


def run_dry(folder: Path, *options: str) -> int:
    return run([*options, f"--operations_output={folder}/ops", f"--dead_letters={folder}/dead", *LAYOUT])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--input=tracks/*.parquet"], "is the table tracks of Segment's warehouse. Its rows lack their properties"),
        (["--input=users.avro"], "is the table users of Segment's warehouse"),
        (["--input={folder}/rows.ndjson", "--input_format=dead_letters"], "does not go with --input_format=dead_lett"),
    ],
)
def test_what_cant_be_rows_is_refused_before_anything_runs(
    tmp_path: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.ndjson").touch()
    assert_that(run_dry(tmp_path, *(option.format(folder=tmp_path) for option in options)), equal_to(2))
    assert_that(capsys.readouterr().err, contains_string(said))


def test_a_layout_is_for_files() -> None:
    stream = (
        "--input_subscription=projects/shop-data/subscriptions/s",
        "--dead_letter_topic=projects/shop-data/topics/t",
    )
    assert_that(run([*stream, *LAYOUT]), equal_to(2))


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-100])
    return path


def changed(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-16] + bytes(16))  # the mark after the last block
    return path


def renamed(path: Path) -> Path:
    return path.rename(path.with_name("order[1]" + path.suffix))


FAULTS: dict[str, tuple[Callable[[Path, list[Row]], Path], Callable[[Path], Path], str]] = {
    "a Parquet file that is cut off": (write_parquet, cut, "is damaged or cut off (Parquet"),
    "an Avro file that is cut off": (write_avro, cut, "is damaged or cut off (Avro"),
    "an Avro file that is damaged": (write_avro, changed, "is damaged or cut off (Avro"),
    "a name that Beam takes for a pattern": (write_avro, renamed, "(*, ? or [): rename it."),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_cant_be_read_fails_the_job_in_one_sentence(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write, spoil, said = FAULTS[fault]
    path = spoil(write(tmp_path / "order_completed", [row_of(each) for each in EVENTS]))
    assert_that(run_dry(tmp_path, f"--input={path}"), equal_to(1))
    last = capsys.readouterr().err.splitlines()[-1]
    assert_that(last, contains_string(f"The job failed: {path} "))
    assert_that(last, contains_string(said))


def test_rows_of_the_table_tracks_fail_the_job_whatever_the_files_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row_of({**event(1), "event": name, "properties": {}}) for name in ("Order Completed", "Refunded")]
    path = write_parquet(tmp_path / "part-0", rows)
    assert_that(run_dry(tmp_path, f"--input={path}"), equal_to(1))
    said = capsys.readouterr().err
    assert_that(said.splitlines()[-1], contains_string(f"{path} is the table tracks of Segment's warehouse. Its rows"))
    assert_that(said, not_(contains_string("Traceback")))
