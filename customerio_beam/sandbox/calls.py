"""One Track API call from arrival to response: counted, authenticated, and faulty if the faults say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import orjson
from flask import Blueprint, Response, request

from customerio_beam.sandbox.connection import RESET
from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.rules.limits import REQUESTS_PER_SECOND
from customerio_beam.sandbox.rules.validation import Problem, Refused
from customerio_beam.sandbox.state import Sandbox, current_sandbox

ErrorForm = Callable[[Problem], Any]


def v2_errors(problem: Problem) -> Any:
    """Return the body of a v2 call's error."""
    return {"errors": [problem._asdict()]}


def v1_errors(problem: Problem) -> Any:
    """Return the body of a v1 call's error."""
    return {"meta": {"errors": [problem.message]}}


def v1_error(problem: Problem) -> Any:
    """Return the body of an error of v1's merge call, and of wrong credentials."""
    return {"meta": {"error": problem.message}}


@dataclass
class Call:
    """One call that no fault kept from being worked on.

    Attributes:
        sandbox: The sandbox that is called.
        body: The bytes of its body.
        faults: The faults in force.
        operations: How many operations it carries.
    """

    sandbox: Sandbox
    body: bytes
    faults: Faults
    operations: int = 1

    def json(self) -> Any:
        """Return the JSON value of the body, or None if it is not JSON: no call takes a null."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    def json_object(self) -> dict[str, Any]:
        """Return the JSON object of the body.

        Raises:
            Refused: It is something else.
        """
        value = self.json()
        if not isinstance(value, dict):
            raise Refused("invalid", "", "the body must be a JSON object")
        return value


Handler = Callable[..., tuple[int, Any]]
"""Gets the call and the values of the path; returns the status and the body, a JSON value or a problem."""


class TrackAPI(Blueprint):
    """The calls of the Track API."""

    def call(
        self, method: str, path: str, errors: ErrorForm = v1_errors, *, credentials: bool = True
    ) -> Callable[[Handler], Handler]:
        """Make a route of a function; the function runs only if no fault keeps it from running.

        Args:
            method: The HTTP method.
            path: The path, with Flask's parameters.
            errors: Makes the body of a 400 from what the function raised as `Refused`.
            credentials: Whether the call needs credentials.
        """

        def decorate(handler: Handler) -> Handler:
            @wraps(handler)
            def view(**values: Any) -> Response:
                return _serve(lambda call: handler(call, **values), errors, credentials=credentials, path=path)

            self.add_url_rule(path, handler.__name__, view, methods=[method], provide_automatic_options=False)
            return handler

        return decorate


def _serve(handler: Callable[[Call], tuple[int, Any]], errors: ErrorForm, *, credentials: bool, path: str) -> Response:
    sandbox = current_sandbox()
    started = sandbox.monotonic()
    call = Call(sandbox, request.get_data(cache=False), sandbox.faults)
    number = sandbox.number_call()
    over = sandbox.meter.arrive(call.faults.rate_limit_per_second or REQUESTS_PER_SECOND)
    decision = call.faults.decide(number)
    injected: list[str] = []
    if decision.latency:
        injected.append("latency")
        sandbox.sleep(decision.latency)
    response = _refuse_early(call, injected, number=number, over=over, credentials=credentials)
    response = response or _fail_before_commit(call.faults, decision.fault, injected)
    if response is None:
        try:
            if request.headers.get("Content-Encoding", "identity") != "identity":
                encoding = request.headers["Content-Encoding"]
                raise Refused(
                    "invalid", "", f"Content-Encoding {encoding} is not supported; send the body uncompressed"
                )
            status, body = handler(call)
        except Refused as error:
            status, body, call.operations = 400, error.problem, 0
            sandbox.workspace.refuse_request(status, error.problem)
        body = errors(body) if isinstance(body, Problem) else body
        response = _spoil(decision.fault, _json(status, body), injected)
    else:
        call.operations = 0
    sandbox.meter.respond(
        response=next((each for each in injected if each.startswith("reset")), str(response.status_code)),
        faults=injected,
        operations=call.operations,
        body_bytes=len(call.body),
        seconds=sandbox.monotonic() - started,
        batch=path.endswith("/batch"),
    )
    return response


def _refuse_early(call: Call, injected: list[str], *, number: int, over: bool, credentials: bool) -> Response | None:
    """Return the response to a call that may not be made at all, or None."""
    faults, given = call.faults, request.authorization
    revoked = faults.unauthorized_after_requests is not None and number > faults.unauthorized_after_requests
    if credentials and revoked:
        injected.append("unauthorized")
    if credentials and (revoked or given is None or not call.sandbox.accepts(given.username, given.password)):
        return _error(401, "Unauthorized request")
    if faults.rate_limit_per_second is not None and over:
        injected.append("rate_limit")
        return _error(429, "too many requests")
    if faults.max_body_bytes is not None and len(call.body) > faults.max_body_bytes:
        injected.append("too_large")
        return _error(413, "request entity too large")
    return None


def _fail_before_commit(faults: Faults, fault: str | None, injected: list[str]) -> Response | None:
    """Return the response of a fault that keeps the call from having any effect, or None."""
    if fault == "429_retry_after":
        response = _error(429, "too many requests")
        response.headers["Retry-After"] = str(faults.retry_after_seconds)
    elif fault in ("429", "500", "503"):
        response = _error(int(fault), "injected fault")
    elif fault == "reset_before_commit":
        request.environ[RESET] = True
        response = Response(status=500)
    else:
        return None
    injected.append(fault)
    return response


def _spoil(fault: str | None, response: Response, injected: list[str]) -> Response:
    """Return the response of a call that took effect, spoilt if there is a fault."""
    if fault == "reset_after_commit":
        request.environ[RESET] = True
    elif fault == "truncated_body":
        # Half of an empty object would be no body at all; this is the same response, long enough to be cut.
        body = response.get_data() if response.get_data().strip(b"{}") else b'{"errors": []}'
        response.set_data(body[: len(body) // 2])
        response.headers["Content-Length"] = str(len(body))
    elif fault == "non_json_body":
        response = Response("<html><body>upstream</body></html>", status=response.status_code, mimetype="text/html")
    else:
        return response
    injected.append(fault)
    return response


def _error(status: int, message: str) -> Response:
    return _json(status, v1_error(Problem("", "", message)))


def _json(status: int, body: Any) -> Response:
    return Response(orjson.dumps(body), status=status, mimetype="application/json")
