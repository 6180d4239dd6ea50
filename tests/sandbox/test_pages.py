"""The pages as a browser gets them: escaped, complete without anything from elsewhere, and the same as their JSON."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
import requests

from customerio_beam.sandbox.charts import MAX_BARS, delivery_charts
from customerio_beam.sandbox.meter import Second
from customerio_beam.sandbox.pages import show_time
from tests.sandbox.conftest import Client, event, identify, person_operation

MARKUP = "\"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>{{ 7 * 7 }}"
PAGES = ["people", "activity", "objects", "delivery", "refused", "rules"]
HEAD = {"html", "head", "meta", "title", "link", "script", "body", "header", "nav", "main", "footer"}
TEXT = {
    "label",
    "caption",
    "a",
    "strong",
    "em",
    "p",
    "code",
    "pre",
    "span",
    "time",
    "br",
    "h1",
    "h2",
    "ul",
    "li",
    "dl",
    "div",
    "dt",
    "dd",
}
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
    assert loaded == ["/static/icon.svg", "/static/sandbox.css", "/static/live.js"]
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


def test_a_list_leads_to_its_first_and_last_part_and_to_any_other(client: Client) -> None:
    client.batch(*(event(number) for number in range(220)))
    page = html(client, "/activity?type=event&page=3")
    assert "101–150 of 220" in page  # noqa: RUF001
    assert "?type=event&amp;offset=0" in page
    assert "?type=event&amp;offset=200" in page
    assert '<input type="hidden" name="type" value="event">' in page


def test_json_comes_in_parts(client: Client) -> None:
    for start in range(0, 1200, 400):
        client.batch(*(event(number) for number in range(start, start + 400)))
    first = client.read("/activity.json")
    rest = client.read(f"/activity.json?offset={first['next_offset']}")
    assert (len(first["activity"]), len(rest["activity"]), rest["next_offset"]) == (1000, 200, None)


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "offset=-5", "page=0", "limit=x", "offset=9" + "9" * 30])
def test_a_strange_part_of_a_list_is_no_error(client: Client, query: str) -> None:
    client.batch(event(1))
    assert client.call("GET", f"/activity?{query}", headers={"Accept": "text/html"}).status_code == 200


HIDDEN = "gnp.\u202egpj\u200b\x07"
SHOWN = "gnp.⟨U+202E⟩gpj⟨U+200B⟩⟨U+0007⟩"


@pytest.mark.parametrize("path", ["people", "people/u1", "activity", "objects", "refused"])
def test_hidden_and_reordering_characters_are_shown(client: Client, path: str) -> None:
    fill(client, HIDDEN)
    client.batch(identify({"note": HIDDEN}), event(9, HIDDEN, id="not a ULID"))
    page = html(client, f"/{path}")
    assert SHOWN in page
    assert "\u202e" not in page


def test_people_are_found_by_what_is_known_of_them(client: Client) -> None:
    client.batch(
        identify({"name": "Zoë Smith", "plan": 'pro "max"'}), identify({"name": "Bob"}, identifiers={"id": "u2"})
    )
    found = {query: client.read(f"/people.json?q={quote(query)}")["people"] for query in ("zoË", 'pro "m', "U2", "nil")}
    assert {query: [person["id"] for person in people] for query, people in found.items()} == {
        "zoË": ["u1"],
        'pro "m': ["u1"],
        "U2": ["u2"],
        "nil": [],
    }


def test_a_person_without_an_email_is_listed_by_what_there_is(client: Client) -> None:
    client.batch(identify())
    assert re.search(
        r'<a href="/people/cio_[0-9a-f]+">u1</a> <span class="quiet">no email</span>', html(client, "/people")
    )


def test_activity_leads_to_its_person_and_back(client: Client) -> None:
    client.batch(event(1), event(2, identifiers={"id": "u2"}))
    cio_id = client.person("u1")["cio_id"]
    assert f'href="/people/cio_{cio_id}"' in html(client, "/activity")
    assert f'href="/activity?person=cio_{cio_id}"' in html(client, "/people/u1")
    assert [line["person"]["id"] for line in client.activity(f"?person=cio_{cio_id}")] == ["u1"]


def test_a_line_says_why_it_was_not_joined(client: Client) -> None:
    client.batch(event(1, identifiers={"anonymous_id": "a1"}))
    assert '<a class="why" href="/activity/1">Why not joined?</a>' in html(client, "/activity")
    page = html(client, "/activity/1")
    assert "Nobody here was identified with this anonymous_id." in page
    assert client.read("/activity/1.json")["line"]["claims"] == []


@pytest.mark.parametrize("path", ["/people/nobody%20here", "/activity/99", "/nothing/at/all"])
def test_an_error_page_says_what_was_looked_for_and_leads_on(client: Client, path: str) -> None:
    answer = client.call("GET", path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert f"<code>{path}</code>" in answer.text
    assert 'href="/activity"' in answer.text


def test_long_lists_are_folded(client: Client) -> None:
    client.batch(identify({f"a{number:02d}": 1 for number in range(40)}))
    assert "<summary>Show all 40</summary>" in html(client, "/people/u1")


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


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "1970-01-01 00:00:00"), (-62_135_596_800, "0001-01-01 00:00:00"), (1.9, "1970-01-01 00:00:01"), (None, "-")],
)
def test_times_are_shown_in_utc(seconds: float | None, shown: str) -> None:
    assert show_time(seconds) == shown
