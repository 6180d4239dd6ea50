import json
import math
import threading

import pytest
from hamcrest import assert_that, contains_string, equal_to, has_length, is_, less_than, less_than_or_equal_to, not_
from hypothesis import given, settings
from hypothesis import strategies as st

from customerio_beam.delivery.batching import Batch
from customerio_beam.delivery.cancellation import Cancellation
from customerio_beam.delivery.client import TrackClient
from customerio_beam.delivery.credentials import CredentialsKeeper, CredentialsSource, EnvironmentVariable, Literal
from customerio_beam.delivery.errors import (
    AuthenticationError,
    Cancelled,
    RetriesExhaustedError,
    UnexpectedAnswerError,
    UnreachableError,
    WrongRegionError,
)
from customerio_beam.delivery.rate_limit import WorkerRateLimit
from customerio_beam.delivery.retry import RetryPolicy
from customerio_beam.delivery.sender import Sender
from customerio_beam.delivery.workspace import Workspace
from tests.delivery.clocks import ManualClock
from tests.delivery.raw_server import raw_server, sending
from tests.helpers.fake_customerio import OK, RESET, Respond, errors, fake_customerio


def operation(name, size=0, kind="event"):
    document = {"type": "person", "action": kind, "identifiers": {"id": "u"}, "name": name}
    if size:
        document["attributes"] = {"a": "x" * size}
    return json.dumps(document).encode()


def batch_of(*names):
    batch = Batch()
    for name in names:
        batch.append((0, operation(name), b"{}"), f"from {name}")
    return batch


class Delivery:
    def __init__(self, url, clock, folder, *, rate=1e6, attempt_timeout_secs=5, **options):
        source = CredentialsSource(Literal("site"), EnvironmentVariable("TEST_KEY"))
        self.cancelled = Cancellation()
        self.workspace = Workspace(url, CredentialsKeeper(source, max_age_secs=3600, monotonic=clock.monotonic))
        self.rate_limit = WorkerRateLimit(rate, url, folder=folder, monotonic=clock.monotonic)
        self.client = TrackClient(
            url, connect_timeout_secs=5, attempt_timeout_secs=attempt_timeout_secs, cancelled=self.cancelled
        )
        self.sender = Sender(
            self.client,
            self.workspace,
            self.rate_limit,
            clock=clock,
            cancelled=self.cancelled,
            **{"account_region": "us", "retry": RetryPolicy(), "on_exhausted": "fail", **options},
        )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "private"


@pytest.fixture
def deliver(monkeypatch, folder):
    """Deliver a batch to a server that responds as told; returns the report and the requests that it saw."""
    monkeypatch.setenv("TEST_KEY", "key")

    def run(batch, respond, clock=None, **options):
        with fake_customerio(respond) as fake:
            delivery = Delivery(fake.url, clock or ManualClock(), folder, **options)
            try:
                return delivery.sender.deliver(batch), fake.received
            finally:
                delivery.client.close()

    return run


def script(*answers):
    """Give the answers one after the other, then OK."""
    remaining = iter(answers)
    return lambda request: next(remaining, OK)


def test_all_operations_go_out_in_one_authenticated_request_in_order(deliver):
    report, received = deliver(batch_of("a", "b", "c"), script())
    assert_that([request.names for request in received], equal_to([["a", "b", "c"]]))
    assert_that(received[0].path, equal_to("/api/v2/batch"))
    assert_that(received[0].headers["Authorization"], equal_to("Basic c2l0ZTprZXk="))
    assert_that(report.delivered, equal_to(["from a", "from b", "from c"]))


def test_the_body_is_the_operations_as_they_are(deliver):
    _, received = deliver(batch_of("a", "b"), script())
    assert_that(received[0].body, equal_to(b'{"batch":[' + operation("a") + b"," + operation("b") + b"]}"))


def test_the_batch_knows_the_size_of_its_body(deliver):
    batch = batch_of("a", "bé", "ccc")
    _, received = deliver(batch, script())
    assert_that(received[0].body, has_length(batch.body_bytes))


