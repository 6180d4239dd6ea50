"""The meaning of a Track API response: one pure decision for each, as docs/delivery.md has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from customerio_beam.mapping import json_text
from customerio_beam.visible import visible

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
        status: The HTTP status; None without a complete response.
        body: The response's body, at most its first megabyte.
        retry_after: The ``Retry-After`` header as it was sent.
        failure: Without a status: what went wrong, such as ``ReadTimeout``.
        is_obstacle: Without a status: the failure is one that waiting won't mend, such as a name that can't be
            resolved.
        location: The ``Location`` header of a redirect.
    """

    status: int | None
    body: bytes = b""
    retry_after: str | None = None
    failure: str = ""
    is_obstacle: bool = False
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
    """The request was accepted; of its operations those in ``refused`` (by index) were not."""

    refused: Mapping[int, Refusal] = field(default_factory=dict)


@dataclass(frozen=True)
class Unclear:
    """Some operation was refused, and the response doesn't tell which: resend in halves. A single one is refused."""

    refusal: Refusal


@dataclass(frozen=True)
class Unauthorized:
    """401 or 403: the credentials are refused."""

    status: int


@dataclass(frozen=True)
class Misaddressed:
    """A redirect: the account lives in the other region."""

    status: int
    location: str | None


@dataclass(frozen=True)
class Retry:
    """The same request may be accepted later.

    Attributes:
        why: What came instead of a final response.
        status: The HTTP status; None without a complete response.
        retry_after: The ``Retry-After`` header as it was sent.
        is_obstacle: Waiting won't mend it, if no request has ever reached the server.
    """

    why: str
    status: int | None = None
    retry_after: str | None = None
    is_obstacle: bool = False


@dataclass(frozen=True)
class Unexpected:
    """The response is undocumented."""

    what: str


Verdict: TypeAlias = Accepted | Unclear | Unauthorized | Misaddressed | Retry | Unexpected

#: RFC 9110, 15.4.
_REDIRECTS = (301, 302, 303, 307, 308)

#: The most characters of an undocumented response that go into a message.
_EXCERPT_CHARS = 200
#: The most characters of a refusal's reason, field or message.
_TEXT_CHARS = 1_000
#: Python refuses to write integers of more than some thousand digits.
_LARGE = 2**63


def read_answer(answer: Answer, operations: int) -> Verdict:
    """Decide the meaning of a response to a request with ``operations`` operations."""
    status = answer.status
    if status is None:
        return Retry(answer.failure, is_obstacle=answer.is_obstacle)
    if status in (200, 207):
        return _read_accepted(answer, status, operations)
    if status in (400, 413):
        return Unclear(_refusal_of(status, _json_object(answer.body)))
    if status in (401, 403):
        return Unauthorized(status)
    if status in (408, 429) or 500 <= status <= 599:
        return Retry(f"status {status}", status, answer.retry_after)
    if status in _REDIRECTS:
        return Misaddressed(status, answer.location)
    return Unexpected(f"{status}{_excerpt(answer.body)}")


def _read_accepted(answer: Answer, status: int, operations: int) -> Verdict:
    if not answer.body.strip():
        document: Any = {}
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
        refusal = _refusal_of(status, document if isinstance(document, dict) else {})
        # 207 says that something was refused; 200 that all was accepted, unless its body says otherwise.
        return Unclear(refusal) if status == 207 or refusal != Refusal(status) else Accepted()
    refused: dict[int, Refusal] = {}
    for error in errors:
        index = error.get("batch_index")
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < operations:
            return Unclear(_refusal(status, error))
        refused.setdefault(index, _refusal(status, error))
    return Accepted(refused)


def _refusal_of(status: int, document: Mapping[str, Any]) -> Refusal:
    """Read the error of a whole request: v2's ``errors``, or the ``error`` or ``errors`` of v1's ``meta``."""
    errors = document.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return _refusal(status, errors[0])
    meta = document.get("meta")
    told = [meta.get("errors"), meta.get("error")] if isinstance(meta, dict) else []
    for error in (*told, document.get("error")):
        if error:
            parts = error if isinstance(error, list) else [error]
            messages = [_text(part.get("message") if isinstance(part, dict) else part) for part in parts]
            return Refusal(status, message=_text("; ".join(filter(None, messages))) or "an error without a text")
    return Refusal(status)


def _refusal(status: int, error: Mapping[str, Any]) -> Refusal:
    return Refusal(status, _text(error.get("reason")), _text(error.get("field")), _text(error.get("message")))


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = json_text.loads(body)
    except json_text.InvalidJson:
        return {}
    return document if isinstance(document, dict) else {}


def _text(value: Any) -> str | None:
    """Return a text or a number of usual size as text; None for anything else."""
    if isinstance(value, str) or (isinstance(value, int | float) and abs(value) < _LARGE):
        return visible(str(value), _TEXT_CHARS)
    return None


def _excerpt(body: bytes) -> str:
    text = " ".join(body.decode("utf-8", "replace").split())
    return f": {visible(text, _EXCERPT_CHARS)}" if text else ""
