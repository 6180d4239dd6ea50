"""The page of `validate` in a real browser: from a file, as a colleague opens it."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hamcrest import assert_that, contains_string, empty, equal_to, greater_than, none

from tests.integration.browser import WIDTHS, Browser, axe_findings, browser_of
from tests.integration.test_sandbox_pages import MARKUP, hostile_events
from tests.integration.tools import ROOT

pytestmark = pytest.mark.integration

RULES = 'version: 1\nevents: {deny: ["Cart *"]}\n'
OTHER_RULES = "version: 1\nevents: {deny: [page]}\nfields: {hash: {traits.phone: sha256}}\n"
PLAN = {"Order Completed": {"required": ["coupon_code"], "properties": {"total": {"type": "string"}}}}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A report about the examples, about hostile events, and about ever new names, with every part."""
    folder = tmp_path_factory.mktemp("report")
    events = [
        *hostile_events(),
        {"type": "track", "event": "No person", "timestamp": "2026-11-23T10:00:00Z", "properties": {MARKUP: MARKUP}},
        *(
            {"type": "track", "userId": "u", "event": f"{'long ' * 30}{number}", "timestamp": "2024-05-01T10:00:00Z"}
            for number in range(100)
        ),
    ]
    hostile = folder / "hostile.ndjson"
    hostile.write_text("".join(json.dumps(event) + "\n" for event in events))
    (folder / "rules.yaml").write_text(RULES)
    (folder / "other.yaml").write_text(OTHER_RULES)
    (folder / "plan.json").write_text(json.dumps(PLAN))
    arguments = [
        f"--rules={folder}/rules.yaml",
        f"--compare={folder}/other.yaml",
        f"--tracking_plan={folder}/plan.json",
        f"--report={folder}/report.html",
        "--show_values",
        "--input",
        f"{ROOT}/examples/*.ndjson*",
        str(hostile),
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline", "validate", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert_that((ended.returncode, ended.stderr), equal_to((3, "")))
    return folder / "report.html"


@pytest.fixture(scope="module", params=WIDTHS)
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from browser_of(WIDTHS[request.param], tmp_path_factory.mktemp(request.param))


def opened(browser: Browser, page: pathlib.Path) -> None:
    browser.open(page.as_uri())
    browser.script("document.querySelectorAll('details').forEach(each => { each.open = true })")


def test_the_page_has_every_part(page: pathlib.Path, browser: Browser) -> None:
    opened(browser, page)
    headings = browser.script("return [...document.querySelectorAll('h2')].map(each => each.innerText)")
    expected = ["Events", "Operations", "Filtered", "Dead letters", "People", "Attributes and properties"]
    expected += ["Younger than 72 hours", "Tracking plan", "Compared with other rules"]
    assert_that(headings, equal_to(expected))


def test_it_runs_and_loads_nothing_and_shows_markup_as_text(page: pathlib.Path, browser: Browser) -> None:
    browser.console_errors()
    opened(browser, page)
    assert_that(browser.script("return window.owned"), none())
    assert_that(browser.script("return document.querySelectorAll('img, script, link, iframe').length"), equal_to(0))
    assert_that(browser.script("return performance.getEntriesByType('resource').length"), equal_to(0))
    assert_that(browser.console_errors(), empty())
    assert_that(browser.text("main"), contains_string(MARKUP))


def test_it_fits_the_window(page: pathlib.Path, browser: Browser) -> None:
    opened(browser, page)
    assert_that(browser.script("return document.documentElement.scrollWidth <= innerWidth"), equal_to(True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: pathlib.Path, browser: Browser, scheme: str) -> None:
    browser.prefer(scheme)
    opened(browser, page)
    found = axe_findings(browser)
    assert_that(found["violations"], empty())
    assert_that(found["passes"], greater_than(15))