@pytest.mark.parametrize("status", [200, 207])
def test_a_refused_operation_is_a_failure_and_all_others_are_delivered(deliver, status):
    refusal = {"batch_index": 1, "reason": "invalid", "field": "name", "message": "no good"}
    report, _ = deliver(batch_of("a", "b", "c"), script(errors(status, refusal)))
    assert_that(report.delivered, equal_to(["from a", "from c"]))
    (failure,) = report.failures
    assert_that((failure.context, failure.reason, failure.detail), equal_to(("from b", "rejected", "no good")))
    assert_that(
        failure.response.as_record(),
        equal_to(
            {
                "status": status,
                "reason": "invalid",
                "field": "name",
                "message": "no good",
            }
        ),
    )


def poisoned(*guilty, status=400):
    """Refuse every request that holds a guilty operation as a whole."""
    return lambda request: errors(status, {"reason": "bad"}) if set(guilty) & set(request.names) else OK


@pytest.mark.parametrize("status", [400, 413])
def test_a_poisoned_request_is_halved_until_only_the_guilty_one_fails(deliver, status):
    names = [f"n{i}" for i in range(9)]
    report, _ = deliver(batch_of(*names), poisoned("n5", status=status))
    assert_that([failure.context for failure in report.failures], equal_to(["from n5"]))
    assert_that(sorted(report.delivered), equal_to([f"from {name}" for name in names if name != "n5"]))


def test_halves_go_out_in_order(deliver):
    names = [f"n{i}" for i in range(16)]
    guilty = {"n3", "n9"}
    _, received = deliver(batch_of(*names), poisoned(*guilty))
    accepted = [name for request in received if not guilty & set(request.names) for name in request.names]
    assert_that(accepted, equal_to([name for name in names if name not in guilty]))


@settings(max_examples=25, deadline=None)
@given(data=st.data(), count=st.integers(2, 200))
def test_k_guilty_operations_take_at_most_about_2_k_log2_n_requests(tmp_path_factory, data, count):
    guilty = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=5))
    with pytest.MonkeyPatch.context() as patch, fake_customerio(poisoned(*(str(i) for i in guilty))) as fake:
        patch.setenv("TEST_KEY", "key")
        delivery = Delivery(fake.url, ManualClock(), tmp_path_factory.mktemp("rates") / "private")
        report = delivery.sender.deliver(batch_of(*(str(i) for i in range(count))))
        delivery.client.close()
    assert_that(len(report.failures), equal_to(len(guilty)))
    assert_that(len(fake.received), less_than_or_equal_to(1 + 2 * len(guilty) * math.ceil(math.log2(count))))


@pytest.mark.parametrize("index", [None, 99])
def test_an_error_that_names_no_operation_is_pinned_down_by_halving(deliver, index):
    def respond(request):
        return errors(207, {"batch_index": index, "reason": "odd"}) if "b" in request.names else OK

    report, _ = deliver(batch_of("a", "b", "c", "d"), respond)
    assert_that(
        [(failure.context, failure.response.reason) for failure in report.failures], equal_to([("from b", "odd")])
    )
    assert_that(sorted(report.delivered), equal_to(["from a", "from c", "from d"]))


def test_credentials_are_fetched_again_when_they_are_refused(deliver, monkeypatch):
    def respond(request):
        monkeypatch.setenv("TEST_KEY", "rotated")
        return OK if request.headers["Authorization"] == "Basic c2l0ZTpyb3RhdGVk" else Respond(401)

    report, received = deliver(batch_of("a"), respond)
    assert_that((len(received), report.delivered), equal_to((2, ["from a"])))


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_stay_refused_fail_the_bundle_naming_their_source_and_the_region(deliver, status):
    with pytest.raises(
        AuthenticationError, match=rf"status {status}.*'site'.*TEST_KEY.*account_region \(eu\)"
    ) as caught:
        deliver(batch_of("a"), script(Respond(status), Respond(status)), account_region="eu")
    assert_that(str(caught.value), not_(contains_string("key)")))


