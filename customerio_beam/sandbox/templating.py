"""What the templates need beside their values: filters, paging, and headers that keep pages to themselves."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Pager:
    """Where in a long list a page is.

    Attributes:
        offset: Entries before it.
        length: Entries on a full page.
        total: Entries in all.
    """

    offset: int
    length: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last entry on the page, from 1."""
        return min(self.offset + self.length, self.total)

    @property
    def newer(self) -> str | None:
        """The query string of the page before, or None on the first one."""
        return self._query(max(0, self.offset - self.length)) if self.offset else None

    @property
    def older(self) -> str | None:
        """The query string of the next page, or None on the last one."""
        return self._query(self.offset + self.length) if self.last < self.total else None

    def _query(self, offset: int) -> str:
        return "?" + urlencode({**request.args, "offset": offset})


def register(app: Flask) -> None:
    """Give an application's templates their filters, and its responses their headers."""
    app.jinja_env.filters.update(
        time=show_time, value=show_value, exact=show_exact, number=show_number, quoted=_quoted, shares=shares
    )
    app.context_processor(_shared)
    app.after_request(_add_headers)


def show_time(seconds: float | None) -> str:
    """Return unix seconds as a date and time in UTC; a dash for none."""
    return "-" if seconds is None else str((_EPOCH + timedelta(seconds=int(seconds))).replace(tzinfo=None))


def show_value(value: Any) -> str:
    """Return an attribute's value as text: a string as it is, all else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def show_exact(value: Any) -> str:
    """Return JSON on several lines."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def show_number(value: float) -> str:
    """Return a number with its thousands set apart."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _quoted(value: str) -> str:
    return quote(value, safe="")


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
