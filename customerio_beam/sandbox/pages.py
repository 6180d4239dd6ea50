"""The pages of the workspace, and the settings of the sandbox: HTML for a browser, JSON for everybody else."""

from __future__ import annotations

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
from customerio_beam.sandbox.templating import Pager
from customerio_beam.sandbox.workspace import Workspace

PAGE_LENGTH = 50
"""Entries on a page; JSON gives all unless the query has a limit."""

MAX_NUMBER = 10**9
"""The largest limit and offset: more than any list has."""

SHOWN_RELATIONSHIPS = 20
"""Relationships of each object on the Objects page."""

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


@blueprint.get("/people")
@blueprint.get("/people.json")
def people() -> Response:
    """Show the People View: everybody, or those whose identifiers or attributes have the text `q`."""
    return _show("people.html", views.people(_workspace(), request.args.get("q", ""), _part()))


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
    return _json(found) if twin or not is_browser() else _show("person.html", found)


@blueprint.get("/activity")
@blueprint.get("/activity.json")
def activity() -> Response:
    """Show the Activity View, filtered by `type`, by `who` (identified, anonymous) and by the text `q` in the name."""
    asked = request.args
    order, who = asked.get("order", "received"), asked.get("who", "")
    if order not in ("received", "time") or who not in ("", "identified", "anonymous"):
        abort(400, "order must be received or time, and who identified or anonymous")
    kind, search = asked.get("type", ""), asked.get("q", "")
    found = views.activity(_workspace(), kind=kind, search=search, who=who, order=order, part=_part())
    return _show("activity.html", found)


@blueprint.get("/objects")
@blueprint.get("/objects.json")
def objects() -> Response:
    """Show objects with attributes and relationships, or those whose id or attributes have the text `q`."""
    related = -1 if _wants_json() else SHOWN_RELATIONSHIPS
    return _show("objects.html", views.objects(_workspace(), request.args.get("q", ""), _part(), related))


@blueprint.get("/refused")
@blueprint.get("/refused.json")
def refused() -> Response:
    """Show what was refused, and what failed after it was accepted."""
    return _show("refused.html", views.refused(_workspace(), _part()))


@blueprint.get("/delivery")
@blueprint.get("/delivery.json")
def delivery() -> Response:
    """Show the traffic over time."""
    sandbox = current_sandbox()
    data = views.delivery(sandbox)
    if _wants_json():
        return _json(data)
    charts = delivery_charts(sandbox.meter.series(), data["stats"]["batch_fill_tenths"], data["limit"])
    return Response(render_template("delivery.html", charts=charts, **data))


@blueprint.get("/rules")
@blueprint.get("/rules.json")
def rules() -> Response:
    """Show what is known of Customer.io, with the source, and what is not."""
    data = {"known": [rule._asdict() for rule in catalogue.KNOWN], "not_known": list(catalogue.NOT_KNOWN)}
    return _json(data) if _wants_json() else Response(render_template("rules.html", **data))


@blueprint.get("/stats")
@blueprint.get("/stats.json")
def stats() -> Response:
    """Return all counts, always as JSON."""
    return _json(current_sandbox().stats())


@blueprint.get("/faults")
def get_faults() -> Response:
    """Return the faults in force."""
    return _json(current_sandbox().faults.to_json())


@blueprint.post("/faults")
def set_faults() -> Response:
    """Inject other faults from now on."""
    try:
        faults = Faults.from_json(request.get_data())
    except ValueError as error:
        return _json({"error": str(error)}, 400)
    current_sandbox().set_faults(faults)
    return _json(faults.to_json())


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


def _wants_json() -> bool:
    return request.path.endswith(".json") or not is_browser()


def _part() -> views.Slice:
    """Return the part of a list that the query asks for: by default all of it as JSON, and one page as HTML."""
    limit = request.args.get("limit", -1 if _wants_json() else PAGE_LENGTH, type=int)
    offset = max(0, request.args.get("offset", 0, type=int))
    return views.Slice(min(limit, MAX_NUMBER), min(offset, MAX_NUMBER))


def _show(template: str, data: dict[str, Any]) -> Response:
    if _wants_json():
        return _json(data)
    part = _part()
    return Response(render_template(template, pager=Pager(part.offset, part.limit, data["total"]), **data))


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status=status, mimetype="application/json")
