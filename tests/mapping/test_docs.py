"""The mapping's documentation says what the code does."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from customerio_beam.mapping.special_events import SPECIAL_EVENTS
from customerio_beam.transforms.dead_letter import RETRYABLE_REASONS
from tests.cases.case import Operations, Refused
from tests.cases.tables import TABLES

ROOT = Path(__file__).parents[2]
MAPPING_PAGE = ROOT / "docs" / "mapping.md"
DEAD_LETTERS_PAGE = ROOT / "docs" / "dead-letters.md"
PACKAGES = ("customerio_beam/mapping", "transforms", "customerio_beam/delivery", "pipeline")

#: What a reason is given to, and at which position.
_REASON_AT = {"InvalidEvent": 0, "Rejected": 0, "UnsentPart": 0, "Failure": 2}


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_mapping", ROOT / "docs" / "generate_mapping.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_not_stale(generator: ModuleType) -> None:
    page = MAPPING_PAGE.read_text(encoding="utf-8")

    assert generator.page_with_tables(page) == page, "run: python docs/generate_mapping.py"


def test_all_tables_but_that_of_large_operations_show_examples() -> None:
    page = MAPPING_PAGE.read_text(encoding="utf-8")

    assert re.findall(r"<!-- examples: ([^>]+) -->\n<!-- end -->", page) == ["operation sizes"]


def test_the_page_names_every_event_with_a_meaning_of_its_own() -> None:
    page = MAPPING_PAGE.read_text(encoding="utf-8")

    assert [name for name in SPECIAL_EVENTS if f"`{name}`" not in page] == []


def test_the_dead_letters_page_lists_exactly_the_reasons_of_the_code() -> None:
    assert sorted(reason for reason, _ in _documented_reasons()) == sorted(_reasons_in_code())


def test_the_dead_letters_page_says_which_reasons_are_retryable() -> None:
    assert {reason for reason, retryable in _documented_reasons() if retryable == "yes"} == RETRYABLE_REASONS


def test_every_reason_of_the_mapping_has_a_case() -> None:
    outcomes = [outcome for cases in TABLES.values() for case in cases for outcome in case.outcomes]
    refused = {outcome.reason for outcome in outcomes if isinstance(outcome, Refused)}
    unsent = {reason for outcome in outcomes if isinstance(outcome, Operations) for reason in outcome.unsent}

    assert refused | unsent == set(_reasons_in("customerio_beam/mapping"))


def _documented_reasons() -> list[tuple[str, str]]:
    """Return each reason of the page and whether it is retryable, ``yes`` or ``no``."""
    page = DEAD_LETTERS_PAGE.read_text(encoding="utf-8")
    return re.findall(r"^\| `(\w+)` \|.*\| (yes|no) \|$", page, re.MULTILINE)


def _reasons_in_code() -> set[str]:
    return {reason for package in PACKAGES for reason in _reasons_in(package)} | RETRYABLE_REASONS


def _reasons_in(package: str) -> Iterator[str]:
    """Yield the reasons that a package's code gives as literals."""
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _reasons_of(node)


def _reasons_of(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in ("dead_letter", "dead_letter_output"):
        given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    elif name in _REASON_AT:
        given = call.args[_REASON_AT[name] :][:1]
    else:
        return
    yield from (value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str))
