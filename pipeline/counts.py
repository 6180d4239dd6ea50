"""The counts that a runner reports of a finished run, whatever form it has for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apache_beam.metrics import monitoring_infos
from apache_beam.portability.api import beam_job_api_pb2
from apache_beam.runners.portability import portable_runner

__all__ = ["Counts", "read_counts"]

#: A metric's namespace and name. Steps are left out: what several of them count is added up.
Key = tuple[str, str]


@dataclass(frozen=True)
class Counts:
    """What a runner reported.

    Attributes:
        counters: Every counter's value.
        means: Every distribution's mean.
        string_sets: Every set of strings.
        missing: Metrics that the runner names without a value.
    """

    counters: Mapping[Key, int] = field(default_factory=dict)
    means: Mapping[Key, float] = field(default_factory=dict)
    string_sets: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    missing: frozenset[Key] = frozenset()


def read_counts(result: Any) -> Counts:
    """Read the counts of a finished run.

    Args:
        result: What ``Pipeline.run`` returned.

    Returns:
        The committed values; the attempted ones where a runner has no others.
    """
    if isinstance(result, portable_runner.PipelineResult):
        committed, attempted = _of_job_server(result)
    else:
        query = result.metrics().query()
        found = [each for kind in ("counters", "distributions", "string_sets") for each in query.get(kind, ())]
        keys = [(each.key.metric.namespace, each.key.metric.name) for each in found]
        committed = [(key, each.committed) for key, each in zip(keys, found, strict=True)]
        attempted = [(key, each.attempted) for key, each in zip(keys, found, strict=True)]
    totals = {**_totals(attempted), **_totals(committed)}
    return Counts(
        {key: total for key, total in totals.items() if isinstance(total, int)},
        {key: total.mean for key, total in totals.items() if isinstance(total, _Distribution) and total.count},
        {key: total for key, total in totals.items() if isinstance(total, frozenset)},
        frozenset(key for key, _ in [*committed, *attempted]) - totals.keys(),
    )


@dataclass(frozen=True)
class _Distribution:
    """The part of a distribution of which a mean is made."""

    sum: int
    count: int

    def __add__(self, other: _Distribution) -> _Distribution:
        return _Distribution(self.sum + other.sum, self.count + other.count)

    @property
    def mean(self) -> float:
        return self.sum / self.count


_Value = int | _Distribution | frozenset[str]


def _of_job_server(result: portable_runner.PipelineResult) -> tuple[list[tuple[Key, Any]], list[tuple[Key, Any]]]:
    """Ask the job server itself.

    A step that is fused into two stages is reported twice, each time with what it counted there. Beam's own reading
    (``portable_metrics.from_monitoring_infos``, 2.77) keeps the last report alone.
    """
    request = beam_job_api_pb2.GetJobMetricsRequest(job_id=result._job_id)
    metrics = result._job_service.GetJobMetrics(request).metrics
    return list(_values(metrics.committed)), list(_values(metrics.attempted))


def _values(infos: Iterable[Any]) -> Iterator[tuple[Key, Any]]:
    kinds = (monitoring_infos.is_counter, monitoring_infos.is_distribution, monitoring_infos.is_string_set)
    for info in infos:
        if monitoring_infos.is_user_monitoring_info(info) and any(is_kind(info) for is_kind in kinds):
            namespace, name = monitoring_infos.parse_namespace_and_name(info)
            yield (namespace, name), monitoring_infos.extract_metric_result_map_value(info)


def _totals(values: Iterable[tuple[Key, Any]]) -> dict[Key, _Value]:
    """Add up what several steps report of one metric."""
    totals: dict[Key, Any] = {}
    for key, reported in values:
        if reported is None:
            continue
        value = _value(reported)
        if key not in totals:
            totals[key] = value
        elif isinstance(value, frozenset):
            totals[key] |= value
        else:
            totals[key] += value
    return totals


def _value(reported: Any) -> _Value:
    if isinstance(reported, int):
        return reported
    return frozenset(reported) if isinstance(reported, set) else _Distribution(reported.sum, reported.count)
