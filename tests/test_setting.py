"""Settings are checked against their declarations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hamcrest import assert_that, calling, contains_exactly, equal_to, not_, raises

from customerio_beam.setting import Setting, check_settings, declarations, setting


def _not_a_token(text: str) -> str | None:
    return None if text == "t" else "a better token"


@dataclass(frozen=True)
class Example:
    size: int = setting(3, Setting("a size", least=1, most=9))
    rate: float = setting(1.5, Setting("a rate", above=0))
    kind: Literal["a", "b"] = setting("a", Setting("a kind"))
    exact: bool = setting(False, Setting("whether it is exact"))
    name: str | None = setting(None, Setting("a name", check=lambda text: None if text else "a name"))
    files: tuple[str, ...] = setting((), Setting("some files"))
    token: str = setting("t", Setting("a token", check=_not_a_token, is_secret=True))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"size": 0}, "size must be a whole number from 1 to 9, not 0"),
    ({"size": 10}, "size must be a whole number from 1 to 9, not 10"),
    ({"size": 1.5}, "size must be a whole number from 1 to 9, not 1.5"),
    ({"size": True}, "size must be a whole number from 1 to 9, not True"),
    ({"rate": 0}, "rate must be a number above 0, not 0"),
    ({"rate": float("nan")}, "rate must be a number above 0, not nan"),
    ({"rate": float("inf")}, "rate must be a number above 0, not inf"),
    ({"kind": "c"}, "kind must be one of a, b, not 'c'"),
    ({"exact": "yes"}, "exact must be true or false, not 'yes'"),
    ({"name": ""}, "name must be a name, not ''"),
    ({"files": (1,)}, "files must be text, not 1"),
]


@pytest.mark.parametrize(("values", "sentence"), WRONG)
def test_a_value_out_of_range_is_refused_by_its_name(values: dict[str, Any], sentence: str) -> None:
    assert_that(calling(check_settings).with_args(Example(**values)), raises(ValueError, f"^{sentence}$"))


def test_a_value_that_may_be_a_secret_is_not_repeated() -> None:
    assert_that(calling(check_settings).with_args(Example(token="hush")), raises(ValueError, "a better token$"))


def test_values_in_their_ranges_are_taken() -> None:
    values = Example(size=9, rate=2, kind="b", exact=True, name="n", files=("f",))
    assert_that(calling(check_settings).with_args(values), not_(raises(ValueError)))


def test_a_declaration_has_its_fields_type_and_choices() -> None:
    found = [(each.name, each.type, each.choices, each.is_list) for each in declarations(Example)]
    assert_that(
        found,
        contains_exactly(
            ("size", int, (), False),
            ("rate", float, (), False),
            ("kind", str, ("a", "b"), False),
            ("exact", bool, (), False),
            ("name", str, (), False),
            ("files", str, (), True),
            ("token", str, (), False),
        ),
    )


def test_defaults_are_the_fields_own() -> None:
    assert_that([each.default for each in declarations(Example)], equal_to([3, 1.5, "a", False, None, (), "t"]))
