"""A rules file at work: what becomes of an event.

The order is consent, people, sample, events, then fields. What no one has agreed to is not looked at further; whom
nothing may leave about comes next; samples are of all that could leave. Fields come last, so that every decision is
about the event as it came.

Deletions and suppressions always pass. An identify call that opts a person out passes too, reduced to the opt-out,
unless the person is blocked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Protocol

import msgspec

from customerio_beam.mapping import json_text
from customerio_beam.mapping.calls import event_name
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Context, Event
from customerio_beam.mapping.fields import NO_FIELDS, identifier_text, trimmed
from customerio_beam.mapping.message import message_of
from customerio_beam.mapping.places import first_token, places
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.rules.blocklist import Blocklist
from customerio_beam.rules.consent import ConsentCheck, consent_check
from customerio_beam.rules.fields import FieldPlan, Paths
from customerio_beam.rules.globs import EventGlob, parse_event_glob
from customerio_beam.rules.hashing import Hasher
from customerio_beam.rules.looking import Extras, ExtrasReader, Look, look_for
from customerio_beam.rules.matching import Match, compile_match
from customerio_beam.rules.model import EventRules, FieldRules, RuleSet, RulesFile, When
from customerio_beam.rules.paths import Path, is_preference, is_protected, parse_path

__all__ = ["ALWAYS_PASS", "Resources", "Rules", "Verdict"]

#: Track events that delete or suppress: Customer.io must learn of these.
ALWAYS_PASS: Final = frozenset(
    {"User Deleted", "User Suppressed", "Device Deleted", "Object Deleted", "Relationship Deleted"}
)

#: How Customer.io reads ``unsubscribed`` (Track API reference): these unsubscribe, all else subscribes.
_UNSUBSCRIBED: Final = (1, "true", "1")

#: Decisions about kinds of events that are kept. Names come from outside, so their number and length are bounded.
_MAX_DECISIONS: Final = 4_096
_MAX_NAME_LENGTH: Final = 200

_EMAIL: Final = places("email of identify")
_PHONE: Final = places("phone of identify")
_ALL: Final = 1 << 64
#: The rules at the top of the file, which apply to every event.
_TOP: Final[tuple[int, ...]] = (0,)
_new_hash: Final = blake2b(digest_size=8, person=b"sample").copy


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What becomes of an event.

    Attributes:
        event: The event that goes on to the mapping; None where a rule filters it.
        rule: The rule that filters it, such as ``consent.require``; or that has reduced it to its opt-out. Else None.
    """

    event: Event | None
    rule: str | None


class Resources(Protocol):
    """What a rules file names and does not hold."""

    def blocklist(self, path: str) -> Blocklist:
        """Return the blocked people of a file."""

    def salt(self, source: str) -> str:
        """Return the secret salt of the hashes."""


#: Returns the rule that filters an event; None where it passes.
_Check = Callable[[Event, Extras], str | None]


@dataclass(frozen=True)
class _Set:
    """Rules that apply together: those at the top of the file, or of an entry of ``when``.

    Attributes:
        prefix: What the names of its rules begin with; empty at the top.
        match: Which events it is for; None for all.
        drops: Whether none of these events passes.
    """

    prefix: str
    match: Match | None
    drops: bool
    consent: ConsentCheck | None
    blocklist: Blocklist | None
    allow: tuple[EventGlob, ...] | None = None
    deny: tuple[EventGlob, ...] = ()
    sample: tuple[tuple[EventGlob, int], ...] = ()
    rename: tuple[tuple[EventGlob, str], ...] = ()
    fields_allow: tuple[tuple[EventGlob, tuple[Path, ...]], ...] = ()
    paths: Paths = field(default_factory=Paths)


