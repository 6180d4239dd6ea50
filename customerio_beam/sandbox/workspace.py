"""The workspace behind the API: checks and applies operations, one request at a time, and answers what it holds."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from customerio_beam.sandbox.changes import Refusal
from customerio_beam.sandbox.directory import Directory
from customerio_beam.sandbox.operations import Applier
from customerio_beam.sandbox.rules.limits import MAX_ATTRIBUTES
from customerio_beam.sandbox.rules.validation import Problem, check_operation
from customerio_beam.sandbox.store import Store
from customerio_beam.sandbox.valid import ValidOperation, valid_operation

MOST_SHOWN = 100
"""How many people with order violations the statistics name: enough to find the cause, few enough to read."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the workspace behaves where Customer.io leaves a choice.

    Attributes:
        create_unknown: Whether an event (or device, or relationship) of a person nobody identified creates the person.
        max_attributes: Attributes one identify call may carry; further ones are not taken.
        count_only: Count the operations of each request and do nothing else: no checks, no state.
    """

    create_unknown: bool = True
    max_attributes: int = MAX_ATTRIBUTES
    count_only: bool = False


Who = tuple[tuple[str, str], ...]
"""The identifiers an operation was sent with: the sender's order is kept for each of them, not for the person found."""

Refuse = Callable[[dict[str, Any]], "Problem | None"]


class Workspace:
    """People, objects and activity, and the operations that make them. Safe for use by many threads.

    Args:
        store: Where it is kept; the workspace closes it.
        settings: How it behaves.
        clock: Returns unix seconds.
    """

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._directory = store.load()
        self._start_counting()

    def close(self) -> None:
        """Closes the database."""
        with self._lock:
            self._store.close()

    def reset(self) -> None:
        """Empties the workspace and its counts."""
        with self._lock:
            self._store.clear()
            self._directory = self._store.load()
            self._start_counting()

    @contextmanager
    def reading(self) -> Iterator[tuple[Directory, Store]]:
        """Lets nobody else in while what the workspace holds is read."""
        with self._lock:
            yield self._directory, self._store

    def count(self, operations: int) -> None:
        """Counts operations without looking at them."""
        with self._lock:
            self._operations += operations

    def take(
        self, operations: Sequence[Any], *, batch: bool, refuse: Refuse | None = None
    ) -> list[tuple[int, Problem]]:
        """Checks the operations of a request, and applies those that are valid in one transaction.

        Args:
            operations: Operations of the v2 calls, as parsed JSON.
            batch: Whether they came as a batch: then the answer for a refused one is 207, else 400.
            refuse: Says why a valid operation is to be refused all the same, if it is.

        Returns:
            The refused operations' positions with the reason.
        """
        refused: list[tuple[int, Problem, bytes]] = []
        valid: list[ValidOperation] = []
        for index, operation in enumerate(operations):
            text = orjson.dumps(operation)
            problem = check_operation(operation, len(text))
            if problem is None and refuse is not None:
                problem = refuse(operation)
            if problem is None:
                valid.append(valid_operation(index if batch else None, operation, text))
            else:
                refused.append((index, problem, text))
        self._commit(valid, refused, batch=batch)
        return [(index, problem) for index, problem, _ in refused]

    def take_event(self, operation: dict[str, Any]) -> None:
        """Applies an event that came by a v1 call: in the form of a v2 operation, and already checked."""
        self._commit([valid_operation(None, operation, orjson.dumps(operation))], [], batch=False)

    def refuse_request(self, status: int, problem: Problem) -> None:
        """Notes that a whole request was refused."""
        with self._lock:
            self._save(self._applier(), [Refusal(self._clock(), status, None, problem, b"", later=False)])

    def stats(self) -> dict[str, Any]:
        """Returns the counts of operations as JSON values."""
        with self._lock:
            return {
                "operations": self._operations,
                "operations_by_kind": {"/".join(kind): count for kind, count in sorted(self._kinds.items())},
                "duplicates_ignored": self._duplicates,
                "repeated_updates": self._repeats,
                "refused": self._refused,
                "failed_later": self._failed_later,
                "order_violations": sum(self._violations.values()),
                "order_violations_by_person": {
                    _named(who): count for who, count in self._violations.most_common(MOST_SHOWN)
                },
                "people": sum(person.state == "active" for person in self._directory.people.values()),
                "objects": len(self._directory.objects),
            }

    def _start_counting(self) -> None:
        self._operations = self._duplicates = self._repeats = self._refused = self._failed_later = 0
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._violations: Counter[Who] = Counter()
        self._newest: dict[Who, int] = {}
        self._updates: set[bytes] = set()

    def _applier(self) -> Applier:
        return Applier(
            self._directory,
            create_unknown=self.settings.create_unknown,
            max_attributes=self.settings.max_attributes,
            received=self._clock(),
        )

    def _commit(self, valid: list[ValidOperation], refused: list[tuple[int, Problem, bytes]], *, batch: bool) -> None:
        with self._lock:
            applier = self._applier()
            status = 207 if batch else 400
            received = self._clock()
            refusals = [
                Refusal(received, status, index if batch else None, problem, text, later=False)
                for index, problem, text in refused
            ]
            try:
                seen = self._directory.ulids
                for each in valid:
                    ulid = each.ulid
                    if ulid is not None:
                        if ulid in seen:
                            self._duplicates += 1
                            continue
                        seen.add(ulid)
                    self._check_order(each)
                    applier.apply(each)
                self._save(applier, refusals)
            except BaseException:
                # The database still holds the state before this request: go back to it.
                self._directory = self._store.load()
                raise
            self._operations += len(valid)
            self._kinds.update([each.kind for each in valid])

    def _save(self, applier: Applier, refusals: list[Refusal]) -> None:
        self._failed_later += len(applier.changes.refusals)
        self._refused += len(refusals)
        applier.changes.refusals.extend(refusals)
        self._store.save(applier.changes, self._directory)

    def _check_order(self, valid: ValidOperation) -> None:
        """Counts an operation that is older than one before it of the same person, unless it was here before."""
        time = valid.operation.get("timestamp")
        identifiers = valid.operation.get("identifiers")
        if time is None or not identifiers:
            return
        if valid.ulid is None:
            digest = hashlib.blake2b(valid.text, digest_size=16).digest()
            if digest in self._updates:
                self._repeats += 1
                return
            self._updates.add(digest)
        who = tuple(identifiers.items())
        newest = self._newest.get(who)
        if newest is not None and time < newest:
            self._violations[who] += 1
        else:
            self._newest[who] = time


def _named(who: Who) -> str:
    return " ".join(f"{kind}:{value}" for kind, value in who)
