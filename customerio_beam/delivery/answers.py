"""What an answer of the Track API means: one pure decision per answer, as docs/delivery.md has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from customerio_beam.mapping import json_text

__all__ = [
    "Accepted",
    "Answer",
    "Misaddressed",
    "Refusal",
    "Retry",
    "Unauthorized",
    "Unclear",
    "Unexpected",
    "Verdict",
    "read_answer",
]


@dataclass(frozen=True)
class Answer:
    """What came back for one HTTP attempt.

    Attributes:
        status: The HTTP status; None when no complete answer came.
        body: The answer's body.
        retry_after: The ``Retry-After`` header as it was sent.
        failure: Without a status: what went wrong, such as ``ConnectTimeout``.
        location: The ``Location`` header of a redirect.
    """

    status: int | None
    body: bytes = b""
    retry_after: str | None = None
    failure: str = ""
    location: str | None = None


@dataclass(frozen=True)
class Refusal:
    """Why Customer.io refused one operation (or a whole request): the fields of its error."""

    status: int
    reason: str | None = None
    field: str | None = None
    message: str | None = None

    def as_record(self) -> dict[str, Any]:
        """Return it as a dead letter's ``response``."""
        return {"status": self.status, "reason": self.reason, "field": self.field, "message": self.message}


@dataclass(frozen=True)
class Accepted:
    """The request was taken; of its operations those in ``refused`` (by index) were not."""

    refused: Mapping[int, Refusal] = field(default_factory=dict)


@dataclass(frozen=True)
class Unclear:
    """Some operation is to blame, but not known which: resend in halves. ``refusal`` is for when one is left."""

    refusal: Refusal


@dataclass(frozen=True)
class Unauthorized:
    """401 or 403: the credentials are refused."""

    status: int


@dataclass(frozen=True)
class Misaddressed:
    """3xx: the account lives in the other region."""

    status: int
    location: str | None


@dataclass(frozen=True)
class Retry:
    """The same request may be taken later."""

    why: str
    status: int | None = None
    retry_after: str | None = None


@dataclass(frozen=True)
class Unexpected:
    """Nobody has described this answer."""

    what: str


Verdict: TypeAlias = Accepted | Unclear | Unauthorized | Misaddressed | Retry | Unexpected

#: The most characters of an answer's own words that go into a message.
_EXCERPT_CHARS = 200


def read_answer(answer: Answer, operations: int) -> Verdict:
    """Decide what an answer to a request with ``operations`` operations means."""
    status = answer.status
    if status is None:
        return Retry(answer.failure)
    if status in (200, 207):
        return _read_accepted(answer, status, operations)
    if status in (400, 413):
        return Unclear(_first_refusal(status, answer.body))
    if status in (401, 403):
        return Unauthorized(status)
    if status in (408, 429) or 500 <= status <= 599:
        return Retry(f"status {status}", status, answer.retry_after)
    if 300 <= status <= 399:
        return Misaddressed(status, answer.location)
    return Unexpected(f"{status}{_excerpt(answer.body)}")


def _read_accepted(answer: Answer, status: int, operations: int) -> Verdict:
    if not answer.body.strip():
        errors: Any = []
    else:
        try:
            document = json_text.loads(answer.body)
        except json_text.InvalidJson:
            return Retry(f"status {status} with a body that is not JSON", status, answer.retry_after)
        errors = document.get("errors") if isinstance(document, dict) else document
        errors = [] if errors is None else errors
        if not isinstance(errors, list) or not all(isinstance(error, dict) for error in errors):
            return Retry(f"status {status} with a body that can't be understood", status, answer.retry_after)
    if not errors:
        # 207 says that something was refused; 200 that all was taken.
        return Accepted() if status == 200 else Unclear(Refusal(status))
    refused: dict[int, Refusal] = {}
    for error in errors:
        index = error.get("batch_index")
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < operations:
            return Unclear(_refusal(status, error))
        refused.setdefault(index, _refusal(status, error))
    return Accepted(refused)


def _first_refusal(status: int, body: bytes) -> Refusal:
    """Read the errors of a whole request: v2's ``errors``, or v1's ``meta``."""
    try:
        document = json_text.loads(body)
    except json_text.InvalidJson:
        document = None
    if not isinstance(document, dict):
        return Refusal(status)
    errors = document.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return _refusal(status, errors[0])
    meta = document.get("meta")
    if isinstance(meta, dict):
        messages = meta.get("errors", meta.get("error"))
        if isinstance(messages, list):
            messages = "; ".join(str(message) for message in messages)
        return Refusal(status, message=_text(messages))
    return Refusal(status)


def _refusal(status: int, error: Mapping[str, Any]) -> Refusal:
    return Refusal(status, _text(error.get("reason")), _text(error.get("field")), _text(error.get("message")))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _excerpt(body: bytes) -> str:
    text = " ".join(body.decode("utf-8", "replace").split())
    return f": {text[:_EXCERPT_CHARS]}" if text else ""
