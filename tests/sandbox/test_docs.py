"""The documentation says what the code does."""

from __future__ import annotations

import pathlib
import re

import pytest
from hamcrest import assert_that, contains_string, equal_to

from customerio_beam.sandbox.command_line import parse
from customerio_beam.sandbox.faults import FAULTS, Faults
from customerio_beam.sandbox.rules.catalogue import KNOWN, NOT_KNOWN
from tests.sandbox.conftest import Client

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_every_rule_is_documented_with_its_source() -> None:
    lines = PAGE.splitlines()
    assert_that([rule for rule in KNOWN if f"- {rule.rule} ([source]({rule.source}))" not in lines], equal_to([]))
    assert_that([rule for rule in NOT_KNOWN if f"- {rule}" not in lines], equal_to([]))


@pytest.mark.parametrize("name", [*FAULTS, *Faults.__struct_fields__])
def test_every_fault_is_documented(name: str) -> None:
    assert_that(PAGE, contains_string(f"`{name}`"))


def test_every_option_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert_that({option for option in options if f"`{option}`" not in PAGE}, equal_to(set()))


def test_every_count_is_documented(client: Client) -> None:
    shown = {name for name in client.read("/stats.json") if f"`{name}`" not in PAGE}
    assert_that(shown, equal_to({"people", "objects"}))
