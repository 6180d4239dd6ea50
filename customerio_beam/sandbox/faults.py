"""Faults to inject, and which request gets which: seeded, so that the nth request of a run always gets the same."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple

FAULTS = (
    "429",
    "429_retry_after",
    "500",
    "503",
    "reset_before_commit",
    "reset_after_commit",
    "truncated_body",
    "non_json_body",
)
"""The faults that `rates` gives shares of the requests to.

Those named by a status are answered with it and change nothing, as is a connection reset before the commit. After a
reset after the commit, and with a truncated or non-JSON body, the operations were taken.
"""

LATENCIES: dict[str, tuple[str, ...]] = {
    "fixed": ("ms",),
    "uniform": ("min_ms", "max_ms"),
    "exponential": ("mean_ms",),
    "lognormal": ("median_ms", "p99_ms"),
}
"""The latency distributions by name, with the settings of each, all in milliseconds."""

_Z99 = 2.3263478740408408
"""The standard normal distribution's 99th percentile."""


class Decision(NamedTuple):
    """What happens to one request.

    Attributes:
        fault: One of `FAULTS`, or None.
        latency: Seconds to wait before anything else.
    """

    fault: str | None
    latency: float


@dataclass(frozen=True)
class Faults:
    """The faults to inject. Without arguments: none.

    Attributes:
        seed: Another seed gives other requests the faults.
        rates: The share of requests, 0 to 1, that gets each fault of `FAULTS`.
        retry_after_seconds: What `429_retry_after` answers with.
        latency: A distribution of `LATENCIES` by the name `distribution`, with its settings; empty for none.
        refuse_operations: An operation with all fields of one of these is refused by itself (207, or 400 alone).
        poisoned_operations: A batch with an operation that has all fields of one of these is refused whole (400).
        max_body_bytes: Larger bodies are answered with 413; None for no such limit.
        unauthorized_after_requests: From the request after so many on, the answer is 401; None for never.
        rate_limit_per_second: More requests within any second are answered with 429; None for no hard limit.

    Raises:
        ValueError: A value is out of its range or misspelt; the message names it.
    """

    seed: int = 0
    rates: Mapping[str, float] = field(default_factory=dict)
    retry_after_seconds: int = 1
    latency: Mapping[str, Any] = field(default_factory=dict)
    refuse_operations: tuple[Mapping[str, Any], ...] = ()
    poisoned_operations: tuple[Mapping[str, Any], ...] = ()
    max_body_bytes: int | None = None
    unauthorized_after_requests: int | None = None
    rate_limit_per_second: int | None = None

    def __post_init__(self) -> None:
        for name, rate in self.rates.items():
            if name not in FAULTS:
                raise ValueError(f"rates has an unknown fault {name!r}; known are {', '.join(FAULTS)}")
            if not _is_number(rate) or not 0 <= rate <= 1:
                raise ValueError(f"rates.{name} must be a share from 0 to 1, not {rate!r}")
        if sum(self.rates.values()) > 1 + 1e-9:
            raise ValueError(f"rates add up to {sum(self.rates.values())!r}, more than 1")
        for name in ("seed", "retry_after_seconds"):
            if type(getattr(self, name)) is not int:
                raise ValueError(f"{name} must be an integer, not {getattr(self, name)!r}")
        for name in ("retry_after_seconds", "max_body_bytes", "unauthorized_after_requests", "rate_limit_per_second"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 0):
                raise ValueError(f"{name} must be a whole number of at least 0, not {value!r}")
        for name in ("refuse_operations", "poisoned_operations"):
            for pattern in getattr(self, name):
                if not isinstance(pattern, Mapping) or not pattern:
                    raise ValueError(f"{name} must list objects of an operation's fields, not {pattern!r}")
        self._check_latency()

    @classmethod
    def from_json(cls, value: Any) -> Faults:
        """Makes the faults of a parsed JSON object with the attributes' names.

        Raises:
            ValueError: It is no object, or has an unknown name or a value out of range.
        """
        if not isinstance(value, dict):
            raise ValueError(f"faults must be a JSON object, not {value!r}")  # noqa: TRY004 - a bad setting
        known = {each.name for each in fields(cls)}
        for name in value:
            if name not in known:
                raise ValueError(f"faults has an unknown name {name!r}; known are {', '.join(sorted(known))}")
        for name in ("rates", "latency"):
            if not isinstance(value.get(name, {}), dict):
                raise ValueError(f"{name} must be an object, not {value[name]!r}")  # noqa: TRY004 - a bad setting
        lists = {name: value.get(name, []) for name in ("refuse_operations", "poisoned_operations")}
        for name, patterns in lists.items():
            if not isinstance(patterns, list):
                raise ValueError(f"{name} must be an array, not {patterns!r}")  # noqa: TRY004 - a bad setting
        return cls(**{**value, **{name: tuple(patterns) for name, patterns in lists.items()}})

    def to_json(self) -> dict[str, Any]:
        """Returns the JSON object that `from_json` takes."""
        return asdict(self)

    def decide(self, number: int) -> Decision:
        """Decides what happens to a request.

        Args:
            number: Its number, from 1. The same number and faults always give the same decision.
        """
        if not self.rates and not self.latency:
            return Decision(None, 0.0)
        chance = random.Random(f"{self.seed}:{number}")
        drawn, fault = chance.random(), None
        for name, rate in sorted(self.rates.items()):
            if drawn < rate:
                fault = name
                break
            drawn -= rate
        return Decision(fault, self._draw_latency(chance))

    def refuses(self, operation: Mapping[str, Any]) -> bool:
        """Tells whether an operation is to be refused by itself."""
        return any(_matches(operation, pattern) for pattern in self.refuse_operations)

    def poisons(self, operation: Any) -> bool:
        """Tells whether an operation makes its whole batch refused."""
        return isinstance(operation, dict) and any(_matches(operation, each) for each in self.poisoned_operations)

    def _check_latency(self) -> None:
        if not self.latency:
            return
        distribution = self.latency.get("distribution")
        if distribution not in LATENCIES:
            raise ValueError(f"latency.distribution must be one of {', '.join(LATENCIES)}, not {distribution!r}")
        names = LATENCIES[distribution]
        if set(self.latency) != {"distribution", *names}:
            raise ValueError(
                f"a {distribution} latency takes exactly {' and '.join(names)}, not {dict(self.latency)!r}"
            )
        for name in names:
            if not _is_number(self.latency[name]) or not 0 <= self.latency[name] <= 600_000:
                raise ValueError(f"latency.{name} must be milliseconds from 0 to 600000, not {self.latency[name]!r}")
        if distribution == "lognormal" and not 0 < self.latency["median_ms"] <= self.latency["p99_ms"]:
            raise ValueError("latency.median_ms must be above 0 and not above latency.p99_ms")

    def _draw_latency(self, chance: random.Random) -> float:
        latency = self.latency
        if not latency:
            return 0.0
        distribution = latency["distribution"]
        if distribution == "fixed":
            ms = latency["ms"]
        elif distribution == "uniform":
            ms = chance.uniform(latency["min_ms"], latency["max_ms"])
        elif distribution == "exponential":
            ms = -math.log(1.0 - chance.random()) * latency["mean_ms"]
        else:
            sigma = math.log(latency["p99_ms"] / latency["median_ms"]) / _Z99
            ms = chance.lognormvariate(math.log(latency["median_ms"]), sigma)
        return float(ms) / 1000.0


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _matches(operation: Mapping[str, Any], pattern: Mapping[str, Any]) -> bool:
    return all(name in operation and operation[name] == value for name, value in pattern.items())
