"""Delivers one batch at a time: attempts, retries, halving, until the fate of every operation is known."""

from __future__ import annotations

import threading
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
from customerio_beam.delivery.budget import Budget
from customerio_beam.delivery.client import HttpRequest, TrackClient
from customerio_beam.delivery.clock import Clock
from customerio_beam.delivery.credentials import Credentials, CredentialsKeeper
from customerio_beam.delivery.errors import (
    AuthenticationError,
    Cancelled,
    RetriesExhaustedError,
    UnexpectedAnswerError,
    WrongRegionError,
)
from customerio_beam.delivery.report import Attempt, Failure, Report
from customerio_beam.delivery.retry import RetryPolicy, retry_after_secs

__all__ = ["Sender"]

_Final: TypeAlias = Accepted | Unclear | Retry


class Sender:
    """Delivers batches over one connection. Used by one thread at a time; the budget and the keys are shared."""

    def __init__(
        self,
        client: TrackClient,
        keeper: CredentialsKeeper,
        budget: Budget,
        *,
        account_region: str,
        retry: RetryPolicy,
        on_exhausted: Literal["fail", "dead_letter"],
        clock: Clock,
        cancelled: threading.Event,
    ) -> None:
        self._client = client
        self._keeper = keeper
        self._budget = budget
        self._account_region = account_region
        self._retry = retry
        self._on_exhausted = on_exhausted
        self._clock = clock
        self._cancelled = cancelled

    def deliver(self, batch: Batch) -> Report:
        """Deliver a batch, in the order of its values.

        A request that is refused as a whole, or refused without telling which operation is to blame, is sent again
        in halves, the first half first. What has been accepted already is then sent twice, which its ULIDs (events)
        and timestamps (attributes) make harmless.

        Returns:
            What became of every operation, and of every attempt.

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
                detail = f"Customer.io could not be reached in time, the last answer was: {verdict.why}."
                response = None if verdict.status is None else Refusal(verdict.status)
                report.failures += [
                    Failure(value, context, "retries_exhausted", detail, response)
                    for value, context in zip(values, contexts, strict=True)
                ]
        return report

    def _ask(self, request: HttpRequest, report: Report) -> _Final:
        """Send a request until its answer is final. A ``Retry`` is returned when it has been retried enough."""
        started = self._clock.monotonic()
        attempts = 0
        refetched = False
        while True:
            credentials = self._keeper.current
            answer = self._attempt(request, credentials, report)
            verdict = read_answer(answer, request.operations)
            attempts += 1
            self._budget.record(accepted=not isinstance(verdict, Retry))
            if isinstance(verdict, Accepted | Unclear):
                return verdict
            if isinstance(verdict, Unauthorized):
                if refetched:
                    raise self._refused(verdict)
                self._keeper.refetch(credentials)
                refetched = True
                continue
            if not isinstance(verdict, Retry):
                raise self._failed(request, verdict)
            wait = self._retry.wait_secs(
                attempts,
                self._clock.monotonic() - started,
                retry_after_secs(verdict.retry_after, self._clock.time()),
            )
            if wait is None:
                if self._on_exhausted == "dead_letter":
                    return verdict
                raise RetriesExhaustedError(
                    f"{request} was tried {attempts} times and never answered in full, last with: {verdict.why}. "
                    "Nothing is lost: the runner tries the bundle again."
                )
            report.retried += 1
            self._pause(wait)
            report.waited_secs += wait

    def _attempt(self, request: HttpRequest, credentials: Credentials, report: Report) -> Answer:
        if self._cancelled.is_set():
            raise Cancelled("Another request of the bundle has failed.")
        report.waited_secs += self._budget.take(self._pause)
        started = self._clock.monotonic()
        answer = self._client.attempt(request, credentials)
        latency_ms = round((self._clock.monotonic() - started) * 1000)
        report.attempts.append(Attempt(latency_ms, len(request.body), request.operations))
        return answer

    def _pause(self, seconds: float) -> None:
        self._clock.wait(seconds, self._cancelled)
        if self._cancelled.is_set():
            raise Cancelled("Another request of the bundle has failed.")

    def _refused(self, verdict: Unauthorized) -> AuthenticationError:
        source = self._keeper.source
        return AuthenticationError(
            f"Customer.io refused the credentials (status {verdict.status}), also after they were fetched again: check "
            f"the Site ID ({source.site_id}), the Track API key ({source.api_key}) and the region "
            f"(--account_region={self._account_region})."
        )

    def _failed(
        self, request: HttpRequest, verdict: Misaddressed | Unexpected
    ) -> WrongRegionError | UnexpectedAnswerError:
        if isinstance(verdict, Misaddressed):
            other = "eu" if self._account_region == "us" else "us"
            return WrongRegionError(
                f"Customer.io answered with a redirect (status {verdict.status} to {verdict.location}): the account "
                f"lives in the other region. Set --account_region={other}."
            )
        return UnexpectedAnswerError(f"{request} was answered with {verdict.what}. Nobody knows what that means.")


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
