"""A Pub/Sub source that Prism can run: a splittable DoFn that pulls.

Beam's own ``ReadFromPubSub`` is run by Dataflow, and by the old local runner, which takes ten messages a pull. This one
takes a thousand, and acknowledges them once the runner has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.utils.timestamp import Duration, Timestamp
from google.cloud import pubsub_v1

__all__ = ["PullSubscription"]

#: The most messages that Pub/Sub gives out in one pull.
_MAX_MESSAGES = 1_000
#: Pulls are numbered; there is no last one.
_ENDLESS = 1 << 62


class _Pulls(RestrictionProvider):  # type: ignore[misc]
    """The pulls that are still to be made of a subscription."""

    def initial_restriction(self, element: str) -> OffsetRange:
        return OffsetRange(0, _ENDLESS)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return OffsetRestrictionTracker(restriction)

    def restriction_size(self, element: str, restriction: OffsetRange) -> int:
        return 1

    def split(self, element: str, restriction: OffsetRange) -> Iterator[OffsetRange]:
        yield restriction  # two sides would only take turns at the same subscription


_STILL_TO_PULL = beam.DoFn.RestrictionParam(_Pulls())


class _Pull(beam.DoFn):  # type: ignore[misc]
    """Makes one pull of a subscription, and asks to be called again."""

    def __init__(self, pause_secs: float) -> None:
        self._pause_secs = pause_secs

    def setup(self) -> None:
        self._subscriber = pubsub_v1.SubscriberClient()

    def teardown(self) -> None:
        self._subscriber.close()

    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        subscription: str,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,  # Beam passes this one by position, the tracker by name
        tracker: Any = _STILL_TO_PULL,
    ) -> Iterator[Any]:
        if not tracker.try_claim(tracker.current_restriction().start):
            return
        received = self._subscriber.pull(subscription=subscription, max_messages=_MAX_MESSAGES).received_messages
        for each in received:
            published = Timestamp.from_utc_datetime(each.message.publish_time)
            yield beam.window.TimestampedValue(each.message.data, published)
        # Registered after empty pulls too: Prism takes it for an error where a bundle has nothing to finalize.
        finalizer.register(lambda: self._acknowledge(subscription, [each.ack_id for each in received]))
        # A full pull has left some behind.
        pause_secs = 0 if len(received) == _MAX_MESSAGES else self._pause_secs
        tracker.defer_remainder(Duration.of(pause_secs))

    def _acknowledge(self, subscription: str, ids: list[str]) -> None:
        if ids:
            self._subscriber.acknowledge(subscription=subscription, ack_ids=ids)


class PullSubscription(beam.PTransform):  # type: ignore[misc]
    """Read a subscription: ``PBegin`` to ``PCollection[bytes]``, each stamped with its publish time.

    Args:
        subscription: ``projects/PROJECT/subscriptions/NAME``.
        pause_secs: Seconds between two pulls. Prism lets no timer of a key fire while data for that key waits or is
            worked on, so that a source without pauses keeps batches from going out.
    """

    def __init__(self, subscription: str, pause_secs: float) -> None:
        super().__init__()
        self._subscription = subscription
        self._pause_secs = pause_secs

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """Wire the pulling; see the class."""
        return (
            begin
            | "Name subscription" >> beam.Create([self._subscription])
            | "Pull" >> beam.ParDo(_Pull(self._pause_secs)).with_output_types(bytes)
        )
