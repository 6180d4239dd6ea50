"""The nightly job of a shop: its orders, with what the shop knows about the buyer, become events in Customer.io.

The orders are the shop's own records, in no format of anybody else. ``customerio_beam`` maps the events that this
pipeline makes of them, and delivers these.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms.error_handling import ErrorHandler

import customerio_beam as cio


def to_event(line: bytes, customers: dict[str, dict[str, str]]) -> Iterator[bytes]:
    """Make an event of an order; none of a test order."""
    order = json.loads(line)
    if order["is_test"]:
        Metrics.counter("shop", "test_orders").inc()
        return
    customer = customers.get(order["customer"], {})
    event: dict[str, Any] = {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"order-{order['number']}",  # the same in every run, so that no order is sent twice
        "userId": order["customer"],
        "timestamp": order["placed_at"],
        "properties": {
            "order_id": order["number"],
            "total": order["cents"] / 100,
            "loyalty_tier": customer.get("tier", "none"),
        },
        "context": {"traits": {"email": customer["email"]}} if "email" in customer else {},
    }
    yield json.dumps(event).encode()


def read_customers(path: str) -> dict[str, dict[str, str]]:
    """Read the table of customers, a CSV file with the columns id, email and tier."""
    with FileSystems.open(path) as file:
        return {row["id"]: row for row in csv.DictReader(io.TextIOWrapper(file, "utf-8"))}


def run(argv: list[str] | None = None) -> None:
    """Run the pipeline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", required=True, help="the orders: NDJSON files")
    parser.add_argument("--customers", required=True, help="the customers: a CSV file")
    parser.add_argument("--dead_letters", required=True, help="path prefix of the files for what can't be sent")
    parser.add_argument("--track_endpoint", help="URL of a sandbox, instead of Customer.io")
    parser.add_argument("--api_key_secret", help="Secret Manager secret of the key; else CUSTOMERIO_API_KEY is used")
    arguments, beam_arguments = parser.parse_known_args(argv)

    credentials = cio.CredentialsSource()
    if arguments.api_key_secret:
        credentials = cio.CredentialsSource(api_key=cio.SecretVersion(arguments.api_key_secret))
    write_dead_letters = beam.io.WriteToText(
        arguments.dead_letters, file_name_suffix=".ndjson", coder=beam.coders.BytesCoder(), skip_if_empty=True
    )

    with (
        beam.Pipeline(options=PipelineOptions(beam_arguments)) as pipeline,
        ErrorHandler(write_dead_letters) as dead_letters,
    ):
        customers = (
            pipeline
            | "NameCustomers" >> beam.Create([arguments.customers])
            | "ReadCustomers" >> beam.FlatMap(lambda path: read_customers(path).items())
        )
        events = (
            pipeline
            | "ReadOrders" >> beam.io.ReadFromText(arguments.orders, coder=beam.coders.BytesCoder())
            | "ToEvents" >> beam.FlatMap(to_event, beam.pvalue.AsDict(customers)).with_output_types(bytes)
        )
        parsed = events | "ParseEvents" >> cio.ParseEvents().with_error_handler(dead_letters)
        mapped = (
            parsed.events
            | "KeyByPerson" >> cio.KeyByPerson()
            | "MapToCustomerIO" >> cio.MapToCustomerIO().with_error_handler(dead_letters)
        )
        settings = cio.DeliverySettings(track_endpoint=arguments.track_endpoint)
        write = cio.WriteToCustomerIO(credentials, settings)
        _ = mapped.operations | "WriteToCustomerIO" >> write.with_error_handler(dead_letters)


if __name__ == "__main__":
    run()
