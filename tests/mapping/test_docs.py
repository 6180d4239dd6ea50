"""The mapping's documentation says what the code does."""

from __future__ import annotations

import difflib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from hamcrest import assert_that, contains_exactly, empty, not_none

from customerio_beam.mapping.special_events import SPECIAL_EVENTS
from tests.cases.case import Operations, Refused
from tests.cases.tables import TABLES
from tests.helpers.reasons_in_code import reasons_in

ROOT = Path(__file__).parents[2]
MAPPING_PAGE = ROOT / "docs" / "mapping.md"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_mapping", ROOT / "docs" / "generate_mapping.py")
    assert_that(spec, not_none())
    assert_that(spec.loader, not_none())
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_not_stale(generator: ModuleType) -> None:
    page = MAPPING_PAGE.read_text(encoding="utf-8")
    fresh = generator.page_with_tables(page)

    stale = list(difflib.unified_diff(page.splitlines(), fresh.splitlines(), n=0, lineterm=""))
    assert_that(stale, empty(), "run: python docs/generate_mapping.py")


def test_all_tables_but_that_of_large_operations_show_examples() -> None:
    page = MAPPING_PAGE.read_text(encoding="utf-8")

    assert_that(re.findall(r"<!-- examples: ([^>]+) -->\n<!-- end -->", page), contains_exactly("operation sizes"))


def test_no_row_of_a_table_is_too_long_to_read() -> None:
    page = MAPPING_PAGE.read_text(encoding="utf-8")

    assert_that([line for line in page.splitlines() if line.startswith("|") and len(line) > 240], empty())


def test_the_page_names_every_event_with_a_meaning_of_its_own() -> None:
    page = MAPPING_PAGE.read_text(encoding="utf-8")

    missing = [name for name in SPECIAL_EVENTS if f"`{name}`" not in page]
    assert_that(missing, empty(), "name these events in the text of docs/mapping.md")


def test_every_reason_of_the_mapping_has_a_case() -> None:
    outcomes = [outcome for cases in TABLES.values() for case in cases for outcome in case.outcomes]
    refused = {outcome.reason for outcome in outcomes if isinstance(outcome, Refused)}
    unsent = {reason for outcome in outcomes if isinstance(outcome, Operations) for reason in outcome.unsent}

    given = set(reasons_in("customerio_beam/mapping"))
    assert_that(given - refused - unsent, empty(), "add cases of these reasons to tests/cases/")
    assert_that((refused | unsent) - given, empty(), "the cases have reasons that the mapping does not give")
