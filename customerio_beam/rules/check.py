"""Checks of a rules file beyond its types: what can't be right, and what can never apply."""

from __future__ import annotations

import re
from typing import Any, Final

from customerio_beam.mapping.event import CALLS
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.rules.check_events import check_events
from customerio_beam.rules.check_fields import FieldChecks
from customerio_beam.rules.document import Keys
from customerio_beam.rules.findings import Findings
from customerio_beam.rules.globs import literal_text
from customerio_beam.rules.hashing import salt_source
from customerio_beam.rules.matching import expected_problem
from customerio_beam.rules.model import ConsentRules, EventRules, RulesFile, When
from customerio_beam.rules.paths import parse_path
from customerio_beam.rules.problems import nearest

__all__ = ["check_rules"]

#: Metrics carry the name of an entry.
_is_name: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}", re.ASCII).fullmatch


def check_rules(rules: RulesFile, settings: MappingSettings) -> Findings:
    """Check the rules of a file.

    Args:
        rules: The rules, of the right types.
        settings: The job's choices about the mapping: which fields identify a person.
    """
    findings = Findings()
    fields = rules.fields
    if fields is not None and fields.salt_secret is not None:
        findings.parsed(salt_source, fields.salt_secret, ("fields", "salt_secret"))
    checks = FieldChecks(findings, settings, hashes_identifiers=fields is not None and fields.hash_identifiers)
    _check_set(rules, (), settings, checks, findings)
    names: dict[str | None, int] = {}
    for number, entry in enumerate(rules.when):
        keys: Keys = ("when", number)
        _check_when(entry, keys, findings)
        first = names.setdefault(entry.name, number)
        if entry.name is not None and first != number:
            findings.error((*keys, "name"), f"when[{first}] has the name {entry.name} too.")
        _check_set(entry, keys, settings, checks, findings)
    return findings


def _check_set(
    rules: RulesFile | When, keys: Keys, settings: MappingSettings, checks: FieldChecks, findings: Findings
) -> None:
    if rules.consent is not None:
        _check_consent(rules.consent, (*keys, "consent"), findings)
    if rules.people is not None and not rules.people.block.strip():
        findings.error((*keys, "people", "block"), "The path of the file is empty.")
    passing = check_events(rules.events or EventRules(), (*keys, "events"), settings, findings)
    if rules.fields is not None:
        checks.check(rules.fields, (*keys, "fields"), passing)


def _check_consent(rules: ConsentRules, keys: Keys, findings: Findings) -> None:
    if not rules.require and not rules.also_deny:
        findings.error(keys, "These rules deny nothing: give require or also_deny.")
    for index, category in enumerate(rules.require):
        if not category or category != category.strip():
            findings.error((*keys, "require", index), "A category is not empty, and has no white space at its ends.")
    for index, path in enumerate(rules.also_deny):
        findings.parsed(parse_path, path, (*keys, "also_deny", index))


def _check_when(entry: When, keys: Keys, findings: Findings) -> None:
    for path, value in entry.match.items():
        place: Keys = (*keys, "match", path)
        findings.parsed(parse_path, path, place)
        problem = expected_problem(path, value) or _no_call(path, value)
        if problem is not None:
            findings.error(place, problem)
    if entry.name is not None and not _is_name(entry.name):
        findings.error((*keys, "name"), "A name is at most 50 lower-case letters, digits, - and _: metrics carry it.")
    has_rules = any((entry.consent, entry.people, entry.events, entry.fields))
    if not entry.drop and not has_rules:
        findings.error(keys, "This entry does nothing: give it drop: true, or rules.")
    elif entry.drop and has_rules:
        findings.warn(keys, "drop: true filters these events, so that the entry's other rules never apply.")


def _no_call(path: str, value: Any) -> str | None:
    for each in value if isinstance(value, list) else [value]:
        call = literal_text(each) if isinstance(each, str) else None
        if path == "type" and call is not None and call not in CALLS:
            return f"There is no call {call}.{nearest(call, sorted(CALLS))}"
    return None
