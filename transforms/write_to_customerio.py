"""``WriteToCustomerIO``: Track API operations out of a pipeline into a Customer.io workspace."""

from __future__ import annotations

import apache_beam as beam

from customerio_beam.delivery.clock import Clock, SystemClock
from customerio_beam.delivery.credentials import CredentialsSource
from customerio_beam.delivery.settings import DeliverySettings
from customerio_beam.transforms.check_operations import CheckOperations
from customerio_beam.transforms.deliver import DeliverByShard, DeliverEach, WriteResult
from customerio_beam.transforms.error_handling import HandlesErrors

__all__ = ["WriteResult", "WriteToCustomerIO"]


class WriteToCustomerIO(HandlesErrors):
    """Deliver operations to Customer.io: at least once, which their ULIDs turn into exactly once in effect.

    Takes a ``PCollection`` of ``(person key, (event time in unix milliseconds, operation as JSON, event))``. The key is
    a hash, never an identifier: runners log hot keys. The event is an ``Origin``, or its JSON as ``bytes``. Returns a
    ``WriteResult``.

    Bounded input is grouped by shard (a hash of the person), and each person's operations are delivered in the order of
    their times; ``ordering="none"`` skips that. All anonymous operations are delivered before any identify that could
    claim them (``anonymous="as_is"`` skips that). Unbounded input is batched for at most ``max_batch_delay_secs`` and
    ordered within each batch.

    A bundle succeeds only when every operation in it is answered: delivered, or in ``dead_letters``.

    Example:
        ```
        result = mapped.operations | WriteToCustomerIO(
            CredentialsSource(api_key=SecretVersion("projects/my-project/secrets/customerio-key")),
            DeliverySettings(account_region="eu", max_requests_per_second=200, rate_workers=4),
        )
        result.dead_letters | beam.io.WriteToText("gs://my-bucket/dead-letters")
        ```

    Args:
        credentials: Where each worker fetches the Site ID and the key; by default the environment variables
            ``CUSTOMERIO_SITE_ID`` and ``CUSTOMERIO_API_KEY``.
        settings: All other choices.
        clock: The time, and how to wait; the machine's by default.
        block_folder: A folder that all workers share, for pipelines of files whose runner is processes of this machine:
            what crosses the shuffle is then there, and not in the runner's memory. Remove it after the run.
    """

    def __init__(
        self,
        credentials: CredentialsSource | None = None,
        settings: DeliverySettings | None = None,
        *,
        clock: Clock | None = None,
        block_folder: str | None = None,
    ) -> None:
        super().__init__()
        self._settings = settings or DeliverySettings()
        self._clock = clock or SystemClock()
        self._block_folder = block_folder
        self._arguments = (credentials or CredentialsSource(), self._settings, self._clock)

    def expand(self, operations: beam.PCollection) -> WriteResult:
        """Check, order as the input needs it, and deliver; see the class."""
        by_shard = not operations.is_bounded or self._settings.ordering == "person"
        if not operations.is_bounded or self._settings.anonymous == "as_is":
            checked = operations | "CheckOperations" >> CheckOperations(self._clock)
            written = [checked.operations | "Deliver" >> (self._by_shard() if by_shard else self._each())]
        elif by_shard:
            checked = operations | "CheckOperations" >> CheckOperations(self._clock, apart="anonymous")
            anonymous = checked.apart | "DeliverAnonymous" >> self._by_shard()
            written = [anonymous, checked.operations | "Deliver" >> self._by_shard(after=anonymous.delivered)]
        else:
            checked = operations | "CheckOperations" >> CheckOperations(self._clock, apart="claiming")
            others = checked.operations | "Deliver" >> self._each()
            written = [others, checked.apart | "DeliverClaiming" >> self._by_shard(after=others.delivered)]
        dead_letters = [checked.dead_letters, *(result.dead_letters for result in written)]
        return self.handled(
            WriteResult(
                [result.delivered for result in written] | "MergeDelivered" >> beam.Flatten(),
                dead_letters | "MergeDeadLetters" >> beam.Flatten(),
            )
        )

    def _by_shard(self, after: beam.PCollection | None = None) -> DeliverByShard:
        return DeliverByShard(*self._arguments, after=after, block_folder=self._block_folder)

    def _each(self) -> DeliverEach:
        return DeliverEach(*self._arguments)
