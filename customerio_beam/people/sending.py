"""Carries out an action for a list of people, and writes a receipt for each."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from customerio_beam.delivery.clock import Clock
from customerio_beam.delivery.report import Failure, Report
from customerio_beam.delivery.writer import BundleWriter
from customerio_beam.mapping import json_text
from customerio_beam.mapping.origin import Origin
from customerio_beam.people.actions import Action, operations_for
from customerio_beam.people.listing import Person
from customerio_beam.people.private_log import PrivateLog

__all__ = ["carry_out"]

#: Receipts and operations don't come from an event.
_NO_ORIGIN = Origin(b"")


def carry_out(
    people: Sequence[Person],
    action: Action,
    writer: BundleWriter,
    receipts: PrivateLog,
    *,
    workspace: str,
    clock: Clock,
) -> Counter[str]:
    """Send the operations for each person, and write a receipt once all of a person's are answered.

    Args:
        people: Whom it is about.
        action: What to do.
        writer: Delivers the operations.
        receipts: Where the receipts go; docs/people.md lists their fields.
        workspace: Which workspace, for the receipts: its Site ID and URL.
        clock: The time of day, for the receipts.

    Returns:
        How many people have each answer: ``accepted``, ``rejected``, ``retries_exhausted``.

    Raises:
        DeliveryError: Delivery can't go on. Those who have a receipt are done.
    """
    counts: Counter[str] = Counter()
    pending: dict[int, _Pending] = {}
    for report in _reports(people, action, writer, pending):
        for index, failure in _answers(report):
            answered = pending[index]
            answered.open -= 1
            if failure is not None:
                answered.failures.append(failure)
            if answered.open:
                continue
            del pending[index]
            answer = answered.failures[0].reason if answered.failures else "accepted"
            counts[answer] += 1
            receipt = {
                "time": datetime.datetime.fromtimestamp(clock.time(), datetime.timezone.utc).isoformat(),
                "workspace": workspace,
                "action": action,
                "person": people[index].as_given(),
                "answer": answer,
            }
            if refusals := _refusals(answered.failures):
                receipt["refusals"] = refusals
            receipts.write(json_text.dumps(receipt))
        receipts.sync()
    return counts


class _Pending:
    """A person whose operations are on their way."""

    def __init__(self, operations: int) -> None:
        self.open = operations
        self.failures: list[Failure] = []


def _reports(
    people: Sequence[Person], action: Action, writer: BundleWriter, pending: dict[int, _Pending]
) -> Iterator[Report]:
    for index, person in enumerate(people):
        operations = operations_for(person, action)
        pending[index] = _Pending(len(operations))
        # One key a person: their operations stay in order, in one lane.
        yield from writer.write(index, [(0, operation, _NO_ORIGIN) for operation in operations], index)
    yield from writer.flush()


def _answers(report: Report) -> Iterator[tuple[int, Failure | None]]:
    for index in report.delivered:
        yield index, None
    for failure in report.failures:
        yield failure.context, failure


def _refusals(failures: Iterable[Failure]) -> list[dict[str, Any]]:
    """Return Customer.io's refusals without their text, which may quote what it knows of the person."""
    return [
        {"status": failure.response.status, "reason": failure.response.reason, "field": failure.response.field}
        for failure in failures
        if failure.response is not None
    ]
