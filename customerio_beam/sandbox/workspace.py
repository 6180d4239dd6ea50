"""The workspace behind the API: checks and applies operations, one request at a time, and counts them."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from customerio_beam.sandbox.activity import Activity
from customerio_beam.sandbox.database import Database
from customerio_beam.sandbox.objects import Objects
from customerio_beam.sandbox.operations import Applier, Settings, ulid_of
from customerio_beam.sandbox.people import People
from customerio_beam.sandbox.rules.limits import MAX_OPERATION_BYTES
from customerio_beam.sandbox.rules.validation import Problem, Refused, check_operation

#: How many people with order violations the counts name: enough to find the cause, few enough to read.
MAX_SHOWN = 100


#: The identifiers an operation was sent with: the sender must keep the order of each of them.
Who = tuple[tuple[str, str], ...]
#: Raises `Refused` for an operation that is not accepted.
Check = Callable[[dict[str, Any]], None]


class Workspace:
    """People, objects and activity, and the operations that make them. Safe for use by many threads.

    Args:
        path: A SQLite file, or `:memory:`.
        settings: How it behaves.
        clock: Returns unix seconds.

    Raises:
        sqlite3.Error: The file can't be used.
    """

    def __init__(self, path: str, settings: Settings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self._db = Database(path)
        self._clock = clock
        self._lock = threading.Lock()
        self._start_counting()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    def reset(self) -> None:
        """Empty the workspace and its counts."""
        with self._lock:
            self._db.clear()
            self._start_counting()

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """Keep all other threads out while the block reads."""
        with self._lock:
            yield self._db

    @property
    def people(self) -> People:
        """The people of the workspace."""
        return People(self._db, identifies_by_phone=self.settings.identify_by_phone)

    @property
    def activity(self) -> Activity:
        """The activity log of the workspace."""
        return Activity(self._db, self.settings.merge_anonymous)

    def take(
        self,
        operations: Sequence[Any],
        *,
        status: int = 207,
        check: Check = check_operation,
        max_bytes: int = MAX_OPERATION_BYTES,
    ) -> list[tuple[int, Problem]]:
        """Check the operations of a request, and apply those that are valid in one transaction.

        Args:
            operations: Operations in the form of the v2 calls, as parsed JSON.
            status: The status of the response if one is refused: 207 for a batch, else 400.
            check: The check of each of them.
            max_bytes: The largest operation, in bytes of compact JSON.

        Returns:
            The positions of the refused operations, with the reason.
        """
        with self._lock:
            if self.settings.count_only:
                self._operations += len(operations)
                return []
            refused: list[tuple[int, Problem]] = []
            valid: list[tuple[int | None, dict[str, Any], bytes]] = []
            with self._db.transaction():
                for index, operation in enumerate(operations):
                    text, place = _compact(operation), index if status == 207 else None
                    try:
                        self._check(operation, text, check, max_bytes)
                    except Refused as error:
                        refused.append((index, error.problem))
                        self._refuse(status, error.problem, place, text)
                    else:
                        valid.append((place, operation, text))
                self._apply(valid)
            return refused

    def refuse_request(self, status: int, problem: Problem) -> None:
        """Note that a whole request was refused."""
        with self._lock:
            self._refuse(status, problem)

    def stats(self) -> dict[str, Any]:
        """Return the counts of operations as JSON values."""
        with self._lock:
            violations = self._violations.most_common(MAX_SHOWN)
            return {
                "operations": self._operations,
                "operations_by_kind": dict(sorted(self._kinds.items())),
                "duplicates_ignored": self._duplicates,
                "repeated_updates": self._repeats,
                "refused": self._count("refused WHERE NOT later"),
                "failed_later": self._count("refused WHERE later"),
                "order_violations": sum(self._violations.values()),
                "order_violations_by_person": {
                    " ".join(f"{kind}:{value}" for kind, value in who): count for who, count in violations
                },
                "people": self._count("people"),
                "objects": self._count("objects"),
            }

    def _count(self, rows: str) -> int:
        count: int = self._db.row(f"SELECT count(*) FROM {rows}")[0]  # noqa: S608 - tables of our own
        return count

    def _start_counting(self) -> None:
        self._operations = self._duplicates = self._repeats = 0
        self._kinds: Counter[str] = Counter()
        self._violations: Counter[Who] = Counter()
        self._newest: dict[Who, int] = {}
        self._updates: set[bytes] = set()

    def _check(self, operation: Any, text: bytes, check: Check, max_bytes: int) -> None:
        if not text:
            raise Refused("invalid", "", "the operation is nested too deeply")
        if len(text) > max_bytes:
            raise Refused("too_large", "", f"the operation has {len(text)} bytes, more than {max_bytes}")
        check(operation)
        if "phone" in (operation.get("identifiers") or ()) and not self.settings.identify_by_phone:
            raise Refused("invalid", "identifiers", "this workspace does not identify people by phone number")

    def _apply(self, valid: list[tuple[int | None, dict[str, Any], bytes]]) -> None:
        activity = self.activity
        applier = Applier(self.people, Objects(self._db), activity, self.settings, self._clock())
        for place, operation, text in valid:
            ulid = ulid_of(operation)
            if ulid is None or activity.is_new(ulid):
                for problem in applier.apply(operation, text):
                    self._refuse(200, problem, place, text)
                self._check_order(operation, text, has_ulid=ulid is not None)
            else:
                self._duplicates += 1
        self._operations += len(valid)
        self._kinds.update(f"{operation['type']}/{operation['action']}" for _, operation, _ in valid)

    def _refuse(self, status: int, problem: Problem, index: int | None = None, text: bytes = b"") -> None:
        """Note an operation, or a whole request, that had no effect, or not all of it: with status 200, later."""
        row = self._clock(), status, index, *problem, text, status == 200
        self._db.run("INSERT INTO refused VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", *row)

    def _check_order(self, operation: dict[str, Any], text: bytes, *, has_ulid: bool) -> None:
        """Count an operation that is older than an earlier one of the same person, unless it was here before."""
        time, identifiers = operation.get("timestamp"), operation.get("identifiers")
        if type(time) is not int or not identifiers:
            return
        if not has_ulid:
            digest = hashlib.blake2b(text, digest_size=16).digest()
            if digest in self._updates:
                self._repeats += 1
                return
            self._updates.add(digest)
        who = tuple((kind, str(value)) for kind, value in identifiers.items())
        newest = self._newest.get(who)
        if newest is not None and time < newest:
            self._violations[who] += 1
        else:
            self._newest[who] = time


def _compact(operation: Any) -> bytes:
    """Return compact JSON, or nothing for a value that is nested too deeply to be written."""
    try:
        return orjson.dumps(operation)
    except orjson.JSONEncodeError:
        return b""