@pytest.mark.parametrize(("region", "other"), [("us", "eu"), ("eu", "us")])
def test_a_redirect_is_not_followed_and_names_the_other_region(deliver, region, other):
    seen = []

    def respond(request):
        seen.append(request.path)
        return Respond(307, headers={"Location": "/elsewhere"})

    with pytest.raises(WrongRegionError, match=f"Set account_region to {other}"):
        deliver(batch_of("a"), respond, account_region=region)
    assert_that(seen, equal_to(["/api/v2/batch"]))


def test_an_unexpected_answer_fails_with_what_was_asked_and_answered(deliver):
    with pytest.raises(
        UnexpectedAnswerError, match=r"POST /api/v2/batch \(2 operations, .* bytes\) is undocumented: 404: no such page"
    ):
        deliver(batch_of("a", "b"), script(Respond(404, b"no such page")))


BROKEN = {
    "408": Respond(408),
    "429": Respond(429),
    "500": Respond(500),
    "503": Respond(503),
    "reset": RESET,
    "truncated": Respond(200, b'{"err', declared_length=100),
    "not JSON": Respond(200, b"<html>"),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_passing_trouble_is_retried(deliver, answer):
    report, received = deliver(batch_of("a", "b"), script(answer, answer))
    assert_that((len(received), report.retried, report.delivered), equal_to((3, 2, ["from a", "from b"])))


def test_a_timeout_is_retried(deliver):
    released = threading.Event()
    first = iter([True])

    def respond(request):
        if next(first, False):
            released.wait(10)
        else:
            released.set()
        return OK

    report, received = deliver(batch_of("a"), respond, attempt_timeout_secs=0.1)
    assert_that((len(received), report.delivered), equal_to((2, ["from a"])))


def test_nobody_listening_is_retried_until_time_is_up(monkeypatch, folder):
    monkeypatch.setenv("TEST_KEY", "key")
    with fake_customerio() as fake:
        url = fake.url
    clock = ManualClock()
    with pytest.raises(RetriesExhaustedError, match=r"no final response .*; the last one was: ConnectionError"):
        Delivery(url, clock, folder, retry=RetryPolicy(max_secs=30)).sender.deliver(batch_of("a"))
    assert_that(sum(clock.waits), equal_to(pytest.approx(30, abs=0.01)))


@pytest.mark.parametrize("header", ["120", "Tue, 14 Nov 2023 22:15:20 GMT"])
def test_retry_after_is_honoured(deliver, header):
    clock = ManualClock(1_700_000_000.0)
    report, _ = deliver(batch_of("a"), script(Respond(429, headers={"Retry-After": header})), clock)
    assert_that(max(clock.waits), equal_to(pytest.approx(120, abs=1)))
    assert_that(report.waited_secs, equal_to(pytest.approx(sum(clock.waits))))


def test_exhausted_retries_fail_the_bundle_by_default(deliver):
    with pytest.raises(RetriesExhaustedError, match=r"no final response in 3 attempts .*status 503"):
        deliver(batch_of("a"), lambda request: Respond(503), retry=RetryPolicy(max_attempts=3))


def test_exhausted_retries_become_failures_where_that_is_asked_for(deliver):
    report, _ = deliver(
        batch_of("a", "b"), lambda request: Respond(503), retry=RetryPolicy(max_attempts=3), on_exhausted="dead_letter"
    )
    assert_that(
        [(failure.context, failure.reason, failure.response.status) for failure in report.failures],
        equal_to(
            [
                ("from a", "retries_exhausted", 503),
                ("from b", "retries_exhausted", 503),
            ]
        ),
    )


def test_every_attempt_takes_a_token_and_waiting_is_reported(deliver):
    clock = ManualClock()
    report, received = deliver(batch_of("a"), script(Respond(401)), clock, rate=0.5)
    assert_that((len(received), len(report.attempts)), equal_to((2, 2)))
    assert_that(report.waited_secs, equal_to(pytest.approx(1 / (0.965 * 0.5), rel=0.01)))


def test_the_rate_limit_is_told_of_every_answer_so_that_it_can_slow_the_worker_down(deliver, monkeypatch):
    told = []
    monkeypatch.setattr(WorkerRateLimit, "record", lambda limit, accepted: told.append(accepted))
    answers = Respond(429), RESET, errors(400, {"reason": "bad"}), Respond(503)
    deliver(batch_of("a", "b"), script(*answers))
    assert_that(told, equal_to([False, False, True, False, True, True]))


def test_every_attempt_is_reported_with_its_size(deliver):
    report, received = deliver(batch_of("a", "b", "c"), script(Respond(500)))
    assert_that(
        [(attempt.body_bytes, attempt.operations) for attempt in report.attempts],
        equal_to([(len(request.body), 3) for request in received]),
    )


def test_a_large_event_goes_by_v1(deliver):
    batch = Batch()
    batch.append((0, operation("big", 40_000), b"{}"), "from big")
    report, received = deliver(batch, script())
    assert_that([request.path for request in received], equal_to(["/api/v1/customers/u/events"]))
    assert_that(report.delivered, equal_to(["from big"]))


def test_a_refused_v1_call_is_a_rejection(deliver):
    batch = Batch()
    batch.append((0, operation("big", 40_000), b"{}"), "from big")
    report, _ = deliver(batch, script(Respond(400, b'{"meta":{"errors":["too big"]}}')))
    assert_that([(failure.reason, failure.detail) for failure in report.failures], equal_to([("rejected", "too big")]))


def test_messages_about_a_v1_call_do_not_name_the_person(deliver):
    batch = Batch()
    batch.append((0, operation("big", 40_000).replace(b'"u"', b'"jane@example.com"'), b"{}"), "from big")
    with pytest.raises(UnexpectedAnswerError) as caught:
        deliver(batch, script(Respond(404)))
    assert_that(str(caught.value), not_(contains_string("jane")))
    assert_that(str(caught.value), contains_string("{identifier}"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":"quota exceeded"}',
        b'{"meta":{"error":"quota exceeded"}}',
        b'{"meta":{"errors":["quota exceeded"]}}',
        b'{"error":{"message":"quota exceeded"},"errors":[]}',
    ],
)
def test_a_200_that_tells_of_an_error_is_halved_and_not_delivered(deliver, body):
    report, received = deliver(batch_of("a", "b"), lambda request: Respond(200, body) if "b" in request.names else OK)
    assert_that((len(received), report.delivered), equal_to((3, ["from a"])))
    assert_that(
        [(failure.context, failure.reason, failure.detail) for failure in report.failures],
        equal_to([("from b", "rejected", "quota exceeded")]),
    )


def test_a_retry_after_beyond_the_time_allowed_is_waited_for_as_long_as_there_is_time(deliver):
    clock = ManualClock()
    report, received = deliver(batch_of("a"), script(Respond(503, headers={"Retry-After": "3600"})), clock)
    assert_that((len(received), report.delivered), equal_to((2, ["from a"])))
    assert_that(sum(clock.waits), equal_to(pytest.approx(600, abs=1)))


def test_a_retry_after_that_outlasts_the_time_allowed_fails_after_it_and_says_so(deliver):
    clock = ManualClock()
    with pytest.raises(RetriesExhaustedError, match=r"in 2 attempts within 600 seconds; the last one was: status 503"):
        deliver(batch_of("a"), lambda request: Respond(503, headers={"Retry-After": "3600"}), clock)


def test_waiting_for_the_first_token_is_not_counted_as_retrying(deliver, folder):
    """One request per 1,000 seconds, and 600 seconds for retries: a single 503 must not use them up."""
    clock = ManualClock()
    rate = 0.001
    with fake_customerio(script(Respond(503))) as fake:
        WorkerRateLimit(rate, fake.url, folder=folder, monotonic=clock.monotonic).take(lambda seconds: None)
        delivery = Delivery(fake.url, clock, folder, rate=rate)
        report = delivery.sender.deliver(batch_of("a"))
        delivery.client.close()
    assert_that((report.retried, report.delivered), equal_to((1, ["from a"])))


def test_a_delivery_metric_goes_by_v1_without_credentials(deliver):
    metric = {
        "type": "delivery",
        "action": "metric",
        "identifiers": {"id": "RPILAg"},
        "name": "bounced",
        "timestamp": 1_700_000_000,
        "attributes": {"recipient": "jane@example.com", "reason": "mailbox full"},
    }
    batch = Batch()
    batch.append((0, json.dumps(metric).encode(), b"{}"), "from metric")
    report, (request,) = deliver(batch, script())
    assert_that((request.path, "Authorization" in request.headers), equal_to(("/api/v1/metrics", False)))
    assert_that(
        json.loads(request.body),
        equal_to(
            {
                "delivery_id": "RPILAg",
                "metric": "bounced",
                "timestamp": 1_700_000_000,
                "recipient": "jane@example.com",
                "reason": "mailbox full",
            }
        ),
    )
    assert_that(report.delivered, equal_to(["from metric"]))


def test_a_redirects_place_is_shown_without_control_characters(monkeypatch, folder):
    monkeypatch.setenv("TEST_KEY", "key")
    with raw_server(sending(b"HTTP/1.1 307 Go\r\nLocation: https://x/\x1b[2J\xad\r\n\r\n")) as server:
        delivery = Delivery(server.url, ManualClock(), folder)
        with pytest.raises(WrongRegionError) as caught:
            delivery.sender.deliver(batch_of("a"))
        delivery.client.close()
    assert_that(str(caught.value), contains_string("https://x/\\x1b[2J\\xad"))


def unresolvable(monkeypatch):
    """Let the sender call a host whose name nobody knows (RFC 6761 reserves .invalid for that)."""
    monkeypatch.setenv("TEST_KEY", "key")
    for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return "https://customerio.invalid"


def test_a_name_that_can_not_be_resolved_fails_within_seconds_with_the_cause(monkeypatch, folder):
    url, clock = unresolvable(monkeypatch), ManualClock()
    with pytest.raises(UnreachableError, match=r"the name customerio\.invalid can't be resolved"):
        Delivery(url, clock, folder).sender.deliver(batch_of("a"))
    assert_that(sum(clock.waits), less_than(5))


def test_after_the_first_response_a_name_that_can_not_be_resolved_is_retried(monkeypatch, folder):
    url, clock = unresolvable(monkeypatch), ManualClock()
    delivery = Delivery(url, clock, folder, retry=RetryPolicy(max_attempts=6))
    delivery.workspace.reached.set()
    with pytest.raises(RetriesExhaustedError, match=r"in 6 attempts .* the name customerio\.invalid can't be resolved"):
        delivery.sender.deliver(batch_of("a"))


def test_a_response_of_any_status_means_that_customerio_is_reached(monkeypatch, folder):
    monkeypatch.setenv("TEST_KEY", "key")
    with fake_customerio(script(Respond(503))) as fake:
        delivery = Delivery(fake.url, ManualClock(), folder, retry=RetryPolicy(max_attempts=1))
        with pytest.raises(RetriesExhaustedError):
            delivery.sender.deliver(batch_of("a"))
        delivery.client.close()
    assert_that(delivery.workspace.reached.is_set(), is_(True))


def test_cancelling_ends_a_request_that_is_under_way(monkeypatch, folder):
    monkeypatch.setenv("TEST_KEY", "key")
    arrived, released = threading.Event(), threading.Event()

    def respond(request):
        arrived.set()
        released.wait(20)
        return OK

    with fake_customerio(respond) as fake:
        delivery = Delivery(fake.url, ManualClock(), folder, attempt_timeout_secs=30)
        threading.Thread(target=lambda: (arrived.wait(20), delivery.cancelled.set())).start()
        with pytest.raises(Cancelled):
            delivery.sender.deliver(batch_of("a"))
        assert_that(released.is_set(), is_(False))
        released.set()
        delivery.client.close()
