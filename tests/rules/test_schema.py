"""The JSON Schema of a rules file, for editors: it is the model's, and says the same as the job."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import jsonschema
import msgspec
import pytest
from hamcrest import assert_that, equal_to
from ruamel.yaml import YAML

from customerio_beam.rules.model import RulesFile
from tests.rules.rules_at_work import problems

ROOT = pathlib.Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "rules.schema.json").read_text(encoding="utf-8"))


def test_the_schema_is_the_models() -> None:
    made = json.loads(json.dumps(msgspec.json.schema(RulesFile)))
    assert_that(SCHEMA, equal_to({"$schema": SCHEMA["$schema"], **made}), "run: python docs/generate_tables.py")


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ((ROOT / "examples" / "rules.yaml").read_text(encoding="utf-8"), True),
        ("version: 1", True),
        ("version: 2", False),
        ("version: 1\nevents: {alow: [A]}", False),
        ("version: 1\nevents: {sample: {A: 2}}", False),
        ("version: 1\nfields: {hash: {traits.a: md5}}", False),
        ("version: 1\nwhen: [{drop: true}]", False),
    ],
)
def test_an_editor_and_the_job_agree(text: str, is_valid: bool) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert_that(validator.is_valid(YAML(typ="safe", pure=True).load(text)), equal_to(is_valid))
    assert_that(not problems(text), equal_to(is_valid))
