"""One Track API call from arrival to response: counted, authenticated, and faulty if the faults say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Blueprint, Response, request

from customerio_beam.sandbox.connection import RESET
from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.rules.limits import REQUESTS_PER_SECOND
from customerio_beam.sandbox.rules.validation import Problem, Refused
from customerio_beam.sandbox.state import Sandbox, current_sandbox

#: The status, and the body: a JSON value, or a problem.
Result = tuple[int, Any]
#: Makes the body of an error.
ErrorForm = Callable[[Problem], Any]

V2_ERRORS: ErrorForm = lambda problem: {"errors": [problem._asdict()]}  # noqa: E731
V1_ERRORS: ErrorForm = lambda problem: {"meta": {"errors": [problem.message]}}  # noqa: E731
V1_ERROR: ErrorForm = lambda problem: {"meta": {"error": problem.message}}  # noqa: E731


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
    operations: int = 0

    def json(self) -> dict[str, Any]:
        """Return the JSON object of the body.

        Raises:
            Refused: The body is something else.
        """
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            value = None
        if not isinstance(value, dict):
            raise Refused("invalid", "", "the body must be a JSON object")
        return value


class TrackAPI(Blueprint):
    """The calls of the Track API."""

    def call(
        self, method: str, path: str, errors: ErrorForm = V1_ERRORS, *, credentials: bool = True
    ) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
        """Make a route of a function, which runs only if no fault keeps it from running.

        Args:
            method: The HTTP method.
            path: The path, with Flask's parameters.
            errors: Makes the body of a 400 from what the function raised as `Refused`.
            credentials: Whether the call needs credentials.
        """

        def decorate(handler: Callable[..., Result]) -> Callable[..., Result]:
            def view(**values: Any) -> Response:
                return _serve(lambda call: handler(call, **values), errors, credentials=credentials)

            self.add_url_rule(path, f"{method} {path}".replace(".", ""), view, methods=[method])
            return handler

        return decorate


def _serve(handler: Callable[[Call], Result], errors: ErrorForm, *, credentials: bool) -> Response:
    sandbox = current_sandbox()
    started = sandbox.monotonic()
    call = Call(sandbox, request.get_data(cache=False), sandbox.faults)
    number = sandbox.number_call()
    over = sandbox.meter.arrive(call.faults.rate_limit_per_second or REQUESTS_PER_SECOND)
    fault, latency = call.faults.decide(number)
    injected: list[str] = []
    if latency:
        injected.append("latency")
        sandbox.sleep(latency)
    response = _refuse_early(call, injected, number=number, over=over, credentials=credentials)
    response = response or _fail_before_commit(call.faults, fault, injected)
    if response is None:
        response = _spoil(fault, _json(*_result(call, handler, errors)), injected)
    name = next((each for each in injected if each.startswith("reset")), str(response.status_code))
    sandbox.meter.respond(name, injected, call.operations, len(call.body), sandbox.monotonic() - started)
    if request.path.endswith("/batch"):
        sandbox.meter.batch(len(call.body))
    return response


def _result(call: Call, handler: Callable[[Call], Result], errors: ErrorForm) -> Result:
    encoding = request.headers.get("Content-Encoding", "identity")
    try:
        if encoding != "identity":
            message = f"Content-Encoding {encoding} is not supported; send the body uncompressed"
            raise Refused("invalid", "", message)  # noqa: TRY301 - answered like the handler's own refusals
        status, body = handler(call)
    except Refused as error:
        status, body = 400, error.problem
        call.sandbox.workspace.refuse_request(status, error.problem)
    return status, errors(body) if isinstance(body, Problem) else body


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
    if fault in ("429", "429_retry_after", "500", "503"):
        response = _error(int(fault[:3]), "injected fault")
        if fault == "429_retry_after":
            response.headers["Retry-After"] = str(faults.retry_after_seconds)
    elif fault == "reset_before_commit":
        response = Response(status=RESET)
    else:
        return None
    injected.append(fault)
    return response


def _spoil(fault: str | None, response: Response, injected: list[str]) -> Response:
    """Return the response of a call that took effect, spoilt if there is a fault."""
    if fault is not None:
        injected.append(fault)
    if fault == "reset_after_commit":
        response.status_code = RESET
    elif fault == "truncated_body":
        # Half of an empty object would be no body at all; this is the same response, long enough to be cut.
        body = response.get_data() if response.get_data().strip(b"{}") else b'{"errors": []}'
        response.set_data(body[: len(body) // 2])
        response.headers["Content-Length"] = str(len(body))
    elif fault == "non_json_body":
        response.set_data(b"<html><body>upstream</body></html>")
        response.mimetype = "text/html"
    return response


def _error(status: int, message: str) -> Response:
    return _json(status, V1_ERROR(Problem("", "", message)))


def _json(status: int, body: Any) -> Response:
    return Response(b"" if status == 204 else orjson.dumps(body), status=status, mimetype="application/json")
