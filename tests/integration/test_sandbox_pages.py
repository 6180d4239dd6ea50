"""The sandbox's pages in a real browser, after the job has filled it from the examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests

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
        assert status == 0, job.log
        refused = {"type": "person", "action": MARKUP, "identifiers": {"id": MARKUP}}
        answer = requests.post(
            f"{sandbox.url}/api/v2/batch", json={"batch": [refused]}, auth=(SITE_ID, API_KEY), timeout=10
        )
        assert answer.status_code == 207
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
    assert desktop.script("return document.querySelectorAll('tbody tr').length") == 1
    desktop.click("tbody a")
    desktop.wait_for("//h1[.='john.doe@example.com']")
    shown = desktop.text("main")
    assert "Attributes" in shown
    assert "Page View" in shown


def test_activity_view_filters_by_type(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/activity")
    desktop.click("select[name=type] option[value='Page View']")
    desktop.click("form button")
    desktop.wait_for("//option[@value='Page View'][@selected]")
    assert desktop.script("return [...new Set([...document.querySelectorAll('.type')].map(e => e.innerText))]") == [
        "Page View"
    ]


def test_activity_shows_the_exact_json_when_asked(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/activity")
    desktop.click("details summary")
    operation = json.loads(desktop.text("details[open] pre"))
    assert operation["type"] == "person"


def test_activity_shows_events_as_they_come_in(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/activity")
    send(filled, name="Just now")
    desktop.wait_for("//td[contains(., 'Just now')]")


@pytest.mark.parametrize("page", PAGES)
def test_no_page_runs_what_an_event_brought(filled: RunningSandbox, desktop: Browser, page: str) -> None:
    desktop.console_errors()
    desktop.open(f"{filled.url}{page}")
    assert desktop.script("return window.owned") is None
    assert desktop.script("return document.querySelectorAll('main img, main script').length") == 0
    # A blocked script or a loaded image would be in the log.
    assert desktop.console_errors() == []


def test_markup_is_shown_as_text(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/people/{quote(MARKUP, safe='')}")
    assert desktop.text("h1") == MARKUP
    assert desktop.script("return window.owned") is None
    links = desktop.script("return [...document.querySelectorAll('a')].map(link => link.href)")
    assert [link for link in links if not link.startswith(filled.url)] == []


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
    assert browser.script("return document.documentElement.scrollWidth <= innerWidth")
    outside = (
        "return [...document.querySelectorAll('header a')].filter(a => a.getBoundingClientRect().right > innerWidth)"
    )
    assert browser.script(outside) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", EVERY_PAGE)
def test_axe_finds_nothing(filled: RunningSandbox, browser: Browser, page: str, scheme: str) -> None:
    browser.prefer(scheme)
    browser.open(f"{filled.url}{page}")
    found = axe_findings(browser)
    assert found["violations"] == []
    assert found["passes"] > 20


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
    assert phone.script("return document.querySelector('.why').getBoundingClientRect().right <= innerWidth")
    phone.click(".why")
    phone.wait_for("//h1[.='Too late']")
    assert "arrived 7 minutes after the last identify call with this anonymous_id" in phone.text("main")
    assert "The next identify call with this anonymous_id joins this event." in phone.text("main")


def test_focus_and_what_is_open_survive_a_refresh(filled: RunningSandbox, desktop: Browser) -> None:
    send(filled, name="Before")
    desktop.open(f"{filled.url}/activity?q=live")
    desktop.click("tbody tr:first-child summary")
    desktop.script("document.querySelector('tbody tr:first-child .who a').focus()")
    send(filled, name="After the focus")
    desktop.wait_for("//td[contains(., 'After the focus')]")
    assert desktop.script("return document.activeElement.textContent") == "live"
    assert desktop.script("return document.activeElement.closest('tr').innerText.includes('Before')")
    assert desktop.script("return document.querySelector('details[open]').closest('tr').innerText.includes('Before')")
    assert "The list changed" in desktop.script("return document.getElementById('news').textContent")


def test_the_first_tab_leads_past_the_navigation(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/people")
    desktop.press("\ue004")
    assert desktop.script("return document.activeElement.textContent") == "Skip to the content"


def test_delivery_draws_what_was_delivered(filled: RunningSandbox, desktop: Browser) -> None:
    desktop.open(f"{filled.url}/delivery")
    heights = desktop.script(
        "return [...document.querySelector('figure svg').querySelectorAll('rect')].map(r => r.getBBox().height)"
    )
    assert max(heights) == pytest.approx(120)
    assert "person/identify" in desktop.text("main")


def test_an_empty_sandbox_says_what_to_run(desktop: Browser, job: Job) -> None:
    desktop.open(f"{job.sandbox.url}/people")
    command = desktop.text("pre.command")
    assert "python -m pipeline" in command
    assert job.sandbox.url in command