class _Decision(msgspec.Struct, frozen=True):
    """What is the same for all events of a call and name, for which the same entries of ``when`` match.

    Attributes:
        checks: What may filter them, in the order of the rules.
        blocks: Those of the checks that look the person up in a blocklist.
        rename: Their new name, or None.
        plan: What becomes of their fields; None for no change.
    """

    checks: tuple[_Check, ...]
    blocks: tuple[_Check, ...]
    rename: str | None
    plan: FieldPlan | None


class Rules:
    """A compiled rules file. It may be shared by threads.

    Args:
        file: The rules, checked (``load.load_rules``).
        settings: The job's choices about the mapping, which decide about names and identities.
        resources: Where blocklists and the salt come from; they are fetched at once.
    """

    def __init__(self, file: RulesFile, settings: MappingSettings, resources: Resources) -> None:
        self._settings = settings
        self._reader = ExtrasReader()
        self._looks: dict[str, Look] = {}
        self._sets = [self._compiled(file, None, "", resources)]
        for number, entry in enumerate(file.when):
            match = compile_match(entry.match, self._reader)
            self._sets.append(self._compiled(entry, match, f"{entry.name or f'when[{number}]'}.", resources))
        self._reader.prepare()
        salt = file.fields.salt_secret if file.fields is not None else None
        self._hasher = Hasher("" if salt is None else resources.salt(salt))
        self._needs_name = any(map(_needs_name, self._sets))
        self._matches = [(number, rules.match) for number, rules in enumerate(self._sets) if rules.match is not None]
        self._decisions: dict[tuple[str, str | None, tuple[int, ...]], _Decision] = {}
        self._plans: dict[Any, FieldPlan] = {}

    def apply(self, event: Event) -> Verdict:
        """Decide about an event.

        Raises:
            InvalidEvent: ``invalid_json``: a field that the rules ask for can't be read, or nests too deeply.
        """
        try:
            extras = self._reader.read(event.origin)
            decision = self._decision(event, extras)
            for check in decision.checks:
                rule = check(event, extras)
                if rule is not None and not _always_passes(event):
                    return _stopped(event, extras, decision, rule)
            if decision.plan is not None:
                event = decision.plan(event, extras)
        except RecursionError:
            raise InvalidEvent("invalid_json", "The event nests too deeply for the rules.") from None
        return Verdict(event if decision.rename is None else _renamed(event, decision.rename), None)

    def field_paths(self, event: Event) -> Paths:
        """Return the field rules that apply to an event.

        Raises:
            InvalidEvent: As ``apply`` does.
        """
        matched = self._matched(event, self._reader.read(event.origin))
        return self._paths(event.call, self._name(event), matched)

    @property
    def hasher(self) -> Hasher:
        """What makes the hashes."""
        return self._hasher

    @property
    def all_paths(self) -> Paths:
        """All field rules of the file together, for events that can't be read; ``allow`` excepted."""
        return _joined([rules.paths for rules in self._sets])

    def _matched(self, event: Event, extras: Extras) -> tuple[int, ...]:
        """Return the numbers of the sets of rules that apply to an event."""
        matched = _TOP
        for number, match in self._matches:
            if match(event, extras):
                matched += (number,)
        return matched

    def _name(self, event: Event) -> str | None:
        return event_name(event, self._settings) if self._needs_name else None

    def _decision(self, event: Event, extras: Extras) -> _Decision:
        name = self._name(event)
        key = (event.call, name, self._matched(event, extras) if self._matches else _TOP)
        decision = self._decisions.get(key)
        if decision is None:
            decision = self._decide(*key)
            if name is None or len(name) <= _MAX_NAME_LENGTH:
                if len(self._decisions) >= _MAX_DECISIONS:
                    self._decisions.clear()
                self._decisions[key] = decision
        return decision

    def _decide(self, call: str, name: str | None, matched: tuple[int, ...]) -> _Decision:
        sets = [self._sets[number] for number in matched]
        blocks = tuple(
            _block_check(f"{rules.prefix}people.block", rules.blocklist, call, self._settings)
            for rules in sets
            if rules.blocklist is not None
        )
        rename = (new for rules in sets for glob, new in rules.rename if glob.matches(call, name))
        return _Decision(
            checks=(
                *(rules.consent for rules in sets if rules.consent is not None),
                *blocks,
                *(check for rules in sets for check in _sample_checks(rules, call, name)),
                *(check for rules in sets for check in _event_checks(rules, call, name)),
            ),
            blocks=blocks,
            rename=next(rename, None),
            plan=self._plan(call, name, matched),
        )

    def _plan(self, call: str, name: str | None, matched: tuple[int, ...]) -> FieldPlan | None:
        paths = self._paths(call, name, matched)
        if paths == _NO_PATHS:
            return None
        key = (call, matched, tuple(tuple(path.text for path in places) for places in paths.allow))
        if key not in self._plans:
            if len(self._plans) >= _MAX_DECISIONS:
                self._plans.clear()
            self._plans[key] = FieldPlan(call, paths, self._looks, self._hasher, self._settings.identify_by)
        plan = self._plans[key]
        return plan if plan.changes else None

    def _paths(self, call: str, name: str | None, matched: tuple[int, ...]) -> Paths:
        sets = [self._sets[number] for number in matched]
        allow = []
        for rules in sets:
            lists = [places for glob, places in rules.fields_allow if glob.matches(call, name)]
            if lists:
                allow.append(tuple(path for places in lists for path in places))
        return _joined([*(rules.paths for rules in sets), Paths(allow=tuple(allow))])

    def _compiled(self, rules: RuleSet, match: Match | None, prefix: str, resources: Resources) -> _Set:
        events = rules.events or EventRules()
        fields: FieldRules = getattr(rules, "fields", None) or FieldRules()
        copy = _pairs(fields.copy)
        for source, _ in copy:
            self._looks[source.text] = look_for(source.names, self._reader)
        return _Set(
            prefix=prefix,
            match=match,
            drops=isinstance(rules, When) and rules.drop,
            consent=None if rules.consent is None else consent_check(rules.consent, prefix, self._reader),
            blocklist=None if rules.people is None else resources.blocklist(rules.people.block),
            allow=None if events.allow is None else tuple(map(parse_event_glob, events.allow)),
            deny=tuple(map(parse_event_glob, events.deny)),
            sample=tuple((parse_event_glob(glob), int(rate * _ALL)) for glob, rate in events.sample.items()),
            rename=tuple((parse_event_glob(glob), name) for glob, name in events.rename.items()),
            fields_allow=tuple(
                (parse_event_glob(glob), tuple(parse_path(path, globs=True) for path in paths))
                for glob, paths in fields.allow.items()
            ),
            paths=Paths(
                drop=tuple(parse_path(path, globs=True) for path in fields.drop),
                rename=_pairs(fields.rename),
                copy=copy,
                hash=tuple(parse_path(path, globs=True) for path in fields.hash),
            ),
        )


