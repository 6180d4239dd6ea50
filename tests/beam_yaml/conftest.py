from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from apache_beam.yaml import main

import customerio_beam.beam_yaml
from tests.pipeline.conftest import sandbox

__all__ = ["sandbox"]

PROVIDERS = Path(customerio_beam.beam_yaml.__file__).with_name("providers.yaml")

RunYaml = Callable[..., None]


@pytest.fixture
def run_yaml() -> RunYaml:
    """Runs the transforms of a YAML pipeline, as ``python -m apache_beam.yaml.main`` does."""

    def run(*transforms: dict[str, Any], kind: str = "composite") -> None:
        pipeline = {"type": kind, "transforms": list(transforms)}
        spec = yaml.safe_dump({"providers": [{"include": str(PROVIDERS)}], "pipeline": pipeline})
        main.run([f"--yaml_pipeline={spec}", "--runner=FnApiRunner"])

    return run
