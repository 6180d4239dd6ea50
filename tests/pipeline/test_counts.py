"""The counts of a run are those that its runner reported, whatever form they come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from apache_beam.metrics import monitoring_infos
from apache_beam.metrics.cells import DistributionData, DistributionResult, StringSetData
from apache_beam.metrics.execution import MetricKey, MetricResult
from apache_beam.metrics.metricbase import MetricName
from apache_beam.portability.api import beam_job_api_pb2
from apache_beam.runners.portability.portable_runner import PipelineResult
from hamcrest import assert_that, contains_exactly, contains_string, empty, equal_to, has_entries, has_properties

from customerio_beam.pipeline.counts import read_counts
from customerio_beam.pipeline.main import _report
from customerio_beam.pipeline.options import parse_options

READ, LATENCY = ("events", "read"), ("WriteToCustomerIO", "request_latency_ms")


def counter(value: int, step: str = "Read events") -> Any:
    return monitoring_infos.int64_user_counter(*READ, value, ptransform=step)


def distribution(total: int, count: int) -> Any:
    return monitoring_infos.int64_user_distribution(*LATENCY, DistributionData(total, count, 0, total))


@dataclass
class JobServer:
    """Reports these metrics of every job."""

    committed: list[Any] = field(default_factory=list)
    attempted: list[Any] = field(default_factory=list)

    def GetJobMetrics(self, request: Any) -> Any:  # noqa: N802 - its name in the Job API
        metrics = beam_job_api_pb2.MetricResults(committed=self.committed, attempted=self.attempted)
        return beam_job_api_pb2.GetJobMetricsResponse(metrics=metrics)


def reported(**metrics: list[Any]) -> Any:
    return read_counts(PipelineResult(JobServer(**metrics), "job-1", None, None))


def test_a_step_that_is_fused_twice_is_added_up() -> None:
    assert_that(reported(committed=[counter(3), counter(14)]).counters, equal_to({READ: 17}))


def test_the_mean_is_of_all_values_of_all_steps() -> None:
    assert_that(reported(committed=[distribution(30, 1), distribution(10, 3)]).means, equal_to({LATENCY: 10}))


def test_attempted_values_stand_in_for_missing_committed_ones_alone() -> None:
    counts = reported(committed=[counter(5)], attempted=[counter(9), distribution(8, 2)])
    assert_that(counts, has_properties(counters={READ: 5}, means={LATENCY: 4}, missing=frozenset()))


def test_what_several_steps_collected_is_one_set() -> None:
    sets = [
        monitoring_infos.user_set_string("examples", "invalid_json", StringSetData({text})) for text in ("1:a", "0:b")
    ]
    assert_that(reported(committed=sets).string_sets, equal_to({("examples", "invalid_json"): {"0:b", "1:a"}}))


def test_a_runners_own_metrics_are_left_out() -> None:
    assert_that(
        reported(committed=[monitoring_infos.int64_counter("beam:metric:element_count:v1", 4)]).counters, empty()
    )


@dataclass
class Finished:
    """A finished run in this process that reports these results."""

    counters: list[MetricResult] = field(default_factory=list)
    distributions: list[MetricResult] = field(default_factory=list)

    def metrics(self) -> Finished:
        return self

    def query(self) -> dict[str, Any]:
        return {"counters": self.counters, "distributions": self.distributions}


def result(key: tuple[str, str], committed: Any, attempted: Any) -> MetricResult:
    return MetricResult(MetricKey("step", MetricName(*key)), committed, attempted)


def test_a_distribution_that_was_never_committed_has_its_attempted_mean() -> None:
    counts = read_counts(Finished([], [result(LATENCY, None, DistributionResult(DistributionData(6, 2, 1, 5)))]))
    assert_that(counts.means, has_entries({LATENCY: 3}))


def test_a_metric_without_any_value_is_missing() -> None:
    assert_that(read_counts(Finished([result(READ, None, None)])).missing, contains_exactly(READ))


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[[Any], str]:
    """Reports a finished run that must count as one; returns what was printed."""

    def report(finished: Any) -> str:
        assert_that(_report(finished, parse_options(["--input=events.ndjson"]), "run"), equal_to(0))
        return capsys.readouterr().out.strip()

    return report


def test_missing_counts_are_named(report: Callable[[Any], str]) -> None:
    finished = Finished([result(READ, 3, 3), result(("operations", "mapped"), None, None)])
    assert_that(
        report(finished),
        contains_string("The runner did not report these counts, which are 0 above: operations/mapped"),
    )


def test_a_runner_without_counts_is_said_to_have_none(report: Callable[[Any], str]) -> None:
    assert_that(
        report(Finished()),
        equal_to("The runner reported no counts. Dead letters, if any, are in dead-letters-run*.ndjson"),
    )


@pytest.mark.parametrize("error", [NotImplementedError("no metrics"), ConnectionError("the job server is gone")])
def test_counts_that_cant_be_read_fail_no_finished_run(report: Callable[[Any], str], error: Exception) -> None:
    class Unreadable:
        def metrics(self) -> Any:
            raise error

    assert_that(report(Unreadable()), contains_string(f"Its counts could not be read: {type(error).__name__}: {error}"))
