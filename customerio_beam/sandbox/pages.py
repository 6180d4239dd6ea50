"""The pages of the workspace, and the settings of the sandbox: HTML for a browser, JSON for everybody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import orjson
from flask import Blueprint, Flask, Response, abort, redirect, render_template, request
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response as BaseResponse

from customerio_beam.sandbox import views
from customerio_beam.sandbox.charts import delivery_charts
from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.operations import Settings
from customerio_beam.sandbox.rules import catalogue
from customerio_beam.sandbox.rules.limits import MAX_TIMESTAMP, REQUESTS_PER_SECOND
from customerio_beam.sandbox.rules.validation import Problem
from customerio_beam.sandbox.state import current_sandbox
from customerio_beam.sandbox.text import visible
from customerio_beam.sandbox.workspace import Workspace

#: Entries on a page, unless the query has a `limit`.
PAGE_LENGTH = 50
#: Relationships of each object on the Objects page.
SHOWN_RELATIONSHIPS = 20
#: Entries of a list as JSON, unless the query has a `limit`.
JSON_LENGTH = 1_000
#: Digits of the largest limit, offset and sequence number: more than any list has.
MAX_DIGITS = 10

HEADERS = {
    # Should a value ever reach a page unescaped, this keeps it from running or loading anything.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_LAST = 253_402_300_799  # The last second of the year 9999: Python shows no later time.
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Seconds = Annotated[float, msgspec.Meta(ge=0, lt=MAX_TIMESTAMP)]

blueprint = Blueprint("pages", __name__)


@blueprint.before_request
def refuse_other_sites() -> None:
    """Refuse changes that a page of another site makes a browser send."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)


@blueprint.get("/")
def home() -> BaseResponse:
    """Redirect to the People View."""
    return redirect("/people")


def page(path: str) -> Callable[[Callable[[], dict[str, Any]]], None]:
    """Make a page and its JSON twin of a function that returns what they show."""

    def decorate(shown: Callable[[], dict[str, Any]]) -> None:
        def view() -> Response:
            return _show(f"{path}.html", shown(), json=not _is_page())

        for route in (f"/{path}", f"/{path}.json"):
            blueprint.add_url_rule(route, path, view)

    return decorate


@page("people")
def people() -> dict[str, Any]:
    """Return the People View: everybody, or those whose identifiers or attributes have the text `q`."""
    return views.people(_workspace(), request.args.get("q", ""), _part())


@page("activity")
def activity() -> dict[str, Any]:
    """Return the Activity View, filtered by `type`, by `who` (identified, anonymous) and by the text `q`."""
    asked = request.args
    order, who = asked.get("order", "received"), asked.get("who", "")
    if order not in ("received", "time") or who not in ("", "identified", "anonymous"):
        abort(400, "order must be received or time, and who identified or anonymous")
    kind, search, whose = asked.get("type", ""), asked.get("q", ""), asked.get("person", "")
    return views.activity(_workspace(), person=whose, kind=kind, search=search, who=who, order=order, part=_part())


@page("objects")
def objects() -> dict[str, Any]:
    """Return objects with attributes and relationships: all, or those whose id or attributes have the text `q`."""
    related = SHOWN_RELATIONSHIPS if _is_page() else -1
    return views.objects(_workspace(), request.args.get("q", ""), _part(), related)


@page("refused")
def refused() -> dict[str, Any]:
    """Return what was refused, and what failed after it was accepted."""
    return views.refused(_workspace(), _part())


@page("delivery")
def delivery() -> dict[str, Any]:
    """Return the traffic over time."""
    return views.delivery(current_sandbox())


@page("rules")
def rules() -> dict[str, Any]:
    """Return what is known of Customer.io, with the source, and what is not."""
    return {"known": [rule._asdict() for rule in catalogue.KNOWN], "not_known": list(catalogue.NOT_KNOWN)}


@blueprint.get("/people/<segment:key>")
def person(key: str) -> Response:
    """Show one person, by id, email, or `cio_` and cio_id, with activity."""
    found = views.person(_workspace(), key, _part())
    # An id may itself end like the address of a JSON twin: then it is the id.
    twin = found is None and key.endswith(".json")
    if twin:
        found = views.person(_workspace(), key[: -len(".json")], _part())
    if found is None:
        abort(404)
    return _show("person.html", found, json=twin)


@blueprint.get("/activity/<segment:sequence>")
def line(sequence: str) -> Response:
    """Show one line of the activity log, and why it was not joined to a person."""
    number = sequence.removesuffix(".json")
    found = views.line(_workspace(), int(number)) if number.isdecimal() and len(number) < MAX_DIGITS else None
    if found is None:
        abort(404)
    return _show("line.html", found, json=number != sequence)


@blueprint.get("/stats")
@blueprint.get("/stats.json")
def stats() -> Response:
    """Return all counts, always as JSON."""
    return _json(current_sandbox().stats())


