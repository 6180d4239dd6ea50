"""The first word of the command line: which command it is, and what it says of itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hamcrest import all_of, assert_that, contains_string, equal_to, has_properties, not_

from customerio_beam.pipeline.__main__ import main
from customerio_beam.pipeline.commands import COMMANDS


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["customerio-beam", *words])
    return main()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_jobs_help_names_every_command(monkeypatch, capsys, name):
    assert_that(called(monkeypatch, "--help"), equal_to(0))
    assert_that(capsys.readouterr().out, contains_string(f"customerio-beam {name} "))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_own_help(monkeypatch, capsys, name):
    assert_that(called(monkeypatch, name, "--help"), equal_to(0))
    needed = map(contains_string, [f"--{option} " for option in COMMANDS[name].needs])
    assert_that(capsys.readouterr().out, all_of(contains_string(f"customerio-beam {name}"), *needed, not_("--input ")))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_needs(monkeypatch, capsys, name):
    assert_that(called(monkeypatch, name), equal_to(2))
    assert_that(capsys.readouterr().err, contains_string(f"{name} needs --{COMMANDS[name].needs[0]}"))


def test_a_word_that_is_no_command_is_refused(monkeypatch, capsys):
    assert_that(called(monkeypatch, "forget"), equal_to(2))
    assert_that(capsys.readouterr().err, contains_string("There is no command forget"))


def test_help_loads_no_beam():
    code = (
        "import sys; sys.argv = ['customerio-beam', 'people', '--help']\n"
        "from customerio_beam.pipeline.__main__ import main\n"
        "main(); sys.exit('apache_beam' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert_that(ran, has_properties(returncode=0, stderr=""))
