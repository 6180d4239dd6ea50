"""The streaming job with a source that Prism can run; ``benchmarks.streaming_latency`` runs it as a process.

From the payloads on it is what the job is made of. What it can't deliver goes nowhere: the benchmark waits for
everything, and notices.
"""

from __future__ import annotations

import argparse

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from benchmarks.subscription_source import PullSubscription
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.transforms import KeyByPerson, MapToCustomerIO, ParseEvents, WriteToCustomerIO

__all__ = ["build"]


def build(pipeline: beam.Pipeline, subscription: str, pause_secs: float, settings: DeliverySettings) -> None:
    """Compose it.

    Args:
        pipeline: The pipeline to add it to.
        subscription: ``projects/PROJECT/subscriptions/NAME``.
        pause_secs: Seconds between two pulls.
        settings: Where and how to deliver.
    """
    parsed = pipeline | "ReadEvents" >> PullSubscription(subscription, pause_secs) | "ParseEvents" >> ParseEvents()
    mapped = parsed.events | "KeyByPerson" >> KeyByPerson() | "MapToCustomerIO" >> MapToCustomerIO()
    _ = mapped.operations | "WriteToCustomerIO" >> WriteToCustomerIO(settings=settings)


def main() -> None:
    """Run it until it is killed."""
    parser = argparse.ArgumentParser(description="Run the streaming job on a subscription, on Prism.")
    parser.add_argument("--subscription", required=True)
    parser.add_argument("--pause_secs", type=float, required=True)
    parser.add_argument("--track_endpoint", required=True)
    options, beams = parser.parse_known_args()
    with beam.Pipeline(options=PipelineOptions(beams)) as pipeline:
        build(
            pipeline,
            options.subscription,
            options.pause_secs,
            DeliverySettings(track_endpoint=options.track_endpoint),
        )


if __name__ == "__main__":
    main()
