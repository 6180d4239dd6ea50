"""The tables of the documentation are those that the code's declarations make."""

from __future__ import annotations

import importlib.util
import pathlib
from types import ModuleType

import pytest
from hamcrest import assert_that, equal_to

DOCS = pathlib.Path(__file__).parents[1] / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_tables", DOCS / "generate_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["options.md", "dead-letters.md"])
def test_a_pages_tables_are_not_stale(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert_that(generator().page_with_tables(text), equal_to(text), "run: python docs/generate_tables.py")


def test_every_table_is_on_a_page() -> None:
    made = generator()
    pages = "".join(page.read_text(encoding="utf-8") for page in made.PAGES)
    assert_that([name for name in made.TABLES if f"<!-- table: {name} -->" not in pages], equal_to([]))