_NO_PATHS: Final = Paths()


def _is_opt_out(traits: Mapping[str, Any]) -> bool:
    """Tell whether the traits of an identify call opt the person out, wholly or by subscription preferences."""
    return traits.get("unsubscribed") in _UNSUBSCRIBED or any(map(is_preference, traits))


def _always_passes(event: Event) -> bool:
    name = event.fields.event
    return event.call == "track" and isinstance(name, str) and name in ALWAYS_PASS


def _pairs(paths: Mapping[str, str]) -> tuple[tuple[Path, Path], ...]:
    return tuple((parse_path(source), parse_path(target)) for source, target in paths.items())


def _joined(several: Sequence[Paths]) -> Paths:
    return Paths(
        *(
            tuple(each for paths in several for each in getattr(paths, name))
            for name in ("drop", "allow", "rename", "copy", "hash")
        )
    )


def _needs_name(rules: _Set) -> bool:
    globs: list[EventGlob] = [*(rules.allow or ()), *rules.deny]
    for pairs in (rules.sample, rules.rename, rules.fields_allow):
        globs.extend(glob for glob, _ in pairs)
    return any(glob.name is not None for glob in globs)


def _block_check(rule: str, blocklist: Blocklist, call: str, settings: MappingSettings) -> _Check:
    """Return the check of everybody that an event of a call is about."""
    names = ("email", "phone") if settings.identify_by == "phone" else ("email",)

    def check(event: Event, _: Extras) -> str | None:
        person = event.user_id
        if person is not None and person in blocklist:
            return rule
        person = event.anonymous_id
        if person is not None and person in blocklist:
            return rule
        if call == "identify" and _has_blocked(event.traits, names, blocklist):
            return rule
        traits = event.context.traits
        if traits is not None and isinstance(traits, dict) and _has_blocked(traits, names, blocklist):
            return rule
        if call == "alias":
            person = identifier_text(event.fields.previous_id)
            if person is not None and person in blocklist:
                return rule
        return None

    return check


