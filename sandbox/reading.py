"""Reading the workspace back: a page for a browser, the same values as JSON for everybody else."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox import views
from sandbox.charts import delivery_charts
from sandbox.faults import Faults
from sandbox.pages import Pager
from sandbox.rules import catalogue
from sandbox.service import service

PAGE_LENGTH = 50
"""Entries on a page; JSON gives all where no limit is asked for."""

blueprint = Blueprint("reading", __name__)


@blueprint.before_request
def refuse_other_sites() -> None:
    """Refuses changes that a page of another site makes a browser send."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)


@blueprint.get("/")
def home() -> BaseResponse:
    """Leads to the People View."""
    return redirect("/people")


@blueprint.get("/people")
@blueprint.get("/people.json")
def people() -> Response:
    """The People View: everybody by email or id, or those whose identifiers have the text `q`."""
    part = _part()
    return _show("people.html", views.people(service().workspace, request.args.get("q", ""), part), part)


@blueprint.get("/people/<path:key>")
def person(key: str) -> Response:
    """One person, by id, email, or `cio_` and cio_id, with activity."""
    part = _part()
    found = views.person(service().workspace, key, part)
    if found is None and key.endswith(".json"):
        found = views.person(service().workspace, key[: -len(".json")], views.Slice(_limit(), part.offset))
        return _json(found) if found is not None else abort(404)
    return _show("person.html", found, part) if found is not None else abort(404)


@blueprint.get("/activity")
@blueprint.get("/activity.json")
def activity() -> Response:
    """The Activity View, filtered by `type`, by `who` (identified, anonymous) and by the text `q` in the name."""
    part, asked = _part(), request.args
    order = asked.get("order", "received")
    if order not in ("received", "time") or asked.get("who", "") not in ("", "identified", "anonymous"):
        abort(400, "order must be received or time, and who identified or anonymous")
    found = views.activity(
        service().workspace,
        kind=asked.get("type", ""),
        search=asked.get("q", ""),
        who=asked.get("who", ""),
        order=order,
        part=part,
    )
    return _show("activity.html", found, part)


@blueprint.get("/objects")
@blueprint.get("/objects.json")
def objects() -> Response:
    """Objects with attributes and relationships."""
    part = _part()
    return _show("objects.html", views.objects(service().workspace, request.args.get("q", ""), part), part)


@blueprint.get("/refused")
@blueprint.get("/refused.json")
def refused() -> Response:
    """What was refused, and what failed after it was accepted."""
    part = _part()
    return _show("refused.html", views.refused(service().workspace, part), part)


@blueprint.get("/delivery")
@blueprint.get("/delivery.json")
def delivery() -> Response:
    """The traffic over time."""
    found = service()
    data = views.delivery(found)
    if _wants_json():
        return _json(data)
    charts = delivery_charts(found.meter.series(), data["stats"], data["limit"])
    return Response(render_template("delivery.html", charts=charts, **data))


@blueprint.get("/rules")
@blueprint.get("/rules.json")
def rules() -> Response:
    """What is known of Customer.io, where from, and what is not."""
    data = {"known": [rule._asdict() for rule in catalogue.KNOWN], "not_known": list(catalogue.NOT_KNOWN)}
    return _json(data) if _wants_json() else Response(render_template("rules.html", **data))


@blueprint.get("/stats")
@blueprint.get("/stats.json")
def stats() -> Response:
    """All counts, always as JSON."""
    return _json(service().stats())


@blueprint.get("/faults")
def get_faults() -> Response:
    """The faults injected now."""
    return _json(service().faults.to_json())


@blueprint.post("/faults")
def set_faults() -> Response:
    """Injects other faults from now on."""
    try:
        faults = Faults.from_json(orjson.loads(request.get_data()))
    except ValueError as error:
        return _json({"error": str(error)}, 400)
    service().set_faults(faults)
    return _json(faults.to_json())


@blueprint.post("/reset")
def reset() -> Response:
    """Empties the workspace, the counts and the faults."""
    service().reset()
    return _json({})


def _wants_json() -> bool:
    """Tells whether the caller is no browser: those alone ask for HTML by name."""
    return request.path.endswith(".json") or "text/html" not in request.headers.get("Accept", "")


def _limit() -> int | None:
    limit = request.args.get("limit", type=int)
    return limit if limit is None or limit >= 0 else None


def _part() -> views.Slice:
    limit = _limit()
    if limit is None and not _wants_json():
        limit = PAGE_LENGTH
    return views.Slice(limit, max(0, request.args.get("offset", 0, type=int)))


def _show(template: str, data: dict[str, Any], part: views.Slice) -> Response:
    if _wants_json():
        return _json(data)
    pager = Pager(part.offset, part.limit or PAGE_LENGTH, data["total"])
    return Response(render_template(template, pager=pager, **data))


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status=status, mimetype="application/json")
