"""Faults: what is injected when, and what it leaves behind."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import requests
from hamcrest import assert_that, contains_string, empty, equal_to, greater_than_or_equal_to, has_length, not_
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.sandbox.faults import FAULTS, Faults
from customerio_beam.sandbox.server import running_sandbox
from tests.sandbox.conftest import Client, event


def set_faults(client: Client, **faults: Any) -> None:
    client.call("POST", "/faults", json=faults).raise_for_status()


def test_without_faults_nothing_is_injected() -> None:
    assert_that({Faults().decide(number) for number in range(100)}, equal_to({(None, 0.0)}))


def test_shares_of_requests_come_out_as_set() -> None:
    faults = Faults(seed=1, rates={"429": 0.1, "500": 0.05, "reset_after_commit": 0.2})
    drawn = Counter(faults.decide(number).fault for number in range(5_000))
    assert_that(
        {name: round(drawn[name] / 5_000, 2) for name in faults.rates},
        equal_to(pytest.approx(dict(faults.rates), abs=0.02)),
    )
    assert_that(set(drawn), equal_to({*faults.rates, None}))


@given(st.integers(), st.integers(1, 10**9))
def test_the_same_seed_and_number_decide_the_same(seed: int, number: int) -> None:
    def decide() -> Any:
        latency = {"distribution": "lognormal", "median_ms": 20, "p99_ms": 300}
        return Faults(seed=seed, rates=dict.fromkeys(FAULTS, 0.1), latency=latency).decide(number)

    assert_that(decide(), equal_to(decide()))


@pytest.mark.parametrize(
    ("latency", "median", "p99"),
    [
        ({"distribution": "fixed", "ms": 100}, 0.1, 0.1),
        ({"distribution": "uniform", "min_ms": 50, "max_ms": 150}, 0.1, 0.149),
        ({"distribution": "exponential", "mean_ms": 100}, 0.0693, 0.4605),
        ({"distribution": "lognormal", "median_ms": 20, "p99_ms": 300}, 0.02, 0.3),
    ],
)
def test_latencies_are_distributed_as_set(latency: dict[str, Any], median: float, p99: float) -> None:
    drawn = sorted(Faults(latency=latency).decide(number).latency for number in range(5_000))
    assert_that((drawn[2_500], drawn[4_950]), equal_to((pytest.approx(median, rel=0.1), pytest.approx(p99, rel=0.25))))


@pytest.mark.parametrize(
    "bad",
    [
        [],
        {"rate": {}},
        {"rates": {"501": 0.1}},
        {"rates": {"500": 1.1}},
        {"rates": {"500": -0.1}},
        {"rates": {"500": True}},
        {"rates": {"500": 0.6, "503": 0.6}},
        {"rates": []},
        {"seed": "a"},
        {"latency": {"distribution": "normal"}},
        {"latency": {"distribution": "fixed"}},
        {"latency": {"distribution": "fixed", "ms": -1}},
        {"latency": {"distribution": "lognormal", "median_ms": 0, "p99_ms": 0}},
        {"refuse_operations": {}},
        {"refuse_operations": [{}]},
        {"poisoned_operations": ["x"]},
        {"max_body_bytes": -1},
        {"rate_limit_per_second": 1.5},
    ],
)
def test_wrong_faults_are_refused_with_a_reason(client: Client, bad: Any) -> None:
    answer = client.call("POST", "/faults", json=bad)
    assert_that(answer.status_code, equal_to(400))
    assert_that(answer.json()["error"], not_(empty()))
    assert_that(client.read("/faults")["rates"], equal_to({}))


def test_faults_are_read_back_as_they_were_set(client: Client) -> None:
    faults = {"seed": 3, "rates": {"500": 0.5}, "refuse_operations": [{"name": "Bad"}]}
    set_faults(client, **faults)
    assert_that(client.read("/faults").items(), greater_than_or_equal_to(faults.items()))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_injected_status_changes_nothing(client: Client, status: int) -> None:
    set_faults(client, rates={str(status): 1})
    answer = client.batch(event(1))
    assert_that(
        (answer.status_code, answer.headers.get("Retry-After"), client.activity()), equal_to((status, None, []))
    )


def test_429_may_say_when_to_try_again(client: Client) -> None:
    set_faults(client, rates={"429_retry_after": 1}, retry_after_seconds=7)
    answer = client.batch(event(1))
    assert_that((answer.status_code, answer.headers["Retry-After"]), equal_to((429, "7")))


@pytest.mark.parametrize(("fault", "taken"), [("reset_before_commit", 0), ("reset_after_commit", 1)])
def test_a_connection_is_reset_before_or_after_the_commit(client: Client, fault: str, taken: int) -> None:
    set_faults(client, rates={fault: 1})
    with pytest.raises(requests.ConnectionError) as caught:
        client.batch(event(1))
    assert_that(str(caught.value), contains_string("Connection reset by peer"))
    assert_that(client.activity(), has_length(taken))
    assert_that(client.read("/stats.json")["requests_by_status"], equal_to({fault: 1}))


def test_a_body_is_cut_short_after_the_commit(client: Client) -> None:
    set_faults(client, rates={"truncated_body": 1})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.batch(event(1))
    assert_that(client.activity(), has_length(1))


def test_a_body_is_no_json_after_the_commit(client: Client) -> None:
    set_faults(client, rates={"non_json_body": 1})
    answer = client.batch(event(1))
    assert_that((answer.status_code, answer.headers["Content-Type"].split(";")[0]), equal_to((200, "text/html")))
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert_that(client.activity(), has_length(1))


def test_chosen_operations_are_refused_by_themselves(client: Client) -> None:
    set_faults(client, refuse_operations=[{"name": "Bad", "action": "event"}])
    answer = client.batch(event(1, "Good"), event(2, "Bad"), event(3, "Bad", action="page"))
    assert_that((answer.status_code, [error["batch_index"] for error in answer.json()["errors"]]), equal_to((207, [1])))
    assert_that(client.call("POST", "/api/v1/events", json={"name": "Bad"}).status_code, equal_to(400))


def test_a_poisoned_operation_spoils_its_batch(client: Client) -> None:
    set_faults(client, poisoned_operations=[{"name": "Poison"}])
    assert_that(client.batch(event(1), event(2, "Poison"), 5).status_code, equal_to(400))
    assert_that(client.call("POST", "/api/v2/entity", json=event(2, "Poison")).status_code, equal_to(400))
    assert_that(client.activity(), equal_to([]))
    assert_that(client.batch(event(1)).status_code, equal_to(200))


def test_a_body_over_the_size_is_answered_with_413(client: Client) -> None:
    set_faults(client, max_body_bytes=1000)
    assert_that(client.batch(event(1, attributes={"a": "x" * 1000})).status_code, equal_to(413))
    assert_that(client.batch(event(1)).status_code, equal_to(200))


def test_from_a_moment_on_the_credentials_are_refused(client: Client) -> None:
    set_faults(client, unauthorized_after_requests=2)
    assert_that([client.batch(event(number)).status_code for number in range(4)], equal_to([200, 200, 401, 401]))


def test_requests_over_the_hard_limit_are_refused_and_counted() -> None:
    with running_sandbox(faults=Faults(rate_limit_per_second=3), monotonic=lambda: 0.0) as sandbox:
        client = Client(sandbox)
        statuses = [client.batch(event(number)).status_code for number in range(5)]
        assert_that((statuses, client.read("/stats.json")["violations"]), equal_to(([200, 200, 200, 429, 429], 2)))


def test_latency_is_waited_for() -> None:
    waited: list[float] = []
    faults = Faults(latency={"distribution": "fixed", "ms": 250})
    with running_sandbox(faults=faults, sleep=waited.append) as sandbox:
        Client(sandbox).batch(event(1))
    assert_that(waited, equal_to([0.25]))


def test_the_same_run_of_requests_meets_the_same_faults(client: Client) -> None:
    def run() -> list[int]:
        set_faults(client, seed=5, rates={"500": 0.3, "429": 0.3})
        return [client.batch(event(number)).status_code for number in range(30)]

    first = run()
    assert_that((run(), set(first)), equal_to((first, {200, 429, 500})))


def test_statistics_name_the_faults_injected(client: Client) -> None:
    set_faults(client, rates={"503": 1})
    client.batch(event(1))
    stats = client.read("/stats.json")
    assert_that((stats["faults_injected"], stats["operations"]), equal_to(({"503": 1}, 0)))
