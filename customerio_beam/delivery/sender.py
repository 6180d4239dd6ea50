"""Delivers one batch at a time: attempts, retries, halving, until the fate of every operation is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from customerio_beam.delivery.answers import (
    Accepted,
    Answer,
    Misaddressed,
    Refusal,
    Retry,
    Unauthorized,
    Unclear,
    Unexpected,
    read_answer,
)
from customerio_beam.delivery.batching import Batch, Value, request_for
from customerio_beam.delivery.cancellation import Cancellation
from customerio_beam.delivery.client import HttpRequest, TrackClient
from customerio_beam.delivery.clock import Clock
from customerio_beam.delivery.credentials import Credentials
from customerio_beam.delivery.errors import (
    AuthenticationError,
    Cancelled,
    RetriesExhaustedError,
    UnexpectedAnswerError,
    UnreachableError,
    WrongRegionError,
)
from customerio_beam.delivery.rate_limit import RateLimit
from customerio_beam.delivery.report import Attempt, Failure, Report
from customerio_beam.delivery.retry import RetryPolicy, retry_after_secs
from customerio_beam.delivery.workspace import Workspace
from customerio_beam.visible import visible

__all__ = ["Sender"]

_Final: TypeAlias = Accepted | Unclear | Retry

#: Attempts before a name that can't be resolved or a certificate that isn't valid counts as wrong, not as trouble. Only
#: until the first response: with the waits of the retry policy that is a second or two.
_ATTEMPTS_TO_REACH = 3

_EXCERPT_CHARS = 200


class Sender:
    """Delivers batches over one connection. Used by one thread at a time; the rate limit and workspace are shared."""

    def __init__(
        self,
        client: TrackClient,
        workspace: Workspace,
        rate_limit: RateLimit,
        *,
        account_region: str,
        retry: RetryPolicy,
        on_exhausted: Literal["fail", "dead_letter"],
        clock: Clock,
        cancelled: Cancellation,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._rate_limit = rate_limit
        self._account_region = account_region
        self._retry = retry
        self._on_exhausted = on_exhausted
        self._clock = clock
        self._cancelled = cancelled

    def deliver(self, batch: Batch) -> Report:
        """Deliver a batch, in the order of its values.

        A request that is refused as a whole, or refused without naming the guilty operation, is sent again in halves,
        the first half first. Operations that were accepted already are then sent twice, which their ULIDs (events) and
        timestamps (attributes) make harmless.

        Returns:
            The outcome of every operation, and of every attempt.

        Raises:
            DeliveryError: Delivery can't go on; nothing of the batch may be counted.
            Cancelled: The bundle has failed elsewhere.
        """
        report = Report()
        ranges = [(0, len(batch.values))]
        while ranges:
            start, end = ranges.pop()
            values, contexts = batch.values[start:end], batch.contexts[start:end]
            verdict = self._ask(request_for(values), report)
            if isinstance(verdict, Accepted):
                _account(values, contexts, verdict.refused, report)
            elif isinstance(verdict, Unclear):
                if len(values) > 1:
                    middle = (start + end) // 2
                    ranges += [(middle, end), (start, middle)]
                else:
                    _account(values, contexts, {0: verdict.refusal}, report)
            else:
                detail = f"Customer.io gave no final response in time; the last one was: {verdict.why}."
                response = None if verdict.status is None else Refusal(verdict.status)
                report.failures += [
                    Failure(value, context, "retries_exhausted", detail, response)
                    for value, context in zip(values, contexts, strict=True)
                ]
        return report

    def _ask(self, request: HttpRequest, report: Report) -> _Final:
        """Send a request until its response is final. A ``Retry`` is returned when it has been retried enough."""
        started: float | None = None
        attempts = 0
        refetched = False
        while True:
            report.waited_secs += self._rate_limit.take(self._pause)
            if started is None:
                # Not before: waiting for the first token is no retrying.
                started = self._clock.monotonic()
            credentials = self._workspace.credentials.current
            verdict = read_answer(self._attempt(request, credentials, report), request.operations)
            attempts += 1
            self._rate_limit.record(accepted=not isinstance(verdict, Retry))
            if isinstance(verdict, Accepted | Unclear):
                return verdict
            if isinstance(verdict, Unauthorized):
                if refetched:
                    raise self._refused(verdict)
                self._workspace.credentials.refetch(credentials)
                refetched = True
                continue
            if not isinstance(verdict, Retry):
                raise self._failed(request, verdict)
            if verdict.is_obstacle and attempts >= _ATTEMPTS_TO_REACH and not self._workspace.reached.is_set():
                raise UnreachableError(
                    f"Customer.io can't be reached: {verdict.why}. Check track_endpoint, the network and its proxy."
                )
            elapsed = self._clock.monotonic() - started
            wait = self._retry.wait_secs(attempts, elapsed, retry_after_secs(verdict.retry_after, self._clock.time()))
            if wait is None:
                if self._on_exhausted == "dead_letter":
                    return verdict
                raise RetriesExhaustedError(
                    f"{request} got no final response in {attempts} attempts within {elapsed:.0f} seconds; the last "
                    f"one was: {verdict.why}. The bundle fails, so that no event is lost."
                )
            report.retried += 1
            self._pause(wait)
            report.waited_secs += wait

    def _attempt(self, request: HttpRequest, credentials: Credentials, report: Report) -> Answer:
        began = self._clock.monotonic()
        answer = self._client.attempt(request, credentials)
        self._check_cancelled()
        if answer.status is not None:
            self._workspace.reached.set()
        latency_ms = round((self._clock.monotonic() - began) * 1000)
        report.attempts.append(Attempt(latency_ms, len(request.body), request.operations))
        return answer

    def _pause(self, seconds: float) -> None:
        self._clock.wait(seconds, self._cancelled)
        self._check_cancelled()

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled("Another request of the bundle has failed, or the run is being stopped.")

    def _refused(self, verdict: Unauthorized) -> AuthenticationError:
        source = self._workspace.credentials.source
        return AuthenticationError(
            f"Customer.io refused the credentials (status {verdict.status}), also after they were fetched again: check "
            f"the Site ID ({source.site_id}), the Track API key ({source.api_key}) and account_region "
            f"({self._account_region})."
        )

    def _failed(
        self, request: HttpRequest, verdict: Misaddressed | Unexpected
    ) -> WrongRegionError | UnexpectedAnswerError:
        if isinstance(verdict, Misaddressed):
            other = "eu" if self._account_region == "us" else "us"
            location = visible(verdict.location or "an unnamed place", _EXCERPT_CHARS)
            return WrongRegionError(
                f"The request was redirected (status {verdict.status} to {location}): the account lives in the other "
                f"region. Set account_region to {other}, or correct track_endpoint."
            )
        return UnexpectedAnswerError(
            f"The response to {request} is undocumented: {verdict.what}. The bundle fails, so that no event is lost."
        )


def _account(values: Sequence[Value], contexts: Sequence[Any], refused: Mapping[int, Refusal], report: Report) -> None:
    if not refused:
        report.delivered += contexts
        return
    for index, (value, context) in enumerate(zip(values, contexts, strict=True)):
        refusal = refused.get(index)
        if refusal is None:
            report.delivered.append(context)
        else:
            detail = refusal.message or refusal.reason or f"Refused with status {refusal.status}, without a reason."
            report.failures.append(Failure(value, context, "rejected", detail, refusal))
