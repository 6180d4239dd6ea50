"""The keys of a rules file, with their types. docs/rules.schema.json is made from these classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from customerio_beam.rules.problems import Problem

__all__ = [
    "ConsentRules",
    "EventRules",
    "FieldRules",
    "LoadedRules",
    "PeopleRules",
    "RuleSet",
    "RulesFile",
    "TopFieldRules",
    "When",
]

Paths = tuple[str, ...]


class _Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class ConsentRules(_Model, frozen=True):
    """Who has agreed to what: read from the event's own consent information."""

    require: Annotated[tuple[str, ...], Meta(description="Categories that must be granted, by their exact ids.")] = ()
    match: Annotated[
        Literal["all", "any"], Meta(description="all: every category must be granted; any: one is enough.")
    ] = "all"
    missing: Annotated[
        Literal["send", "drop"], Meta(description="What becomes of an event without consent information.")
    ] = "send"
    also_deny: Annotated[
        Paths, Meta(description="Paths; a true value at one of them denies, whatever the categories say.")
    ] = ()


class EventRules(_Model, frozen=True):
    """Which events leave, and under which name. Patterns are globs: NAME, CALL:NAME, or CALL alone."""

    allow: Annotated[tuple[str, ...] | None, Meta(description="Only these events pass; all if absent.")] = None
    deny: Annotated[tuple[str, ...], Meta(description="These events do not pass, allowed or not.")] = ()
    sample: Annotated[
        dict[str, Annotated[float, Meta(ge=0, le=1)]],
        Meta(description="The share of these events that passes, chosen by a hash of the message."),
    ] = {}
    rename: Annotated[dict[str, str], Meta(description="New names of events, pages and screens, by their names.")] = {}


class FieldRules(_Model, frozen=True):
    """Which fields leave, and how. Paths are those of the event as it came; they apply in this order."""

    drop: Annotated[Paths, Meta(description="Fields that never leave. * stands for any part of a name.")] = ()
    allow: Annotated[
        dict[str, Paths],
        Meta(description="By event pattern: the only traits and properties of these events that leave."),
    ] = {}
    rename: Annotated[dict[str, str], Meta(description="New paths of fields, by their paths.")] = {}
    copy: Annotated[dict[str, str], Meta(description="Paths that receive a copy, by the path that is copied.")] = {}
    hash: Annotated[dict[str, Literal["sha256"]], Meta(description="Fields that leave only as a hash.")] = {}


class TopFieldRules(FieldRules, frozen=True):
    """The field rules for all events, and how all hashes are made."""

    salt_secret: Annotated[
        str | None,
        Meta(
            description="Where the hashes' salt is: a Secret Manager secret (projects/P/secrets/S) or the name of an "
            "environment variable."
        ),
    ] = None
    hash_identifiers: Annotated[
        bool, Meta(description="Allows hashes of what identifies a person: userId, email and the like.")
    ] = False


class PeopleRules(_Model, frozen=True):
    """Whom nothing leaves about."""

    block: Annotated[
        str, Meta(description="A file, local or gs://, with one id or email a line. Deletions of these people pass.")
    ]


class RuleSet(_Model, frozen=True):
    """Rules that apply together."""

    consent: ConsentRules | None = None
    people: PeopleRules | None = None
    events: EventRules | None = None


class When(RuleSet, frozen=True, kw_only=True):
    """The same rules, for some events only."""

    match: Annotated[
        dict[str, Any],
        Meta(description="Paths and the values they must have: a scalar, a glob, or a list of these.", min_length=1),
    ]
    name: Annotated[str | None, Meta(description="What counters call this entry.")] = None
    drop: Annotated[bool, Meta(description="true: these events do not pass.")] = False
    fields: FieldRules | None = None


class RulesFile(RuleSet, frozen=True, kw_only=True):
    """A rules file: what may leave, for whom, and under which name."""

    version: Annotated[Literal[1], Meta(description="The version of the file's form.")]
    fields: TopFieldRules | None = None
    when: Annotated[tuple[When, ...], Meta(description="Rules for the events that match.")] = ()


@dataclass(frozen=True)
class LoadedRules:
    """A rules file that is right.

    Attributes:
        file: Its path.
        sha256: The SHA-256 of its bytes, in hexadecimal.
        rules: What it says.
        warnings: What in it can never apply, or surely isn't meant.
    """

    file: str
    sha256: str
    rules: RulesFile
    warnings: tuple[Problem, ...]
