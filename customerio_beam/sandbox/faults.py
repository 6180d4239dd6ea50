"""Faults to inject, and which request meets which: seeded, so that the nth request of a run always meets the same."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args

import msgspec

_Before = Literal["429", "429_retry_after", "500", "503", "reset_before_commit"]
_After = Literal["reset_after_commit", "truncated_body", "non_json_body"]
FaultName = Literal[_Before, _After]
FAULTS: tuple[str, ...] = get_args(_Before) + get_args(_After)
"""The faults that `rates` gives shares of the requests to.

Requests that meet a fault named by a status, or a reset before the commit, change nothing. With the others the
operations are taken.
"""

#: The standard normal distribution's 99th percentile.
_Z99 = 2.3263478740408408

Count = Annotated[int, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=600_000)]
Operation = Annotated[dict[str, Any], msgspec.Meta(min_length=1)]


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="distribution"):
    """How long each request waits; the subclasses are the distributions, all in milliseconds."""


class _Fixed(Latency, frozen=True, tag="fixed"):
    ms: Milliseconds


class _Uniform(Latency, frozen=True, tag="uniform"):
    min_ms: Milliseconds
    max_ms: Milliseconds


class _Exponential(Latency, frozen=True, tag="exponential"):
    mean_ms: Milliseconds


class _Lognormal(Latency, frozen=True, tag="lognormal"):
    median_ms: Annotated[float, msgspec.Meta(gt=0, le=600_000)]
    p99_ms: Milliseconds

    def __post_init__(self) -> None:
        if self.median_ms > self.p99_ms:
            raise ValueError("median_ms must not be above p99_ms")


AnyLatency = _Fixed | _Uniform | _Exponential | _Lognormal


class Decision(NamedTuple):
    """What happens to one request.

    Attributes:
        fault: One of `FAULTS`, or None.
        latency: Seconds to wait before anything else.
    """

    fault: str | None
    latency: float


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The faults to inject. Without arguments: none.

    Attributes:
        seed: Another seed gives other requests the faults.
        rates: The share of requests, 0 to 1, that meets each fault of `FAULTS`.
        retry_after_seconds: The `Retry-After` of `429_retry_after`.
        latency: The latency of each request, or None.
        refuse_operations: An operation with all fields of one of these is refused by itself (207, or 400 alone).
        poisoned_operations: A batch with an operation that has all fields of one of these is refused whole (400).
        max_body_bytes: Larger bodies get status 413; None for no such limit.
        unauthorized_after_requests: Requests after so many get status 401; None for never.
        rate_limit_per_second: More requests within any second get status 429; None for no hard limit.

    Raises:
        ValueError: The rates add up to more than 1, or a latency given as a dictionary is wrong.
    """

    seed: int = 0
    rates: dict[FaultName, Share] = {}
    retry_after_seconds: Count = 1
    latency: AnyLatency | None = None
    refuse_operations: tuple[Operation, ...] = ()
    poisoned_operations: tuple[Operation, ...] = ()
    max_body_bytes: Count | None = None
    unauthorized_after_requests: Count | None = None
    rate_limit_per_second: Count | None = None

    def __post_init__(self) -> None:
        if isinstance(self.latency, dict):
            latency = msgspec.convert(self.latency, AnyLatency)
            msgspec.structs.force_setattr(self, "latency", latency)
        if sum(self.rates.values()) > 1 + 1e-9:
            raise ValueError(f"rates must add up to at most 1, not {sum(self.rates.values())}")

    @classmethod
    def from_json(cls, text: str | bytes) -> Faults:
        """Return the faults in a JSON object with the attributes' names.

        Raises:
            ValueError: It is not such an object; the message says what is wrong and where.
        """
        return msgspec.json.decode(text, type=cls)

    def to_json(self) -> Any:
        """Return the JSON value that `from_json` takes."""
        return msgspec.to_builtins(self)

    def decide(self, number: int) -> Decision:
        """Return what happens to a request.

        Args:
            number: Its number, from 1. The same number and faults always give the same decision.
        """
        if not self.rates and self.latency is None:
            return Decision(None, 0.0)
        chance = random.Random(f"{self.seed}:{number}")
        drawn, fault = chance.random(), None
        for name, rate in sorted(self.rates.items()):
            if drawn < rate:
                fault = name
                break
            drawn -= rate
        return Decision(fault, _draw(self.latency, chance) / 1000 if self.latency else 0.0)

    def refuses(self, operation: Mapping[str, Any]) -> bool:
        """Return whether an operation is to be refused by itself."""
        return any(_matches(operation, pattern) for pattern in self.refuse_operations)

    def poisons(self, operation: Any) -> bool:
        """Return whether an operation makes its whole batch refused."""
        return isinstance(operation, dict) and any(_matches(operation, each) for each in self.poisoned_operations)


def _draw(latency: AnyLatency, chance: random.Random) -> float:
    match latency:
        case _Fixed(ms=ms):
            return ms
        case _Uniform(min_ms=low, max_ms=high):
            return chance.uniform(low, high)
        case _Exponential(mean_ms=mean):
            return chance.expovariate(1.0) * mean
        case _Lognormal(median_ms=median, p99_ms=p99):
            return chance.lognormvariate(math.log(median), math.log(p99 / median) / _Z99)


def _matches(operation: Mapping[str, Any], pattern: Mapping[str, Any]) -> bool:
    return all(name in operation and operation[name] == value for name, value in pattern.items())
