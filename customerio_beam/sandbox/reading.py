"""Reading the workspace back: a page for a browser, the same values as JSON for everybody else."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from customerio_beam.sandbox import views
from customerio_beam.sandbox.charts import delivery_charts
from customerio_beam.sandbox.faults import Faults
from customerio_beam.sandbox.pages import Pager
from customerio_beam.sandbox.rules import catalogue
from customerio_beam.sandbox.service import service

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
    json = _wants_json()
    found = views.people(service().workspace, request.args.get("q", ""), _part(json=json))
    return _show("people.html", found, json=json)


@blueprint.get("/people/<path:key>")
def person(key: str) -> Response:
    """One person, by id, email, or `cio_` and cio_id, with activity."""
    # An id may itself end like the address of a JSON twin: then it is the id.
    json = not _is_browser()
    found = views.person(service().workspace, key, _part(json=json))
    if found is None and key.endswith(".json"):
        json = True
        found = views.person(service().workspace, key[: -len(".json")], _part(json=json))
    if found is None:
        abort(404)
    return _show("person.html", found, json=json)


@blueprint.get("/activity")
@blueprint.get("/activity.json")
def activity() -> Response:
    """The Activity View, filtered by `type`, by `who` (identified, anonymous) and by the text `q` in the name."""
    json, asked = _wants_json(), request.args
    order = asked.get("order", "received")
    if order not in ("received", "time") or asked.get("who", "") not in ("", "identified", "anonymous"):
        abort(400, "order must be received or time, and who identified or anonymous")
    found = views.activity(
        service().workspace,
        kind=asked.get("type", ""),
        search=asked.get("q", ""),
        who=asked.get("who", ""),
        order=order,
        part=_part(json=json),
    )
    return _show("activity.html", found, json=json)


@blueprint.get("/objects")
@blueprint.get("/objects.json")
def objects() -> Response:
    """Objects with attributes and relationships."""
    json = _wants_json()
    found = views.objects(service().workspace, request.args.get("q", ""), _part(json=json))
    return _show("objects.html", found, json=json)


@blueprint.get("/refused")
@blueprint.get("/refused.json")
def refused() -> Response:
    """What was refused, and what failed after it was accepted."""
    json = _wants_json()
    return _show("refused.html", views.refused(service().workspace, _part(json=json)), json=json)


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


def _is_browser() -> bool:
    """Tells whether the caller is a browser: those alone ask for HTML by name."""
    return "text/html" in request.headers.get("Accept", "")


def _wants_json() -> bool:
    return request.path.endswith(".json") or not _is_browser()


def _part(*, json: bool) -> views.Slice:
    """Returns the part of a list that is asked for: by default all of it as JSON, and one page of it as a page."""
    limit = request.args.get("limit", type=int)
    if limit is None or limit < 0:
        limit = None if json else PAGE_LENGTH
    return views.Slice(limit, max(0, request.args.get("offset", 0, type=int)))


def _show(template: str, data: dict[str, Any], *, json: bool) -> Response:
    if json:
        return _json(data)
    part = _part(json=json)
    pager = Pager(part.offset, part.limit or PAGE_LENGTH, data["total"])
    return Response(render_template(template, pager=pager, **data))


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status=status, mimetype="application/json")
