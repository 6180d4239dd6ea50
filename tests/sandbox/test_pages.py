"""The pages as a browser gets them: escaped, complete without anything from elsewhere, and the same as their JSON."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote

import pytest
import requests

from customerio_beam.sandbox.charts import MAX_BARS, delivery_charts, shares
from customerio_beam.sandbox.meter import Second
from customerio_beam.sandbox.templating import show_time
from tests.sandbox.conftest import Client, event, identify, person_operation

MARKUP = "\"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>{{ 7 * 7 }}"
PAGES = ["people", "activity", "objects", "delivery", "refused", "rules"]
HEAD = {"html", "head", "meta", "title", "link", "script", "body", "header", "nav", "main", "footer"}
TEXT = {"a", "strong", "em", "p", "code", "pre", "span", "time", "br", "h1", "h2", "ul", "li", "dl", "div", "dt", "dd"}
FORMS = {"form", "input", "button", "select", "option", "details", "summary"}
TABLES = {"section", "table", "thead", "tr", "th", "tbody", "td", "figure", "figcaption", "svg", "rect", "line"}


class Elements(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def html(client: Client, path: str) -> str:
    answer = client.call("GET", path, headers={"Accept": "text/html,application/xhtml+xml"})
    assert answer.status_code == 200
    return answer.text


def fill(client: Client, text: str) -> None:
    """Puts a text wherever an operation can carry one."""
    names, who = {"object_type_id": "1", "object_id": text}, {"id": text}
    relation = [{"identifiers": who, "relationship_attributes": {text: text}}]
    anonymous = [{"identifiers": {"anonymous_id": text}, "relationship_attributes": {text: text}}]
    client.batch(
        identify({text: text, "email": text, "anonymous_id": text, "url": f"javascript:{text}"}, identifiers=who),
        event(1, text[:90], identifiers=who, attributes={text: {text: [text]}}),
        event(2, text[:90], action="page", identifiers={"anonymous_id": f"other {text}"[:100]}),
        event(3, text[:90], action="screen", identifiers={"email": text}, timestamp=1),
        person_operation("add_device", text, device={"token": text, "platform": "ios", "attributes": {text: text}}),
        {**person_operation("add_device", text), "device": {"token": "t", "platform": "ios", "last_used": text}},
        {"type": "object", "action": "identify", "identifiers": names, "attributes": {text: text},
         "cio_relationships": relation},
        {"type": "object", "action": "identify_anonymous", "identifiers": names, "cio_relationships": anonymous},
        {"type": text, "action": text},
        {"type": "person", "action": "identify", "identifiers": {text: text}},
    )  # fmt: skip


@pytest.mark.parametrize("path", [*PAGES, f"people/{quote(MARKUP, safe='')}", f"people?q={quote(MARKUP)}&{MARKUP}=1"])
def test_no_page_has_an_element_that_an_event_brought(client: Client, path: str) -> None:
    fill(client, MARKUP)
    page = Elements()
    page.feed(html(client, f"/{path}"))
    assert {tag for tag, _ in page.found} <= HEAD | TEXT | FORMS | TABLES
    assert [attributes for tag, attributes in page.found if tag == "script"] == [
        {"src": "/static/live.js", "defer": None}
    ]
    for _, attributes in page.found:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        assert not (attributes.get("href") or "").lower().startswith("javascript")


@pytest.mark.parametrize("path", ["people", "activity", "objects", "refused"])
def test_markup_is_shown_as_it_was_sent(client: Client, path: str) -> None:
    fill(client, MARKUP)
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in html(client, f"/{path}")
    assert "{{ 7 * 7 }}" in html(client, f"/{path}")


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_from_elsewhere(client: Client, path: str) -> None:
    fill(client, "text")
    page = Elements()
    page.feed(html(client, f"/{path}"))
    loaded = [
        attributes.get("src") or attributes.get("href") for tag, attributes in page.found if tag in ("script", "link")
    ]
    assert loaded == ["/static/sandbox.css", "/static/live.js"]
    for each in loaded:
        assert client.call("GET", str(each)).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_pages_forbid_the_browser_anything_but_their_own(client: Client, path: str) -> None:
    headers = client.call("GET", f"/{path}").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_json_twin(client: Client, path: str) -> None:
    fill(client, "text")
    asked = client.call("GET", f"/{path}", headers={"Accept": "application/json"}).json()
    named = client.call("GET", f"/{path}.json", headers={"Accept": "text/html"}).json()
    assert asked.keys() == named.keys()
    assert f'href="/{path}.json"' in html(client, f"/{path}")


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_page_says_so(client: Client, path: str) -> None:
    assert "<h1>" in html(client, f"/{path}")


def test_an_empty_people_view_says_what_to_run(client: Client) -> None:
    page = html(client, "/people")
    assert f"--track_endpoint {client.sandbox.url}" in page
    assert "CUSTOMERIO_SITE_ID=site" in page


@pytest.mark.parametrize("key", ["a/b c?&#%.json", "äöü", "cio_x", "x.json"])
def test_a_person_is_found_by_any_id(client: Client, key: str) -> None:
    client.batch(identify(identifiers={"id": key}))
    assert client.person(quote(key, safe=""))["id"] == key
    assert f"<h1>{key.replace('&', '&amp;')}</h1>" in html(client, f"/people/{quote(key, safe='')}")


@pytest.mark.parametrize("path", ["people/nobody", "people/nobody.json", "nothing"])
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.call("GET", f"/{path}", headers={"Accept": "text/html"}).status_code == 404


@pytest.mark.parametrize("query", ["order=name", "who=me"])
def test_an_unknown_filter_is_refused(client: Client, query: str) -> None:
    assert client.call("GET", f"/activity?{query}").status_code == 400


def test_long_lists_are_paged_with_their_filters_kept(client: Client) -> None:
    client.batch(*(event(number) for number in range(120)))
    page = html(client, "/activity?q=click&offset=50")
    assert "51–100 of 120" in page  # noqa: RUF001
    assert "?q=click&amp;offset=0" in page
    assert "?q=click&amp;offset=100" in page


def test_the_count_only_mode_is_announced() -> None:
    from customerio_beam.sandbox.server import running_sandbox

    with running_sandbox(count_only=True) as sandbox:
        assert "--count-only" in html(Client(sandbox), "/people")


@pytest.mark.parametrize("path", ["/reset", "/faults"])
def test_another_site_can_not_make_a_browser_change_anything(client: Client, path: str) -> None:
    answer = client.call("POST", path, json={}, headers={"Origin": "https://evil.example.com"})
    assert answer.status_code == 403
    assert requests.post(client.sandbox.url + path, json={}, timeout=10).status_code == 200


def test_charts_have_a_bar_for_each_second_up_to_a_number() -> None:
    series = [(second, Second(requests=second % 7 + 1, operations=10)) for second in range(1000, 1150)]
    requests_chart, operations_chart, *_ = delivery_charts(series, [0] * 10, 100)
    assert (len(requests_chart.values), requests_chart.top, requests_chart.limit) == (50, 7, None)
    assert (requests_chart.start, operations_chart.values[0]) == (1000, 10)
    assert len(requests_chart.values) <= MAX_BARS


def test_a_limit_near_the_bars_is_drawn() -> None:
    assert delivery_charts([(1, Second(requests=7))], [0] * 10, 20)[0].limit == 20


class Drawing(HTMLParser):
    """Checks that everything drawn is inside the drawing."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "rect":
            at = {name: float(value or 0) for name, value in attrs}
            assert 0 <= at.get("x", 0) <= at.get("x", 0) + at["width"] <= 600.02
            assert at.get("y", 0) + at["height"] == pytest.approx(120, abs=0.02) or at["height"] == 10


def test_charts_are_drawn_inside_their_frame(client: Client) -> None:
    for number in range(30):
        client.batch(*(event(100 * number + each) for each in range(number + 1)))
    Drawing().feed(html(client, "/delivery"))


def test_shares_are_of_the_largest() -> None:
    assert shares({"a": 1, "b": 4}) == [("b", 4, 100.0), ("a", 1, 25.0)]
    assert shares({}) == []


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "1970-01-01 00:00:00"), (-62_135_596_800, "0001-01-01 00:00:00"), (1.9, "1970-01-01 00:00:01"), (None, "-")],
)
def test_times_are_shown_in_utc(seconds: float | None, shown: str) -> None:
    assert show_time(seconds) == shown
