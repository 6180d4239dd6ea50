"""Checks of the rules about events: their patterns, and which of them can never apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from customerio_beam.mapping.event import CALLS
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.mapping.special_events import SPECIAL_EVENTS
from customerio_beam.rules.document import Keys
from customerio_beam.rules.findings import Findings
from customerio_beam.rules.globs import EventGlob, parse_event_glob
from customerio_beam.rules.model import EventRules
from customerio_beam.rules.problems import near

__all__ = ["Passing", "check_events", "event_globs", "warn_if_never"]

_CALLS: Final = sorted(CALLS)


@dataclass(frozen=True)
class Passing:
    """Which events the rules let pass.

    Attributes:
        allow: The events that are allowed; None for all.
        deny: The events that are denied.
    """

    allow: Sequence[EventGlob] | None = None
    deny: Sequence[EventGlob] = ()

    def never(self, glob: EventGlob) -> str | None:
        """Say why no event of a glob passes; None where one may."""
        for deny in self.deny:
            if deny.covers(glob):
                return f"events.deny has {deny.text}"
        name = glob.literal
        if self.allow is None or name is None:
            return None
        if any(allow.matches(call, name) for allow in self.allow for call in glob.calls):
            return None
        return "events.allow does not have it"


def check_events(rules: EventRules, keys: Keys, settings: MappingSettings, findings: Findings) -> Passing:
    """Check the rules about events; return which events pass."""
    if rules.allow == ():
        findings.error((*keys, "allow"), "An empty list filters every event: leave the key out, or name some.")
    allow = event_globs(rules.allow or (), (*keys, "allow"), findings)
    deny = event_globs(rules.deny, (*keys, "deny"), findings)
    denied = Passing(deny=tuple(glob for _, glob in deny))
    passing = Passing(None if rules.allow is None else tuple(glob for _, glob in allow), denied.deny)
    sample = event_globs(rules.sample, (*keys, "sample"), findings)
    for globs in (allow, deny, sample):
        _warn_of_repeats(globs, findings)
    for place, glob in allow:
        warn_if_never(denied, glob, place, findings)
    for place, glob in sample:
        warn_if_never(passing, glob, place, findings)
    for old, new in rules.rename.items():
        place = (*keys, "rename", old)
        renamed = findings.parsed(parse_event_glob, old, place)
        if renamed is not None:
            for sentence in _rename_errors(renamed, new, settings):
                findings.error(place, sentence)
            if renamed.literal == new:
                findings.warn(place, "The new name is the old one.")
            warn_if_never(passing, renamed, place, findings)
    return passing


def event_globs(
    texts: Sequence[str] | Mapping[str, object], keys: Keys, findings: Findings
) -> list[tuple[Keys, EventGlob]]:
    """Parse the patterns of a list, or of the keys of a mapping; each with its place."""
    found = []
    for index, text in enumerate(texts):
        place: Keys = (*keys, text if isinstance(texts, Mapping) else index)
        glob = findings.parsed(parse_event_glob, text, place)
        if glob is None:
            continue
        found.append((place, glob))
        prefix, colon, rest = text.partition(":")
        call = near(prefix.lower(), _CALLS) if colon and prefix not in CALLS else None
        if call is not None:
            findings.warn(place, f"{prefix} is no call, so this is a name. Did you mean {call}:{rest}?")
    return found


def warn_if_never(passing: Passing, glob: EventGlob, place: Keys, findings: Findings) -> None:
    """Warn where no event of a glob passes."""
    why = passing.never(glob)
    if why is not None:
        findings.warn(place, f"This never applies: {why}.")


def _warn_of_repeats(globs: Sequence[tuple[Keys, EventGlob]], findings: Findings) -> None:
    for index, (place, glob) in enumerate(globs):
        earlier = next((earlier for _, earlier in globs[:index] if earlier.covers(glob)), None)
        if earlier is not None:
            findings.warn(place, f"This never applies: {earlier.text} before it matches the same events.")


def _rename_errors(glob: EventGlob, new: str, settings: MappingSettings) -> Iterable[str]:
    if glob.literal is None:
        yield "A * is not possible here: name one event."
    if not new.strip() or new != new.strip():
        yield "A new name is not empty, and has no white space at its ends."
    if "track" in glob.calls:
        for name in (glob.literal, new):
            if name in SPECIAL_EVENTS:
                yield f"{name} has a meaning of its own (docs/mapping.md): no event is renamed from it or to it."
    if glob.calls == ("page",) and settings.page_name == "url":
        yield "With --page_name=url pages are named by their URLs, and can't be renamed."
