"""The pages as a browser gets them: escaped, complete without anything from elsewhere, and the same as their JSON."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote

import pytest
import requests
from hamcrest import (
    any_of,
    assert_that,
    close_to,
    contains_string,
    empty,
    equal_to,
    has_entries,
    has_length,
    less_than_or_equal_to,
    matches_regexp,
    not_,
    starts_with,
)

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
    assert_that(answer.status_code, equal_to(200))
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
    assert_that({tag for tag, _ in page.found}, less_than_or_equal_to(HEAD | TEXT | FORMS | TABLES))
    assert_that(
        [attributes for tag, attributes in page.found if tag == "script"],
        equal_to([{"src": "/static/live.js", "defer": None}]),
    )
    for _, attributes in page.found:
        assert_that([name for name in attributes if name.startswith("on") or name == "style"], empty())
        assert_that((attributes.get("href") or "").lower(), not_(starts_with("javascript")))


@pytest.mark.parametrize("path", ["people", "activity", "objects", "refused"])
def test_markup_is_shown_as_it_was_sent(client: Client, path: str) -> None:
    fill(client, MARKUP)
    assert_that(html(client, f"/{path}"), contains_string("&lt;script&gt;alert(2)&lt;/script&gt;"))
    assert_that(html(client, f"/{path}"), contains_string("{{ 7 * 7 }}"))


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_from_elsewhere(client: Client, path: str) -> None:
    fill(client, "text")
    page = Elements()
    page.feed(html(client, f"/{path}"))
    loaded = [
        attributes.get("src") or attributes.get("href") for tag, attributes in page.found if tag in ("script", "link")
    ]
    assert_that(loaded, equal_to(["/static/icon.svg", "/static/sandbox.css", "/static/live.js"]))
    for each in loaded:
        assert_that(client.call("GET", str(each)).status_code, equal_to(200))


@pytest.mark.parametrize("path", PAGES)
def test_pages_forbid_the_browser_anything_but_their_own(client: Client, path: str) -> None:
    headers = client.call("GET", f"/{path}").headers
    assert_that(headers["Content-Security-Policy"], starts_with("default-src 'none'"))
    assert_that(headers["Content-Security-Policy"], not_(contains_string("unsafe")))


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_json_twin(client: Client, path: str) -> None:
    fill(client, "text")
    asked = client.call("GET", f"/{path}", headers={"Accept": "application/json"}).json()
    named = client.call("GET", f"/{path}.json", headers={"Accept": "text/html"}).json()
    assert_that(asked.keys(), equal_to(named.keys()))
    assert_that(html(client, f"/{path}"), contains_string(f'href="/{path}.json"'))


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_page_says_so(client: Client, path: str) -> None:
    assert_that(html(client, f"/{path}"), contains_string("<h1>"))


def test_an_empty_people_view_says_what_to_run(client: Client) -> None:
    page = html(client, "/people")
    assert_that(page, contains_string(f"--track_endpoint {client.sandbox.url}"))
    assert_that(page, contains_string("CUSTOMERIO_SITE_ID=site"))


@pytest.mark.parametrize("key", ["a/b c?&#%.json", "äöü", "cio_x", "x.json"])
def test_a_person_is_found_by_any_id(client: Client, key: str) -> None:
    client.batch(identify(identifiers={"id": key}))
    assert_that(client.person(quote(key, safe=""))["id"], equal_to(key))
    assert_that(
        html(client, f"/people/{quote(key, safe='')}"), contains_string(f"<h1>{key.replace('&', '&amp;')}</h1>")
    )


@pytest.mark.parametrize("path", ["people/nobody", "people/nobody.json", "nothing"])
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert_that(client.call("GET", f"/{path}", headers={"Accept": "text/html"}).status_code, equal_to(404))


@pytest.mark.parametrize("query", ["order=name", "who=me"])
def test_an_unknown_filter_is_refused(client: Client, query: str) -> None:
    assert_that(client.call("GET", f"/activity?{query}").status_code, equal_to(400))


def test_long_lists_are_paged_with_their_filters_kept(client: Client) -> None:
    client.batch(*(event(number) for number in range(120)))
    page = html(client, "/activity?q=click&offset=50")
    assert_that(page, contains_string("51–100 of 120"))  # noqa: RUF001
    assert_that(page, contains_string("?q=click&amp;offset=0"))
    assert_that(page, contains_string("?q=click&amp;offset=100"))


def test_a_list_leads_to_its_first_and_last_part_and_to_any_other(client: Client) -> None:
    client.batch(*(event(number) for number in range(220)))
    page = html(client, "/activity?type=event&page=3")
    assert_that(page, contains_string("101–150 of 220"))  # noqa: RUF001
    assert_that(page, contains_string("?type=event&amp;offset=0"))
    assert_that(page, contains_string("?type=event&amp;offset=200"))
    assert_that(page, contains_string('<input type="hidden" name="type" value="event">'))


def test_json_comes_in_parts(client: Client) -> None:
    for start in range(0, 1200, 400):
        client.batch(*(event(number) for number in range(start, start + 400)))
    first = client.read("/activity.json")
    rest = client.read(f"/activity.json?offset={first['next_offset']}")
    assert_that((len(first["activity"]), len(rest["activity"]), rest["next_offset"]), equal_to((1000, 200, None)))


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "offset=-5", "page=0", "limit=x", "offset=9" + "9" * 30])
def test_a_strange_part_of_a_list_is_no_error(client: Client, query: str) -> None:
    client.batch(event(1))
    assert_that(client.call("GET", f"/activity?{query}", headers={"Accept": "text/html"}).status_code, equal_to(200))


HIDDEN = "gnp.\u202egpj\u200b\x07"
SHOWN = "gnp.⟨U+202E⟩gpj⟨U+200B⟩⟨U+0007⟩"


@pytest.mark.parametrize("path", ["people", "people/u1", "activity", "objects", "refused"])
def test_hidden_and_reordering_characters_are_shown(client: Client, path: str) -> None:
    fill(client, HIDDEN)
    client.batch(identify({"note": HIDDEN}), event(9, HIDDEN, id="not a ULID"))
    page = html(client, f"/{path}")
    assert_that(page, contains_string(SHOWN))
    assert_that(page, not_(contains_string("\u202e")))


def test_people_are_found_by_what_is_known_of_them(client: Client) -> None:
    client.batch(
        identify({"name": "Zoë Smith", "plan": 'pro "max"'}), identify({"name": "Bob"}, identifiers={"id": "u2"})
    )
    found = {query: client.read(f"/people.json?q={quote(query)}")["people"] for query in ("zoË", 'pro "m', "U2", "nil")}
    assert_that(
        {query: [person["id"] for person in people] for query, people in found.items()},
        equal_to(
            {
                "zoË": ["u1"],
                'pro "m': ["u1"],
                "U2": ["u2"],
                "nil": [],
            }
        ),
    )


def test_a_person_without_an_email_is_listed_by_what_there_is(client: Client) -> None:
    client.batch(identify())
    assert_that(
        html(client, "/people"),
        matches_regexp(r'<a href="/people/cio_[0-9a-f]+">u1</a> <span class="quiet">no email</span>'),
    )


def test_activity_leads_to_its_person_and_back(client: Client) -> None:
    client.batch(event(1), event(2, identifiers={"id": "u2"}))
    cio_id = client.person("u1")["cio_id"]
    assert_that(html(client, "/activity"), contains_string(f'href="/people/cio_{cio_id}"'))
    assert_that(html(client, "/people/u1"), contains_string(f'href="/activity?person=cio_{cio_id}"'))
    assert_that([line["person"]["id"] for line in client.activity(f"?person=cio_{cio_id}")], equal_to(["u1"]))


def test_a_line_says_why_it_was_not_joined(client: Client) -> None:
    client.batch(event(1, identifiers={"anonymous_id": "a1"}))
    assert_that(html(client, "/activity"), contains_string('<a class="why" href="/activity/1">Why not joined?</a>'))
    page = html(client, "/activity/1")
    assert_that(page, contains_string("Nobody here was identified with this anonymous_id."))
    assert_that(client.read("/activity/1.json")["line"]["claims"], equal_to([]))


@pytest.mark.parametrize("path", ["/people/nobody%20here", "/activity/99", "/nothing/at/all"])
def test_an_error_page_says_what_was_looked_for_and_leads_on(client: Client, path: str) -> None:
    answer = client.call("GET", path, headers={"Accept": "text/html"})
    assert_that(answer.status_code, equal_to(404))
    assert_that(answer.text, contains_string(f"<code>{path}</code>"))
    assert_that(answer.text, contains_string('href="/activity"'))


def test_long_lists_are_folded(client: Client) -> None:
    client.batch(identify({f"a{number:02d}": 1 for number in range(40)}))
    assert_that(html(client, "/people/u1"), contains_string("<summary>Show all 40</summary>"))


def test_the_count_only_mode_is_announced() -> None:
    from customerio_beam.sandbox.server import running_sandbox

    with running_sandbox(count_only=True) as sandbox:
        assert_that(html(Client(sandbox), "/people"), contains_string("--count-only"))


@pytest.mark.parametrize("path", ["/reset", "/faults"])
def test_another_site_can_not_make_a_browser_change_anything(client: Client, path: str) -> None:
    answer = client.call("POST", path, json={}, headers={"Origin": "https://evil.example.com"})
    assert_that(answer.status_code, equal_to(403))
    assert_that(requests.post(client.sandbox.url + path, json={}, timeout=10).status_code, equal_to(200))


def test_charts_have_a_bar_for_each_second_up_to_a_number() -> None:
    series = [(second, Second(requests=second % 7 + 1, operations=10)) for second in range(1000, 1150)]
    requests_chart, operations_chart, *_ = delivery_charts(series, [0] * 10, 100)
    assert_that((len(requests_chart.values), requests_chart.top, requests_chart.limit), equal_to((50, 7, None)))
    assert_that((requests_chart.start, operations_chart.values[0]), equal_to((1000, 10)))
    assert_that(requests_chart.values, has_length(less_than_or_equal_to(MAX_BARS)))


def test_a_limit_near_the_bars_is_drawn() -> None:
    assert_that(delivery_charts([(1, Second(requests=7))], [0] * 10, 20)[0].limit, equal_to(20))


class Drawing(HTMLParser):
    """Checks that everything drawn is inside the drawing."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "rect":
            at = {name: float(value or 0) for name, value in attrs}
            left, right = at.get("x", 0), at.get("x", 0) + at["width"]
            assert_that([0, left, right, 600.02], equal_to(sorted([0, left, right, 600.02])))
            at_the_bottom = has_entries(height=close_to(120 - at.get("y", 0), 0.02))
            assert_that(at, any_of(at_the_bottom, has_entries(height=10)))


def test_charts_are_drawn_inside_their_frame(client: Client) -> None:
    for number in range(30):
        client.batch(*(event(100 * number + each) for each in range(number + 1)))
    Drawing().feed(html(client, "/delivery"))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "1970-01-01 00:00:00"), (-62_135_596_800, "0001-01-01 00:00:00"), (1.9, "1970-01-01 00:00:01"), (None, "-")],
)
def test_times_are_shown_in_utc(seconds: float | None, shown: str) -> None:
    assert_that(show_time(seconds), equal_to(shown))
