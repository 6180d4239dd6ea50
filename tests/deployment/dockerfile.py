"""The instructions of the project's Dockerfile, as far as it uses any."""

from __future__ import annotations

import pathlib
import re
from typing import NamedTuple


class Instruction(NamedTuple):
    """One instruction, such as ``COPY setup.py ./``."""

    name: str
    text: str


def instructions(file: pathlib.Path) -> list[Instruction]:
    """Read a Dockerfile, with the defaults of its ``ARG`` filled in."""
    lines = re.sub(r"\\\n\s*", "", file.read_text(encoding="utf-8")).splitlines()
    found = [Instruction(*line.split(None, 1)) for line in lines if line.strip() and not line.startswith("#")]
    defaults = dict(instruction.text.split("=", 1) for instruction in found if instruction.name == "ARG")
    return [Instruction(name, re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], text)) for name, text in found]


def copied_from_context(file: pathlib.Path) -> list[tuple[list[str], str]]:
    """The sources and the target of each ``COPY`` out of the build context."""
    copies = [text.split() for name, text in instructions(file) if name == "COPY" and not text.startswith("--from=")]
    return [(words[:-1], words[-1]) for words in copies]
