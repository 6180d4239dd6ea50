"""``WriteToCustomerIO``: Track API operations out of a pipeline into a Customer.io workspace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows

from customerio_beam.delivery.batching import Value
from customerio_beam.delivery.clock import Clock, SystemClock
from customerio_beam.delivery.credentials import CredentialsSource
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.transforms.deliver import (
    DeliverGroups,
    DeliverValues,
    DeliverWindowedGroups,
    DeliverWindowedValues,
)
from customerio_beam.transforms.outputs import with_dead_letters

__all__ = ["WriteResult", "WriteToCustomerIO", "to_shard"]


class WriteResult(NamedTuple):
    """What ``WriteToCustomerIO`` returns.

    Attributes:
        delivered: How many operations each request delivered.
        dead_letters: One JSON record for each operation that was not (see ``transforms.dead_letter``).
    """

    delivered: beam.PCollection[int]
    dead_letters: beam.PCollection[bytes]


class WriteToCustomerIO(beam.PTransform):
    """Delivers operations to Customer.io: at least once, which their ULIDs turn into exactly once in effect.

    Input: ``(person key, (event time in unix milliseconds, operation as JSON, original event as JSON))``. The key is
    16 bytes of hash, never an identifier: runners log hot keys. Bounded input is grouped by person and delivered in
    the order of event times (``ordering="none"`` skips that); unbounded input is batched for at most
    ``max_batch_delay_secs`` and ordered within each batch.

    A bundle succeeds only when every operation in it is answered: delivered, or in ``dead_letters``.

    Example:
        ::

            result = keyed_operations | WriteToCustomerIO(
                CredentialsSource(api_key=SecretVersion("projects/my-project/secrets/customerio-key")),
                DeliverySettings(account_region="eu", max_requests_per_second=200, max_num_workers=4),
            )
            result.dead_letters | beam.io.WriteToText("gs://my-bucket/dead-letters")
    """

    def __init__(
        self,
        credentials: CredentialsSource | None = None,
        settings: DeliverySettings | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        """Create the transform.

        Args:
            credentials: The source of the Site ID and the key; each worker fetches them. By default the environment
                variables ``CUSTOMERIO_SITE_ID`` and ``CUSTOMERIO_API_KEY``.
            settings: Everything else.
            clock: The time, and how to wait; the machine's by default.
        """
        super().__init__()
        self._credentials = credentials or CredentialsSource()
        self._settings = settings or DeliverySettings()
        self._clock = clock or SystemClock()

    def expand(self, operations: beam.PCollection[tuple[bytes, Value]]) -> WriteResult:
        """Group or batch as the input needs it, and deliver."""
        settings = self._settings
        arguments = (self._credentials, settings, self._clock)
        in_global_window = isinstance(operations.windowing.windowfn, GlobalWindows)
        deliver_groups = DeliverGroups if in_global_window else DeliverWindowedGroups
        if not operations.is_bounded:
            ready = (
                operations
                | "KeyByShard" >> beam.Map(to_shard, settings.num_shards).with_output_types(tuple[int, Value])
                | "BatchByShard"
                >> beam.GroupIntoBatches(
                    settings.max_batch_operations, max_buffering_duration_secs=settings.max_batch_delay_secs
                ).with_output_types(tuple[int, Iterable[Value]])
            )
            deliver: beam.DoFn = deliver_groups(*arguments)
        elif settings.ordering == "person":
            ready = operations | "GroupByPerson" >> beam.GroupByKey()
            deliver = deliver_groups(*arguments)
        else:
            ready = operations | "DropPerson" >> beam.Values().with_output_types(Value)
            deliver = (DeliverValues if in_global_window else DeliverWindowedValues)(*arguments)
        return WriteResult(*with_dead_letters(ready, "Deliver", deliver, main="delivered", element_type=int))


def to_shard(element: tuple[bytes, Value], num_shards: int) -> tuple[int, Value]:
    """Key an operation by its person's shard, 0 to ``num_shards`` - 1."""
    key, value = element
    return int.from_bytes(key[:8], "big") % num_shards, value
