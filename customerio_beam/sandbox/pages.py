"""The pages of the workspace, and the settings of the sandbox: HTML for a browser, JSON for everybody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from customerio_beam.sandbox import views
from customerio_beam.sandbox.charts import delivery_charts
from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.rules import catalogue
from customerio_beam.sandbox.state import current_sandbox
from customerio_beam.sandbox.workspace import Workspace

PAGE_LENGTH = 50
"""Entries on a page; JSON gives all unless the query has a limit."""

SHOWN_RELATIONSHIPS = 20
"""Relationships of each object on the Objects page."""

MAX_NUMBER = 10**9
"""The largest limit and offset: more than any list has."""

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
            return _show(f"{path}.html", shown(), json=request.path.endswith(".json"))

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
    kind, search = asked.get("type", ""), asked.get("q", "")
    return views.activity(_workspace(), kind=kind, search=search, who=who, order=order, part=_part())


@page("objects")
def objects() -> dict[str, Any]:
    """Return objects with attributes and relationships: all, or those whose id or attributes have the text `q`."""
    related = SHOWN_RELATIONSHIPS if is_browser() else -1
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


@blueprint.get("/stats")
@blueprint.get("/stats.json")
def stats() -> Response:
    """Return all counts, always as JSON."""
    return _json(current_sandbox().stats())


@blueprint.route("/faults", methods=["GET", "POST"])
def faults() -> Response:
    """Return the faults in force; a POST injects other faults from now on."""
    if request.method == "POST":
        try:
            current_sandbox().set_faults(Faults.from_json(request.get_data()))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
    return _json(current_sandbox().faults.to_json())


@blueprint.post("/reset")
def reset() -> Response:
    """Empty the workspace and the counts, stop all faults, and set the clock right."""
    current_sandbox().reset()
    return _json({})


def is_browser() -> bool:
    """Return whether the client is a browser: only browsers ask for HTML by name."""
    return "text/html" in request.headers.get("Accept", "")


def _workspace() -> Workspace:
    return current_sandbox().workspace


def _part() -> views.Slice:
    """Return the part of a list that the query asks for: by default all of it as JSON, and one page as HTML."""
    is_page = is_browser() and not request.path.endswith(".json")
    limit = request.args.get("limit", PAGE_LENGTH if is_page else -1, type=int)
    offset = request.args.get("offset", 0, type=int)
    return views.Slice(min(limit, MAX_NUMBER), min(max(0, offset), MAX_NUMBER))


def _show(template: str, data: dict[str, Any], *, json: bool) -> Response:
    if json or not is_browser():
        return _json(data)
    if "series" in data:
        data["charts"] = delivery_charts(data["series"], data["stats"]["batch_fill_tenths"], data["limit"])
    return Response(render_template(template, part=_part(), **data))


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status=status, mimetype="application/json")
