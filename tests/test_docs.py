"""The documentation's tables are those that the code's declarations make, and what it names exists."""

from __future__ import annotations

import difflib
import importlib.util
import pathlib
import re
from types import ModuleType

import pytest
from hamcrest import assert_that, empty, not_none

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"

pages = pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *DOCS.glob("*.md")], ids=lambda page: str(page.name))


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_tables", DOCS / "generate_tables.py")
    assert_that(spec, not_none())
    assert_that(spec.loader, not_none())
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["options.md", "dead-letters.md", "rules.md", "people.md", "validate.md"])
def test_a_pages_tables_are_not_stale(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    fresh = generator().page_with_tables(text)
    stale = list(difflib.unified_diff(text.splitlines(), fresh.splitlines(), n=0, lineterm=""))
    assert_that(stale, empty(), "run: python docs/generate_tables.py")


def test_every_table_is_on_a_page() -> None:
    made = generator()
    pages = "".join(page.read_text(encoding="utf-8") for page in made.PAGES)
    missing = [name for name in made.TABLES if f"<!-- table: {name} -->" not in pages]
    assert_that(missing, empty(), "give these tables their markers on a page of generate_tables.PAGES")


@pages
def test_a_pages_links_lead_to_files(page: pathlib.Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert_that([link for link in links if not (page.parent / link).exists()], empty())


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_the_tour_names_files_that_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    paths = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text)
    assert_that([path for path in paths if not (ROOT / path).exists()], empty())