def _has_blocked(traits: Mapping[str, Any], names: Sequence[str], blocklist: Blocklist) -> bool:
    for name in names:
        person = trimmed(traits.get(name))
        if person is not None and person in blocklist:
            return True
    return False


def _sample_checks(rules: _Set, call: str, name: str | None) -> Iterator[_Check]:
    rule = f"{rules.prefix}events.sample"
    below = next((below for glob, below in rules.sample if glob.matches(call, name)), _ALL)
    if below < _ALL:
        yield lambda event, _: rule if _share(event) >= below else None


def _event_checks(rules: _Set, call: str, name: str | None) -> Iterator[_Check]:
    if rules.drops:
        rule = "drop"
    elif any(glob.matches(call, name) for glob in rules.deny):
        rule = "events.deny"
    elif rules.allow is not None and not any(glob.matches(call, name) for glob in rules.allow):
        rule = "events.allow"
    else:
        return
    yield lambda _, __: rules.prefix + rule


def _share(event: Event) -> int:
    """Return a number below 2**64 that is the same whenever a message is sent again.

    Raises:
        InvalidEvent: ``invalid_json``: a message without messageId has what no JSON text may have.
    """
    hashed = _new_hash()
    try:
        hashed.update(message_of(event))
    except json_text.InvalidJson as error:
        raise InvalidEvent("invalid_json", f"The event is not JSON: {error}.") from None
    return int.from_bytes(hashed.digest(), "big")


def _stopped(event: Event, extras: Extras, decision: _Decision, rule: str) -> Verdict:
    """Stop an event that a rule filters, unless it is an opt-out of somebody who is not blocked."""
    if event.call != "identify" or not _is_opt_out(event.traits):
        return Verdict(None, rule)
    for check in decision.blocks:
        blocked = check(event, extras)
        if blocked is not None:
            return Verdict(None, blocked)
    if decision.plan is not None:
        event = decision.plan(event, extras)
    return Verdict(_reduced(event), rule)


def _reduced(event: Event) -> Event:
    """Return an identify call with nothing but its opt-out, for a person that exists."""
    traits: dict[str, Any] = {name: value for name, value in event.traits.items() if is_protected(name)}
    traits["_update"] = True
    # Where only the context has them, they identify the person and are no attributes.
    identity = {
        name: value
        for name, value in (("email", first_token(event, _EMAIL)), ("phone", first_token(event, _PHONE)))
        if value is not None
    }
    fields = msgspec.structs.replace(event.fields, anonymous_id=None)
    return msgspec.structs.replace(
        event,
        anonymous_id=None,
        traits=traits,
        properties=NO_FIELDS,
        context=Context(traits=identity or None),
        fields=fields,
    )


_NAME_FIELDS: Final[dict[str, str]] = {"track": "event", "page": "name", "screen": "name"}


def _renamed(event: Event, name: str) -> Event:
    fields = msgspec.structs.replace(event.fields, **{_NAME_FIELDS[event.call]: name})
    return msgspec.structs.replace(event, fields=fields)
