"""Runs a command as a user would."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from customerio_beam.pipeline.commands import run_command


class Ended(NamedTuple):
    status: int
    out: str
    err: str


class Terminal:
    """Runs commands of this process, and returns what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, name: str, *arguments: object) -> Ended:
        self._capsys.readouterr()
        status = run_command("customerio-beam", name, [str(argument) for argument in arguments])
        return Ended(status, *self._capsys.readouterr())
