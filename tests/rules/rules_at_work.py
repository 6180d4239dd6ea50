"""Runs rules over single events, without Beam."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import read_events
from customerio_beam.rules.blocklist import Blocklist
from customerio_beam.rules.compiled import Rules, Verdict
from customerio_beam.rules.load import load_rules
from customerio_beam.rules.problems import Problem, RulesError

__all__ = ["TIME", "Files", "compiled", "filtered_by", "operation", "problems", "read", "verdict", "warnings"]

TIME = "2026-11-24T10:00:00Z"


class Files:
    """What a rules file names: every blocklist holds the same people."""

    def __init__(self, blocked: Iterable[str] = ("nobody",), salt: str = "pepper") -> None:
        self._blocked = "\n".join(blocked).encode()
        self._salt = salt

    def blocklist(self, path: str) -> Blocklist:
        return Blocklist.read(io.BytesIO(self._blocked), path)

    def salt(self, source: str) -> str:
        return self._salt


def compiled(rules: str, files: Files | None = None, **settings: Any) -> Rules:
    """Compile rules, written without the line of their version."""
    mapping = MappingSettings(**settings)
    loaded = load_rules("rules.yaml", f"version: 1\n{rules}".encode(), mapping)
    return Rules(loaded.rules, mapping, files or Files())


def read(event: dict[str, Any], **settings: Any) -> Event:
    payload = json.dumps({"timestamp": TIME, "messageId": "m1", **event}).encode()
    [outcome] = read_events(payload, None, MappingSettings(**settings))
    assert isinstance(outcome, Event), outcome
    return outcome


def verdict(rules: str | Rules, event: dict[str, Any], files: Files | None = None, **settings: Any) -> Verdict:
    made = compiled(rules, files, **settings) if isinstance(rules, str) else rules
    return made.apply(read(event, **settings))


def filtered_by(rules: str | Rules, event: dict[str, Any], files: Files | None = None, **settings: Any) -> str | None:
    """Return the rule that filters an event; None where it passes, reduced or not."""
    found = verdict(rules, event, files, **settings)
    return found.rule if found.event is None else None


def operation(rules: str | Rules, event: dict[str, Any], files: Files | None = None, **settings: Any) -> dict[str, Any]:
    """Return the one operation of an event that the rules let pass."""
    passed = verdict(rules, event, files, **settings).event
    assert passed is not None
    [made] = map_event(passed, MappingSettings(**settings)).operations
    value: dict[str, Any] = json.loads(made)
    return value


def problems(text: str, **settings: Any) -> list[Problem]:
    """Return what is wrong with a file."""
    try:
        load_rules("rules.yaml", text.encode(), MappingSettings(**settings))
    except RulesError as error:
        return error.problems
    return []


def warnings(rules: str, **settings: Any) -> list[Problem]:
    """Return the warnings about rules, written without the line of their version."""
    loaded = load_rules("rules.yaml", f"version: 1\n{rules}".encode(), MappingSettings(**settings))
    return list(loaded.warnings)
