"""The sandbox's pages in a real browser, after the job has filled it from the examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests
from hamcrest import assert_that, contains_string, equal_to, greater_than, is_, none

from customerio_beam.sandbox.server import RunningSandbox, running_sandbox
from tests.integration.browser import WIDTHS, Browser, axe_findings, browser_of
from tests.integration.job import API_KEY, SITE_ID, Job
from tests.integration.tools import ROOT

pytestmark = pytest.mark.integration

MARKUP = "<img src=/x onerror=\"window.owned='yes'\"><script>window.owned='yes'</script>"
PAGES = ["/people", "/activity", "/objects", "/delivery", "/refused", "/rules"]


def hostile_events() -> list[dict[str, object]]:
    """Returns events with markup and script wherever a value can be shown."""
    page = {"url": "javascript:window.owned='yes'", "title": MARKUP, "path": f"/{MARKUP}"}
    base = {"timestamp": "2026-11-23T10:00:00.000Z", "userId": MARKUP, "anonymousId": MARKUP}
    return [
        {**base, "type": "page", "anonymousId": MARKUP, "userId": None, "properties": page, "messageId": "h0"},
        {**base, "type": "identify", "traits": {MARKUP: MARKUP, "site": page["url"]}, "messageId": "h1"},
        {**base, "type": "track", "event": MARKUP, "properties": {MARKUP: [MARKUP]}, "messageId": "h2"},
        {**base, "type": "page", "properties": page, "messageId": "h3"},
        {**base, "type": "group", "groupId": MARKUP, "traits": {"name": MARKUP}, "messageId": "h4"},
        {
            **base,
            "type": "track",
            "event": "Device Created or Updated",
            "context": {"device": {"token": MARKUP, "type": "ios", "model": MARKUP}},
            "messageId": "h5",
        },
    ]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox with what the job makes of the examples and of hostile events."""
    folder = tmp_path_factory.mktemp("job")
    hostile = folder / "hostile.ndjson"
    hostile.write_text("".join(json.dumps(event) + "\n" for event in hostile_events()))
    with running_sandbox(site_id=SITE_ID, api_key=API_KEY) as sandbox:
        job = Job(sandbox, folder, {"CUSTOMERIO_SITE_ID": SITE_ID, "CUSTOMERIO_API_KEY": API_KEY})
        status = job.run("--backfill_recent=send", "--input", f"{ROOT}/examples/*.ndjson*", str(hostile))
        assert_that(status, equal_to(0), job.log)
        refused = {"type": "person", "action": MARKUP, "identifiers": {"id": MARKUP}}
        answer = requests.post(
            f"{sandbox.url}/api/v2/batch", json={"batch": [refused]}, auth=(SITE_ID, API_KEY), timeout=10
        )
        assert_that(answer.status_code, equal_to(207))
        yield sandbox


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from browser_of(WIDTHS["desktop"], tmp_path_factory.mktemp("desktop"))


