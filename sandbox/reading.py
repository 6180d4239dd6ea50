"""Reading the workspace back: a page for a browser, the same as JSON for everybody else."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, abort, request

from sandbox import views
from sandbox.faults import Faults
from sandbox.service import service

blueprint = Blueprint("reading", __name__)


@blueprint.get("/people.json")
def people() -> Response:
    return _json(views.people(service().workspace, request.args.get("q", ""), _part()))


@blueprint.get("/activity.json")
def activity() -> Response:
    a = request.args
    return _json(
        views.activity(
            service().workspace,
            kind=a.get("type", ""),
            search=a.get("q", ""),
            who=a.get("who", ""),
            order=a.get("order", "received"),
            part=_part(),
        )
    )


@blueprint.get("/people/<path:key>.json")
def person(key: str) -> Response:
    found = views.person(service().workspace, key, _part())
    return _json(found) if found is not None else abort(404)


@blueprint.get("/objects.json")
def objects() -> Response:
    return _json(views.objects(service().workspace, request.args.get("q", ""), _part()))


@blueprint.get("/refused.json")
def refused() -> Response:
    return _json(views.refused(service().workspace, _part()))


@blueprint.get("/stats.json")
@blueprint.get("/stats")
def stats() -> Response:
    return _json(service().stats())


@blueprint.get("/faults")
def get_faults() -> Response:
    return _json(service().faults.to_json())


@blueprint.post("/faults")
def set_faults() -> Response:
    try:
        faults = Faults.from_json(orjson.loads(request.get_data()))
    except ValueError as error:
        return _json({"error": str(error)}, 400)
    service().set_faults(faults)
    return _json(faults.to_json())


@blueprint.post("/reset")
def reset() -> Response:
    service().reset()
    return _json({})


def _part() -> views.Slice:
    limit = request.args.get("limit", type=int)
    return views.Slice(limit, request.args.get("offset", 0, type=int))


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status=status, mimetype="application/json")