@blueprint.route("/<any(faults, settings, clock):name>", methods=["GET", "POST"])
def adjust(name: str) -> Response:
    """Return the faults, the settings of the workspace or its clock; a POST changes them from now on."""
    sandbox, body = current_sandbox(), request.get_data()
    try:
        if request.method == "GET":
            pass
        elif name == "faults":
            sandbox.set_faults(Faults.from_json(body))
        elif name == "settings":
            given = {**msgspec.to_builtins(_workspace().settings), **msgspec.json.decode(body, type=dict[str, Any])}
            _workspace().settings = msgspec.convert(given, Settings)
        else:
            change = msgspec.json.decode(body, type=dict[Literal["now", "advance_seconds"], Seconds])
            sandbox.clock_offset += change.get("now", sandbox.now()) - sandbox.now() + change.get("advance_seconds", 0)
    except ValueError as error:
        return _json({"error": str(error)}, 400)
    shown = {"faults": sandbox.faults, "settings": _workspace().settings, "clock": {"now": sandbox.now()}}
    return _json(msgspec.to_builtins(shown[name]))


@blueprint.post("/reset")
def reset() -> Response:
    """Empty the workspace and the counts, stop all faults, and set the clock right."""
    current_sandbox().reset()
    return _json({})


def is_browser() -> bool:
    """Return whether the client is a browser: only browsers ask for HTML by name."""
    return "text/html" in request.headers.get("Accept", "")


def _is_page() -> bool:
    return is_browser() and not request.path.endswith(".json")


def _workspace() -> Workspace:
    return current_sandbox().workspace


def _part() -> views.Slice:
    """Return the part of a list that the query asks for."""
    limit = max(1, _number("limit") or (PAGE_LENGTH if _is_page() else JSON_LENGTH))
    return views.Slice(limit, max(0, _number("page") - 1) * limit or _number("offset"))


def _number(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < MAX_DIGITS else 0


def _show(template: str, data: dict[str, Any], *, json: bool) -> Response:
    if json or not is_browser():
        part = _part()
        more = part.offset + part.limit < data.get("total", 0)
        return _json({**data, "next_offset": part.offset + part.limit if more else None} if "total" in data else data)
    if "series" in data:
        data["charts"] = delivery_charts(data["series"], data["stats"]["batch_fill_tenths"], data["limit"])
    return Response(render_template(template, part=_part(), **data))


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status=status, mimetype="application/json")


def register(app: Flask) -> None:
    """Give an application's templates their filters, and its responses their headers."""
    app.jinja_env.filters.update(
        time=show_time,
        value=lambda value: value if isinstance(value, str) else orjson.dumps(value).decode(),
        exact=lambda value: orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(),
        number=lambda value: f"{value:,}" if isinstance(value, int) else f"{value:,.1f}",
        quoted=lambda value: quote(value, safe=""),
    )
    # Markup is the templates' own; everything else may come from a stranger.
    app.jinja_env.finalize = lambda value: visible(value) if type(value) is str else value
    app.jinja_env.globals["page_url"] = lambda offset: _query(offset=max(0, offset))
    app.context_processor(_shared)
    app.register_error_handler(HTTPException, _show_error)
    app.after_request(_add_headers)


def show_time(seconds: float | None) -> str:
    """Return unix seconds as a date and time in UTC; a dash for none."""
    if seconds is None:
        return "-"
    return str((_EPOCH + timedelta(seconds=min(int(seconds), _LAST))).replace(tzinfo=None))


def _query(**changes: int) -> str:
    """Return the query of this page with some changes."""
    arguments = {name: value for name, value in request.args.items() if name != "page" or not changes}
    return "?" + urlencode({**arguments, **changes}) if arguments or changes else ""


def _shared() -> dict[str, Any]:
    sandbox = current_sandbox()
    return {
        "site_id": sandbox.site_id,
        "url": request.host_url.rstrip("/"),
        "json_url": request.url_rule and request.path + ".json" + _query(),
        "counts": sandbox.stats(),
    }


def _show_error(error: HTTPException) -> BaseResponse:
    """Return an error as a page or as JSON; a wrong path of a client leaves a trace in the workspace and its counts."""
    if isinstance(error, SecurityError):
        return error.get_response()
    if request.url_rule is None and not is_browser():
        sandbox, message = current_sandbox(), f"{request.method} {request.path}: the Track API has no such call"
        sandbox.meter.arrive(REQUESTS_PER_SECOND)
        sandbox.meter.respond(str(error.code))
        sandbox.workspace.refuse_request(error.code or 500, Problem("not_found", "", message))
        return Response(orjson.dumps({"meta": {"error": message}}), error.code, mimetype="application/json")
    if not is_browser():
        return Response(orjson.dumps({"error": error.description}), error.code, mimetype="application/json")
    return Response(render_template("error.html", error=error), error.code, mimetype="text/html")


def _add_headers(response: BaseResponse) -> BaseResponse:
    response.headers.update(HEADERS)
    return response