@pytest.fixture(scope="module", params=WIDTHS)
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from browser_of(WIDTHS[request.param], tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from browser_of(WIDTHS["phone"], tmp_path_factory.mktemp("phone"))


def test_people_view_finds_a_person_and_leads_to_attributes_and_activity(
    filled: RunningSandbox, desktop: Browser
) -> None:
    desktop.open(f"{filled.url}/")
    desktop.type("input[name=q]", "JOHN.DOE@example.com")
    desktop.click("form button")
    desktop.wait_for("//input[@name='q'][@value='JOHN.DOE@example.com']")
    assert_that(desktop.script("return document.querySelectorAll('tbody tr').length"), equal_to(1))
    desktop.click("tbody a")
    desktop.wait_for("//h1[.='john.doe@example.com']")
    shown = desktop.text("main")
    assert_that(shown, contains_string("Attributes"))
    assert_that(shown, contains_string("Page View"))


def test_activity_view_filters_by_type(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/activity")
    desktop.click("select[name=type] option[value='Page View']")
    desktop.click("form button")
    desktop.wait_for("//option[@value='Page View'][@selected]")
    assert_that(
        desktop.script("return [...new Set([...document.querySelectorAll('.type')].map(e => e.innerText))]"),
        equal_to(["Page View"]),
    )


def test_activity_shows_the_exact_json_when_asked(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/activity")
    desktop.click("details summary")
    operation = json.loads(desktop.text("details[open] pre"))
    assert_that(operation["type"], equal_to("person"))


def test_activity_shows_events_as_they_come_in(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/activity")
    send(filled, name="Just now")
    desktop.wait_for("//td[contains(., 'Just now')]")


@pytest.mark.parametrize("page", PAGES)
def test_no_page_runs_what_an_event_brought(filled: RunningSandbox, desktop: Browser, page: str) -> None:
    desktop.console_errors()
    desktop.open(f"{filled.url}{page}")
    assert_that(desktop.script("return window.owned"), none())
    assert_that(desktop.script("return document.querySelectorAll('main img, main script').length"), equal_to(0))
    # A blocked script or a loaded image would be in the log.
    assert_that(desktop.console_errors(), equal_to([]))


def test_markup_is_shown_as_text(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/people/{quote(MARKUP, safe='')}")
    assert_that(desktop.text("h1"), equal_to(MARKUP))
    assert_that(desktop.script("return window.owned"), none())
    links = desktop.script("return [...document.querySelectorAll('a')].map(link => link.href)")
    assert_that([link for link in links if not link.startswith(filled.url)], equal_to([]))


EVERY_PAGE = [
    *PAGES,
    "/people/john.doe@example.com",
    "/activity/1",
    "/nothing",
    "/activity?type=none",
    "/people?q=none",
]


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_page_fits_the_window(filled: RunningSandbox, browser: Browser, page: str) -> None:
    browser.open(f"{filled.url}{page}")
    assert_that(browser.script("return document.documentElement.scrollWidth <= innerWidth"), is_(True))
    outside = (
        "return [...document.querySelectorAll('header a')].filter(a => a.getBoundingClientRect().right > innerWidth)"
    )
    assert_that(browser.script(outside), equal_to([]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", EVERY_PAGE)
def test_axe_finds_nothing(filled: RunningSandbox, browser: Browser, page: str, scheme: str) -> None:
    browser.prefer(scheme)
    browser.open(f"{filled.url}{page}")
    found = axe_findings(browser)
    assert_that(found["violations"], equal_to([]))
    assert_that(found["passes"], greater_than(20))


def send(sandbox: RunningSandbox, **fields: object) -> None:
    operation = {"type": "person", "action": "event", "identifiers": {"id": "live"}, "name": "Clicked", **fields}
    requests.post(
        f"{sandbox.url}/api/v2/entity", json=operation, auth=(SITE_ID, API_KEY), timeout=10
    ).raise_for_status()


def test_a_phone_shows_why_an_event_was_not_joined(filled: RunningSandbox, phone: Browser) -> None:
    send(filled, action="identify", attributes={"anonymous_id": "late visitor"})
    requests.post(f"{filled.url}/clock", json={"advance_seconds": 420}, timeout=10).raise_for_status()
    send(filled, identifiers={"anonymous_id": "late visitor"}, name="Too late")
    phone.open(f"{filled.url}/activity")
    assert_that(
        phone.script("return document.querySelector('.why').getBoundingClientRect().right <= innerWidth"), is_(True)
    )
    phone.click(".why")
    phone.wait_for("//h1[.='Too late']")
    assert_that(
        phone.text("main"), contains_string("arrived 7 minutes after the last identify call with this anonymous_id")
    )
    assert_that(phone.text("main"), contains_string("The next identify call with this anonymous_id joins this event."))


def test_focus_and_what_is_open_survive_a_refresh(filled: RunningSandbox, desktop: Browser) -> None:
    send(filled, name="Before")
    desktop.open(f"{filled.url}/activity?q=live")
    desktop.click("tbody tr:first-child summary")
    desktop.script("document.querySelector('tbody tr:first-child .who a').focus()")
    send(filled, name="After the focus")
    desktop.wait_for("//td[contains(., 'After the focus')]")
    assert_that(desktop.script("return document.activeElement.textContent"), equal_to("live"))
    assert_that(desktop.script("return document.activeElement.closest('tr').innerText.includes('Before')"), is_(True))
    assert_that(
        desktop.script("return document.querySelector('details[open]').closest('tr').innerText.includes('Before')"),
        is_(True),
    )
    assert_that(
        desktop.script("return document.getElementById('news').textContent"), contains_string("The list changed")
    )


def test_the_first_tab_leads_past_the_navigation(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/people")
    desktop.press("\ue004")
    assert_that(desktop.script("return document.activeElement.textContent"), equal_to("Skip to the content"))


def test_delivery_draws_what_was_delivered(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/delivery")
    heights = desktop.script(
        "return [...document.querySelector('figure svg').querySelectorAll('rect')].map(r => r.getBBox().height)"
    )
    assert_that(max(heights), equal_to(pytest.approx(120)))
    assert_that(desktop.text("main"), contains_string("person/identify"))


def test_an_empty_sandbox_says_what_to_run(desktop: Browser, job: Job) -> None:
    desktop.open(f"{job.sandbox.url}/people")
    command = desktop.text("pre.command")
    assert_that(command, contains_string("python -m pipeline"))
    assert_that(command, contains_string(job.sandbox.url))
