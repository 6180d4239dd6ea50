"""What the templates need beside their values: filters, and headers that keep pages to themselves."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from flask import Flask, request
from werkzeug.wrappers import Response

from customerio_beam.sandbox.charts import shares
from customerio_beam.sandbox.state import current_sandbox

HEADERS = {
    # Should a value ever reach a page unescaped, this keeps it from running or loading anything.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def register(app: Flask) -> None:
    """Give an application's templates their filters, and its responses their headers."""
    app.jinja_env.filters.update(
        time=show_time,
        value=lambda value: value if isinstance(value, str) else orjson.dumps(value).decode(),
        exact=lambda value: orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(),
        number=lambda value: f"{value:,}" if isinstance(value, int) else f"{value:,.1f}",
        quoted=lambda value: quote(value, safe=""),
        shares=shares,
    )
    app.jinja_env.globals["page_url"] = lambda offset: "?" + urlencode({**request.args, "offset": max(0, offset)})
    app.context_processor(_shared)
    app.after_request(_add_headers)


def show_time(seconds: float | None) -> str:
    """Return unix seconds as a date and time in UTC; a dash for none."""
    return "-" if seconds is None else str((_EPOCH + timedelta(seconds=int(seconds))).replace(tzinfo=None))


def _shared() -> dict[str, Any]:
    sandbox = current_sandbox()
    query = f"?{urlencode(request.args)}" if request.args else ""
    return {
        "site_id": sandbox.site_id,
        "url": request.host_url.rstrip("/"),
        "json_url": f"{request.path}.json{query}",
        "counts": sandbox.stats(),
    }


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response
