"""One Track API call from arrival to answer: counted, authenticated, and faulty where the faults say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, NamedTuple

import orjson
from flask import Response, request

from customerio_beam.sandbox.connection import RESET, TRUNCATE
from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.rules.limits import REQUESTS_PER_SECOND
from customerio_beam.sandbox.service import Service, service


@dataclass(slots=True)
class Answer:
    """What a call is answered with.

    Attributes:
        status: The HTTP status.
        body: The JSON value of the body.
        operations: How many operations the call carried.
    """

    status: int
    body: Any
    operations: int = 1


class Arrival(NamedTuple):
    """A call as it arrives.

    Attributes:
        number: Its number since the faults were set, from 1.
        over_limit: Whether more calls arrived within a second than the limit allows.
        body_bytes: Bytes of its body.
    """

    number: int
    over_limit: bool
    body_bytes: int


Handler = Callable[..., Answer]


def track_call(handler: Handler) -> Callable[..., Response]:
    """Makes a view of a function that answers authenticated Track API calls.

    The function gets the service, the body and the values of the path, and runs only where no fault keeps it from it.
    """

    @wraps(handler)
    def view(**values: Any) -> Response:
        found = service()
        started = found.monotonic()
        faults = found.faults
        number = found.number_call()
        over = found.meter.arrive(faults.rate_limit_per_second or REQUESTS_PER_SECOND)
        body = request.get_data(cache=False)
        decision = faults.decide(number)
        injected: list[str] = []
        if decision.latency:
            injected.append("latency")
            found.sleep(decision.latency)
        early = _refuse_early(found, faults, Arrival(number, over, len(body)), injected)
        if early is None:
            early = _fail_before_commit(faults, decision.fault, injected)
        if early is not None:
            response, operations = early, 0
        else:
            with found.turn:
                answer = handler(found, body, **values)
            response, operations = _json(answer.status, answer.body), answer.operations
            response = _spoil(decision.fault, response, injected)
        name = next((each for each in injected if each.startswith("reset")), str(response.status_code))
        found.meter.answered(
            answer=name,
            faults=tuple(injected),
            operations=operations,
            body_bytes=len(body),
            seconds=found.monotonic() - started,
            batch=handler.__name__ == "batch",
        )
        return response

    return view


def _refuse_early(found: Service, faults: Faults, arrival: Arrival, injected: list[str]) -> Response | None:
    """Returns the answer to a call that may not be made at all, or None."""
    given = request.authorization
    revoked = faults.unauthorized_after_requests is not None and arrival.number > faults.unauthorized_after_requests
    if revoked:
        injected.append("unauthorized")
    if revoked or given is None or not found.knows(given.username, given.password):
        return _json(401, {"meta": {"error": "Unauthorized request"}})
    if faults.rate_limit_per_second is not None and arrival.over_limit:
        injected.append("rate_limit")
        return _json(429, {"meta": {"error": "too many requests"}})
    if faults.max_body_bytes is not None and arrival.body_bytes > faults.max_body_bytes:
        injected.append("too_large")
        return _json(413, {"meta": {"error": "request entity too large"}})
    return None


def _fail_before_commit(faults: Faults, fault: str | None, injected: list[str]) -> Response | None:
    """Returns the answer of a fault that keeps the call from having any effect, or None."""
    if fault == "429_retry_after":
        response = _json(429, {"meta": {"error": "too many requests"}})
        response.headers["Retry-After"] = str(faults.retry_after_seconds)
    elif fault in ("429", "500", "503"):
        response = _json(int(fault), {"meta": {"error": "injected fault"}})
    elif fault == "reset_before_commit":
        request.environ[RESET] = True
        response = Response(status=500)
    else:
        return None
    injected.append(fault)
    return response


def _spoil(fault: str | None, response: Response, injected: list[str]) -> Response:
    """Returns the answer of a call that took effect, spoilt by the fault if it has one."""
    if fault == "reset_after_commit":
        request.environ[RESET] = True
    elif fault == "truncated_body":
        request.environ[TRUNCATE] = True
        if not response.get_data().strip(b"{}"):
            # Half of an empty object would be no body at all; this is the same answer, long enough to be cut.
            response.set_data(b'{"errors": []}')
    elif fault == "non_json_body":
        response = Response("<html><body>upstream</body></html>", status=response.status_code, mimetype="text/html")
    else:
        return response
    injected.append(fault)
    return response


def _json(status: int, body: Any) -> Response:
    return Response(orjson.dumps(body), status=status, mimetype="application/json")
