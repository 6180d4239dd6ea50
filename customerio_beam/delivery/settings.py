"""The choices that a user has about delivery. None of them is secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from customerio_beam.delivery.endpoint import track_url
from customerio_beam.mapping.limits import MAX_OPERATION_BYTES
from customerio_beam.setting import Setting, check_settings, is_host_port, setting

__all__ = ["DeliverySettings"]

#: The most bytes that a batch request's body may have (Track API reference: "500kb"; decimal, to be safe).
MAX_BATCH_BYTES = 500_000

#: A shard of a large backfill should be small enough to be sorted in memory, and there should be several for each
#: worker thread. A stream's batches fill the sooner, the fewer there are.
_FILE_SHARDS = 64
_STREAM_SHARDS = 8


def _host_port(value: str) -> str | None:
    return None if is_host_port(value) else "HOST:PORT"


@dataclass(frozen=True)
class DeliverySettings:
    """How operations reach Customer.io. Picklable; holds no secrets. Each field says what it does.

    Raises:
        ValueError: A value is out of its range, or the endpoint would expose the key.
    """

    account_region: Literal["us", "eu"] = setting("us", Setting("region of the Customer.io account"))
    track_endpoint: str | None = setting(
        None,
        Setting("base URL of the Track API instead of the region's: https, or http on this machine", metavar="URL"),
    )
    ordering: Literal["person", "none"] = setting(
        "person",
        Setting(
            "person: deliver each person's operations in the order of their times; none: in any order, the cheapest",
            applies_to="files",
        ),
    )
    anonymous: Literal["first", "stitch", "as_is"] | None = setting(
        None,
        Setting(
            "events of anonymous visitors. first: deliver them before any identify that could claim them, so that "
            "Customer.io joins them; stitch: send them under the people who claim them anywhere in the input; as_is: "
            "deliver them in no particular order (default: first)",
            applies_to="files",
        ),
    )
    max_requests_per_second: float = setting(
        100.0,
        Setting("requests per second of the whole job; its workers share them. Every attempt counts", above=0),
    )
    rate_workers: int | None = setting(
        None,
        Setting(
            "hosts that share max_requests_per_second: each uses an equal part, with all its processes (without it: "
            "--max_num_workers, else 1)",
            least=1,
        ),
    )
    rate_limit_service: str | None = setting(
        None,
        Setting(
            "Envoy rate limit service (gRPC) that grants every request. max_requests_per_second is then the most that "
            "one worker uses",
            metavar="HOST:PORT",
            check=_host_port,
        ),
    )
    max_batch_operations: int = setting(1_000, Setting("operations in one request", least=1))
    max_batch_bytes: int = setting(
        MAX_BATCH_BYTES,
        Setting("bytes of a request's body", least=2 * MAX_OPERATION_BYTES, most=MAX_BATCH_BYTES, is_option=False),
    )
    max_in_flight_requests: int = setting(8, Setting("requests that one worker thread keeps in flight", least=1))
    max_batch_delay_secs: float = setting(
        2.0,
        Setting("seconds that an operation may wait for others to share its request", above=0, applies_to="streams"),
    )
    num_shards: int | None = setting(
        None,
        Setting(
            "groups of people, by a hash; a person is always in the same group. Of files: what a worker thread sorts "
            f"and delivers at a time (default: {_FILE_SHARDS}). Of streams: batches that form side by side (default: "
            f"{_STREAM_SHARDS})",
            least=1,
        ),
    )
    max_retry_secs: float = setting(600.0, Setting("seconds that a request is retried before on_exhausted", above=0))
    on_exhausted: Literal["fail", "dead_letter"] = setting(
        "fail",
        Setting(
            "after max_retry_secs. fail: fail the bundle, so that the runner tries it again; dead_letter: write the "
            "operations to the dead letters"
        ),
    )
    secret_max_age_secs: float = setting(
        3600.0,
        Setting("seconds after which credentials are fetched again; refused ones are fetched again at once", above=0),
    )
    connect_timeout_secs: float = setting(10.0, Setting("seconds until a connection is open", above=0, is_option=False))
    attempt_timeout_secs: float = setting(
        60.0,
        Setting("seconds from sending a request to the last byte of its response", above=0, is_option=False),
    )
    max_sort_bytes: int = setting(
        64_000_000,
        Setting("bytes of operations sorted in memory; more use a file", least=1_000_000, is_option=False),
    )

    def __post_init__(self) -> None:
        check_settings(self)
        track_url(self.account_region, self.track_endpoint)

    @property
    def base_url(self) -> str:
        """The URL that the Track API's paths are appended to."""
        return track_url(self.account_region, self.track_endpoint)

    def shards(self, is_bounded: bool) -> int:
        """Return the number of shards for bounded or unbounded input."""
        return self.num_shards or (_FILE_SHARDS if is_bounded else _STREAM_SHARDS)

    @property
    def worker_requests_per_second(self) -> float:
        """One host's share of the rate, in requests per second."""
        if self.rate_limit_service is not None:
            return self.max_requests_per_second
        return self.max_requests_per_second / (self.rate_workers or 1)
