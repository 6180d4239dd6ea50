"""Checks of the rules about fields: their paths, and which of them can never apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.rules.check_events import Passing, event_globs, warn_if_never
from customerio_beam.rules.document import Keys
from customerio_beam.rules.findings import Findings
from customerio_beam.rules.model import FieldRules
from customerio_beam.rules.paths import Path, is_protected, parse_path

__all__ = ["FieldChecks"]

#: Fields that the mapping can't do without: what an event is, which message it is, and when it happened.
_NEEDED: Final = frozenset(
    {"type", "event", "messageId", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "integrations"}
)
#: Fields that name an event; they are no values to hash.
_NAMES: Final = frozenset({"name", "category"})
#: The objects whose fields are sent.
_SENT: Final = ("traits", "properties")
_IDENTIFIERS: Final = ("userId", "anonymousId", "previousId", "groupId", "traits.email", "context.traits.email")
_PHONES: Final = ("traits.phone", "context.traits.phone")
_OPT_OUT: Final = "an opt-out must arrive as it was given"

_Places = list[tuple[Keys, Path]]


class FieldChecks:
    """Checks the rules about fields.

    Args:
        findings: What receives the problems.
        settings: The job's choices about the mapping: which fields identify a person.
        hashes_identifiers: Whether the file allows hashes of what identifies a person.
    """

    def __init__(self, findings: Findings, settings: MappingSettings, *, hashes_identifiers: bool) -> None:
        self._findings = findings
        self._hashes_identifiers = hashes_identifiers
        names = _IDENTIFIERS + (_PHONES if settings.identify_by == "phone" else ())
        self._identifiers = {name: parse_path(name) for name in names}

    def check(self, rules: FieldRules, keys: Keys, passing: Passing) -> None:
        """Check the rules of one place in the file; ``passing`` says which events they can apply to."""
        drop = list(self._paths(rules.drop, (*keys, "drop")))
        for index, (place, path) in enumerate(drop):
            self._check_changeable(path, place, "dropped")
            self._warn_if_covered(path, drop[:index], place)
        self._check_allow(rules, (*keys, "allow"), drop, passing)
        rename = list(self._pairs(rules.rename, (*keys, "rename")))
        for place, source, target in rename:
            if source.root not in _SENT or source.root != target.root:
                self._findings.error(place, "A rename stays within traits or within properties; a copy goes further.")
            else:
                self._check_changeable(source, place, "renamed")
                self._check_target(target, place)
            self._warn_if_covered(source, drop, place)
        hashes = list(self._paths(rules.hash, (*keys, "hash")))
        gone = [*drop, *((place, source) for place, source, _ in rename)]
        for place, source, target in self._pairs(rules.copy, (*keys, "copy")):
            self._check_target(target, place)
            self._warn_if_covered(source, gone, place)
            self._warn_of_plain_copy(source, target, [path for _, path in hashes], place)
        for place, path in hashes:
            self._check_changeable(path, place, "hashed")
            self._check_identity(path, place)
            self._warn_if_covered(path, drop, place)

    def _check_allow(self, rules: FieldRules, keys: Keys, drop: _Places, passing: Passing) -> None:
        for place, glob in event_globs(rules.allow, keys, self._findings):
            warn_if_never(passing, glob, place, self._findings)
            for inner, path in self._paths(rules.allow[glob.text], place):
                if path.root not in _SENT:
                    self._findings.error(inner, "This list is of traits and properties; it affects no other field.")
                self._warn_if_covered(path, drop, inner)

    def _paths(self, texts: Sequence[str] | Mapping[str, object], keys: Keys) -> Iterator[tuple[Keys, Path]]:
        for index, text in enumerate(texts):
            place: Keys = (*keys, text if isinstance(texts, Mapping) else index)
            path = self._findings.parsed(lambda text: parse_path(text, globs=True), text, place)
            if path is not None:
                yield place, path

    def _pairs(self, pairs: Mapping[str, str], keys: Keys) -> Iterator[tuple[Keys, Path, Path]]:
        for old, new in pairs.items():
            place: Keys = (*keys, old)
            source = self._findings.parsed(parse_path, old, place)
            target = self._findings.parsed(parse_path, new, place)
            if source is None or target is None:
                continue
            if source.names == target.names:
                self._findings.error(place, "Both paths are the same.")
            yield place, source, target

    def _check_changeable(self, path: Path, place: Keys, what: str) -> None:
        root = path.root
        if root in _NEEDED:
            self._findings.error(place, f"{root} can't be {what}: the mapping needs it as it came.")
        elif what == "hashed" and root in _NAMES:
            self._findings.error(place, f"{root} can't be hashed: it names the event.")
        elif _is_protected(path):
            self._findings.error(place, f"{path.text} can't be {what}: {_OPT_OUT}.")

    def _check_target(self, path: Path, place: Keys) -> None:
        if path.root not in _SENT:
            self._findings.error(place, f"{path.text} can't be written: only traits and properties can.")
        elif _is_protected(path):
            self._findings.error(place, f"{path.text} can't be written: {_OPT_OUT}.")

    def _check_identity(self, path: Path, place: Keys) -> None:
        found = next((name for name, identifier in self._identifiers.items() if path.covers(identifier)), None)
        if found is not None and not self._hashes_identifiers:
            self._findings.error(
                place,
                f"{found} may identify the person, who would then be somebody else at Customer.io: hash a copy, or set "
                "hash_identifiers: true in fields.",
            )
        elif found is not None and found.endswith("email"):
            self._findings.warn(
                place,
                "A hash is no email address. Where it doesn't identify the person, Customer.io receives it as the "
                "attribute email: rename it as well, for example to traits.email_sha256.",
            )

    def _warn_of_plain_copy(self, source: Path, target: Path, hashes: Sequence[Path], place: Keys) -> None:
        is_hashed = any(path.covers(source) or source.covers(path) for path in hashes)
        if is_hashed and not any(path.covers(target) for path in hashes):
            self._findings.warn(
                place, f"{source.text} is hashed and its copy is not: hash {target.text} as well, or don't copy it."
            )

    def _warn_if_covered(self, path: Path, others: _Places, place: Keys) -> None:
        for keys, other in others:
            if other.covers(path) or (other.root == "traits" and _in_context(other).covers(path)):
                what = keys[-2]
                self._findings.warn(place, f"This never applies: {other.text} in fields.{what} goes first.")
                return


def _is_protected(path: Path) -> bool:
    names = [step.literal for step in path.steps]
    inside = names[1:] if names[0] == "context" else names
    return len(inside) > 1 and inside[0] == "traits" and inside[1] is not None and is_protected(inside[1])


def _in_context(path: Path) -> Path:
    """Return the path of the same trait in ``context.traits``, which ``traits.x`` stands for too."""
    context = parse_path("context.traits.x")
    return Path(path.text, (*context.steps[:2], *path.steps[1:]))
