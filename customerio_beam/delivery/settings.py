"""Everything about delivery that a user can set, and none of it secret."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from customerio_beam.delivery.endpoint import track_url
from customerio_beam.mapping.limits import MAX_OPERATION_BYTES

__all__ = ["DeliverySettings"]

#: The most bytes that a batch request's body may have (Track API reference: "500kb"; decimal, to be safe).
_MAX_BATCH_BYTES = 500_000


@dataclass(frozen=True)
class DeliverySettings:
    """Settings of ``WriteToCustomerIO``, named like the pipeline's options. Picklable; holds no secrets.

    Attributes:
        account_region: Where the Customer.io account lives: ``us`` or ``eu``.
        track_endpoint: A base URL to use instead of the region's: https, or http on loopback.
        max_requests_per_second: The workspace's budget in requests per second, over all workers. Every attempt
            counts, retries and v1 calls too.
        max_num_workers: How many workers (machines) share that budget; each gets an equal part.
        rate_limit_service: ``HOST:PORT`` of an Envoy rate limit service that gives out the budget exactly, in place
            of equal parts. ``max_requests_per_second`` is then the most that one worker may use.
        max_batch_bytes: The most bytes of a request's body; Customer.io takes 500,000.
        max_batch_operations: The most operations of one request.
        max_in_flight_requests: Requests that one bundle keeps in flight (lanes).
        ordering: For bounded input: ``person`` delivers each person's operations in the order of their event times;
            ``none`` skips the grouping that this needs.
        max_batch_delay_secs: For unbounded input: the most seconds that an operation waits for its batch to fill.
        num_shards: For unbounded input: how many batches fill side by side. A person is always in the same one.
        max_retry_secs: The most seconds that one request is retried for.
        on_exhausted: What happens then: ``fail`` fails the bundle, so that the runner tries again; ``dead_letter``
            records the operations as ``retries_exhausted`` and goes on.
        connect_timeout_secs: Seconds until a connection must stand.
        read_timeout_secs: Seconds until an answer must begin, and the longest pause within it.
        max_sort_bytes: Bytes of one person's operations that are sorted in memory; more than that goes through a
            temporary file.
    """

    account_region: Literal["us", "eu"] = "us"
    track_endpoint: str | None = None
    max_requests_per_second: float = 100.0
    max_num_workers: int = 1
    rate_limit_service: str | None = None
    max_batch_bytes: int = _MAX_BATCH_BYTES
    max_batch_operations: int = 1_000
    max_in_flight_requests: int = 8
    ordering: Literal["person", "none"] = "person"
    max_batch_delay_secs: float = 2.0
    num_shards: int = 8
    max_retry_secs: float = 600.0
    on_exhausted: Literal["fail", "dead_letter"] = "fail"
    connect_timeout_secs: float = 10.0
    read_timeout_secs: float = 60.0
    max_sort_bytes: int = 64_000_000

    def __post_init__(self) -> None:
        """Refuse what can't work, naming the option.

        Raises:
            ValueError: A value out of its range.
        """
        track_url(self.account_region, self.track_endpoint)
        for name in (
            "max_requests_per_second",
            "max_batch_delay_secs",
            "max_retry_secs",
            "connect_timeout_secs",
            "read_timeout_secs",
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"--{name} must be a number above 0, not {value!r}.")
        for name in ("max_num_workers", "max_batch_operations", "max_in_flight_requests", "num_shards"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"--{name} must be at least 1, not {value!r}.")
        least = 2 * MAX_OPERATION_BYTES
        if not least <= self.max_batch_bytes <= _MAX_BATCH_BYTES:
            raise ValueError(
                f"--max_batch_bytes must be between {least} and {_MAX_BATCH_BYTES}, not {self.max_batch_bytes!r}."
            )
        if self.max_sort_bytes < 1_000_000:
            raise ValueError(f"--max_sort_bytes must be at least 1000000, not {self.max_sort_bytes!r}.")
        for name, choices in (("ordering", ("person", "none")), ("on_exhausted", ("fail", "dead_letter"))):
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(f"--{name} must be one of {', '.join(choices)}, not {value!r}.")
        if self.rate_limit_service is not None:
            _check_host_port(self.rate_limit_service)

    @property
    def base_url(self) -> str:
        """The URL that the Track API's paths are appended to."""
        return track_url(self.account_region, self.track_endpoint)

    @property
    def worker_requests_per_second(self) -> float:
        """One worker's part of the budget, in requests per second."""
        if self.rate_limit_service is not None:
            return self.max_requests_per_second
        return self.max_requests_per_second / self.max_num_workers


def _check_host_port(value: str) -> None:
    host, _, port = value.rpartition(":")
    if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"--rate_limit_service must be HOST:PORT, not {value!r}.")
