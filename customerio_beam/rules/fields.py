"""The field rules of an event, compiled: which fields leave, under which names, and which only as hashes.

The order is drop, allow, rename, copy, hash. What is dropped can't be copied; what is copied can be hashed under its
new name; a hash follows its field through a rename.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Context, Event, Fields
from customerio_beam.mapping.fields import identifier_text
from customerio_beam.mapping.person import known_person
from customerio_beam.mapping.settings import IdentifyBy
from customerio_beam.rules.globs import Glob
from customerio_beam.rules.hashing import Hasher
from customerio_beam.rules.looking import Extras, Look
from customerio_beam.rules.paths import Path, is_protected
from customerio_beam.rules.rewriting import MISSING, Change, Steps, changed, kept, placed, renamed, taken

__all__ = ["IDENTIFIERS", "FieldPlan", "Paths", "followed"]

#: Identifiers and names, by their paths: the attributes of ``Event`` or of its ``Fields`` that hold them.
IDENTIFIERS: Final = {
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "groupId": "group_id",
    "previousId": "previous_id",
    "name": "name",
    "category": "category",
}
_EVENT_IDS: Final = ("user_id", "anonymous_id")
_PARTS: Final = ("traits", "properties")

#: Names whose decisions are kept.
_MAX_NAMES: Final = 4_096
_MAX_NAME_LENGTH: Final = 100
#: The objects whose fields the mapping sends, by call.
_SENT: Final = {
    "identify": ("traits",),
    "group": ("traits",),
    "track": ("properties",),
    "page": ("properties",),
    "screen": ("properties",),
    "alias": (),
}
_CONTEXT_FIELDS: Final = Context.__struct_encode_fields__


@dataclass(frozen=True)
class Paths:
    """The field rules that apply to an event, parsed.

    Attributes:
        drop: Fields that don't leave.
        allow: The only traits and properties that leave; where there are several such lists, each of them holds.
        rename: Pairs of a field and its new path.
        copy: Pairs of a field and the path that receives a copy.
        hash: Fields that leave as hashes.
    """

    drop: tuple[Path, ...] = ()
    allow: tuple[tuple[Path, ...], ...] = ()
    rename: tuple[tuple[Path, Path], ...] = ()
    copy: tuple[tuple[Path, Path], ...] = ()
    hash: tuple[Path, ...] = ()


class _Draft(msgspec.Struct, gc=False):
    """An event while it changes: the attributes of ``Event`` that rules may change."""

    event: Event
    user_id: str | None
    anonymous_id: str | None
    traits: dict[str, Any]
    properties: dict[str, Any]
    context: Context
    fields: Fields

    def finished(self) -> Event:
        """Return the event with all changes; the event itself where there is none."""
        event = self.event
        if (
            self.traits is event.traits
            and self.properties is event.properties
            and self.context is event.context
            and self.fields is event.fields
        ):
            return event
        return Event(
            event.call,
            self.user_id,
            self.anonymous_id,
            event.message_id,
            event.time_ms,
            event.client_time_ms,
            self.traits,
            self.properties,
            self.context,
            self.fields,
            event.origin,
        )


def _draft(event: Event, properties: dict[str, Any]) -> _Draft:
    return _Draft(event, event.user_id, event.anonymous_id, event.traits, properties, event.context, event.fields)


_Step = Callable[[_Draft, Extras], None]
#: Returns an object with some change: the object itself where there is none.
_ObjectChange = Callable[[dict[str, Any]], dict[str, Any]]


class FieldPlan:
    """The field rules that apply to an event.

    Drops, allow lists and renames change one object each, and go first. Copies and identities need the whole event.
    Hashes change one object each again.

    Args:
        call: The event's call, which says what of it is sent.
        paths: The rules.
        looks: By the path of each field that is copied, what finds it.
        hasher: Makes the hashes.
        identify_by: How the mapping finds the person.
    """

    def __init__(
        self, call: str, paths: Paths, looks: Mapping[str, Look], hasher: Hasher, identify_by: IdentifyBy
    ) -> None:
        self._hasher = hasher
        self._identify_by = identify_by
        sent = _SENT[call]
        copies = [(source, target) for source, target in paths.copy if target.root in sent]
        hashed = followed(paths)
        parts = {*sent, *(source.root for source, _ in copies)}
        before = {part: _object_changes(part, paths) for part in _PARTS if part in parts}
        after = {part: _hashes(part, hashed, hasher) for part in _PARTS if part in parts}
        of_context = (
            *(_change_context(path.steps[1:], _gone) for path in _of_context(paths.drop)),
            *(_change_id(IDENTIFIERS[path.root], _no_text) for path in paths.drop if path.root in IDENTIFIERS),
        )
        whole = (
            *(step for source, target in copies for step in _copy(source, target, paths.drop, looks[source.text])),
            *self._identity_hashes(hashed),
            *(_change_context(path.steps[1:], hasher.value) for path in _of_context(hashed)),
        )
        dropped_in_context = _drops("context.traits", paths)
        hashed_in_context = _hashes("context.traits", hashed, hasher)
        is_identify = call == "identify"
        self._steps: tuple[_Step, ...] = (
            *(_change_part(part, changes) for part, changes in before.items() if changes),
            *(_change_borrowed_traits(dropped_in_context) if is_identify else ()),
            *_change_context_traits((*_drops("traits", paths), *dropped_in_context, *_rename_changes("traits", paths))),
            *of_context,
            *whole,
            *(_change_part(part, changes) for part, changes in after.items() if changes),
            *(_change_borrowed_traits(hashed_in_context) if is_identify else ()),
            *_change_context_traits((*_hashes("traits", hashed, hasher), *hashed_in_context)),
        )
        # Most events have properties alone.
        self._property_changes: tuple[_ObjectChange, ...] | None = None
        if not of_context and not whole:
            self._property_changes = (*before.get("properties", ()), *after.get("properties", ()))

    @property
    def changes(self) -> bool:
        """Whether it may change such an event at all."""
        return bool(self._steps)

    def __call__(self, event: Event, extras: Extras) -> Event:
        """Return the event with its rules applied; the event itself where they change nothing."""
        if self._property_changes is not None and not event.traits and event.context.traits is None:
            properties = event.properties
            for change in self._property_changes:
                properties = change(properties)
            if properties is event.properties:
                return event
            return _draft(event, properties).finished()
        draft = _draft(event, event.properties)
        for step in self._steps:
            step(draft, extras)
        return draft.finished()

    def _identity_hashes(self, paths: Sequence[Path]) -> Iterator[_Step]:
        ids = [path.root for path in paths if path.root in IDENTIFIERS]
        if "userId" in ids:
            ids.append("previousId")  # another event's userId: both must stay the same person
        for name in dict.fromkeys(ids):
            yield _change_id(IDENTIFIERS[name], self._hasher.text)
        identifying = ("email", "phone") if self._identify_by == "phone" else ("email",)
        kinds = [kind for kind in identifying if any(_is_trait(path, kind) for path in paths)]
        if kinds:
            yield self._hash_identity(kinds)

    def _hash_identity(self, kinds: Sequence[str]) -> _Step:
        """Make an id of a hashed email or phone number that identifies the person: it is no email any more."""
        identify_by = self._identify_by
        hasher = self._hasher

        def step(draft: _Draft, _: Extras) -> None:
            try:
                person = known_person(draft.finished(), identify_by)
            except InvalidEvent:
                return
            [(kind, value)] = person.items() if person is not None else [("", "")]
            if kind not in kinds or value == draft.user_id:
                return
            draft.user_id = hasher.text(value)
            draft.fields = msgspec.structs.replace(draft.fields, user_id=draft.user_id)
            name = Glob(kind, (kind,))
            draft.traits = changed(draft.traits, (name,), _gone)
            draft.context = changed(draft.context, (_TRAITS, name), _gone)

        return step


_TRAITS: Final = Glob("traits", ("traits",))


def followed(paths: Paths) -> tuple[Path, ...]:
    """Return the paths that are hashed, with those that a rename has moved their fields to."""
    hashes = list(paths.hash)
    for source, target in paths.rename:
        if any(path.covers(source) for path in paths.hash):
            hashes.append(target)
        hashes.extend(path.moved(source, target) for path in paths.hash if path.is_inside(source))
    return tuple(hashes)


def _gone(_: Any) -> Any:
    return MISSING


def _no_text(_: str) -> None:
    return None


def _is_trait(path: Path, name: str) -> bool:
    """Tell whether a path covers a person's trait, such as the email by which the mapping finds the person."""
    steps = path.steps[1:] if path.root == "context" else path.steps
    return len(steps) == 2 and steps[0].matches("traits") and steps[1].matches(name)


def _object_changes(part: str, paths: Paths) -> tuple[_ObjectChange, ...]:
    """Compile what drop, allow and rename change in an object."""
    changes: list[_ObjectChange] = []
    dropped = _inside(part, paths.drop)
    globs = [steps[0] for steps in dropped if len(steps) == 1]
    if globs:
        changes.append(_without(globs))
    changes.extend(_at_steps(steps, _gone) for steps in dropped if len(steps) > 1)
    for places in paths.allow:
        changes.append(_keeping(_inside(part, places), is_protected if part == "traits" else None))
    changes.extend(_rename_changes(part, paths))
    return tuple(changes)


def _renames(paths: Paths) -> Iterator[tuple[Path, Path, Steps, Change]]:
    """Yield the renames: the steps to the objects that change, and their change."""
    for source, target in paths.rename:
        old, new = source.names[1:], target.names[1:]
        if old[:-1] == new[:-1]:
            yield source, target, source.steps[1:-1], renamed(old[-1], new[-1])
        else:
            yield source, target, (), _moved(old, new)


def _rename_changes(part: str, paths: Paths) -> Iterator[_ObjectChange]:
    for source, _, steps, change in _renames(paths):
        if source.root == part:
            yield _at_steps(steps, change) if steps else change


def _drops(root: str, paths: Paths) -> tuple[_ObjectChange, ...]:
    return tuple(_at_steps(steps, _gone) for steps in _inside(root, paths.drop))


def _hashes(root: str, paths: Sequence[Path], hasher: Hasher) -> tuple[_ObjectChange, ...]:
    return tuple(_at_steps(steps, hasher.value) for steps in _inside(root, paths))


def _inside(root: str, paths: Sequence[Path]) -> list[Steps]:
    """Return the steps inside of an object, for the paths that lead there."""
    if root == "context.traits":
        return [path.steps[2:] for path in paths if _is_context_trait(path)]
    return [path.steps[1:] for path in paths if path.root == root]


def _is_context_trait(path: Path) -> bool:
    return path.root == "context" and path.steps[1].literal == "traits"


def _of_context(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the paths that name something of what the mapping reads in ``context``, besides its traits."""
    for path in paths:
        is_read = path.root == "context" and any(path.steps[1].matches(name) for name in _CONTEXT_FIELDS)
        if is_read and not _is_context_trait(path):
            yield path


def _change_part(part: str, changes: Sequence[_ObjectChange]) -> _Step:
    if part == "traits":

        def change_traits(draft: _Draft, _: Extras) -> None:
            for change in changes if draft.traits else ():
                draft.traits = change(draft.traits)

        return change_traits

    def change_properties(draft: _Draft, _: Extras) -> None:
        for change in changes if draft.properties else ():
            draft.properties = change(draft.properties)

    return change_properties


def _change_borrowed_traits(changes: Sequence[_ObjectChange]) -> Iterator[_Step]:
    """Yield the step that changes the traits of an identify call which has none of its own, but its context's."""

    def step(draft: _Draft, _: Extras) -> None:
        for change in () if draft.event.fields.traits else changes:
            draft.traits = change(draft.traits)

    if changes:
        yield step


def _change_context_traits(changes: Sequence[_ObjectChange]) -> Iterator[_Step]:
    def step(draft: _Draft, _: Extras) -> None:
        old = traits = draft.context.traits
        if isinstance(traits, dict):
            for change in changes:
                traits = change(traits)
            if traits is not old:
                draft.context = msgspec.structs.replace(draft.context, traits=traits)

    if changes:
        yield step


class _Decisions(dict[str, bool]):
    """Decisions about names, made once each. Names come from outside, so that few are kept, and no long ones."""

    __slots__ = ("_decide",)

    def __init__(self, decide: Callable[[str], bool]) -> None:
        super().__init__()
        self._decide = decide

    def __missing__(self, name: str) -> bool:
        decision = self._decide(name)
        if len(name) <= _MAX_NAME_LENGTH:
            if len(self) >= _MAX_NAMES:
                self.clear()
            self[name] = decision
        return decision


def _without(globs: Sequence[Glob]) -> _ObjectChange:
    """Drop fields by their names."""
    literals = frozenset(glob.literal for glob in globs if glob.literal is not None)
    open_globs = [glob for glob in globs if glob.literal is None]
    if not open_globs:

        def drop_literals(node: dict[str, Any]) -> dict[str, Any]:
            if literals.isdisjoint(node):
                return node
            return {name: value for name, value in node.items() if name not in literals}

        return drop_literals
    dropped = _Decisions(lambda name: name in literals or any(glob.matches(name) for glob in open_globs))

    def drop(node: dict[str, Any]) -> dict[str, Any]:
        names = [name for name in node if dropped[name]]
        return {name: value for name, value in node.items() if name not in names} if names else node

    return drop


def _keeping(places: Sequence[Steps], always: Callable[[str], bool] | None) -> _ObjectChange:
    """Drop all fields but those at some places."""
    literals = [steps[0].literal for steps in places if len(steps) == 1]
    if None in literals or len(literals) < len(places):
        return lambda node: kept(node, places, always)
    # Most lists name fields of the object itself.
    names = _Decisions(lambda name: name in literals or (always is not None and always(name)))
    return lambda node: {name: value for name, value in node.items() if names[name]}


def _at_steps(steps: Steps, change: Change) -> _ObjectChange:
    """Make a change at the places that the steps lead to."""
    name = steps[0].literal
    if len(steps) > 1 or name is None:
        return lambda node: changed(node, steps, change)

    def change_one(node: dict[str, Any]) -> dict[str, Any]:
        return node if name not in node else changed(node, steps, change)

    return change_one


def _change_context(steps: Steps, change: Change) -> _Step:
    def step(draft: _Draft, _: Extras) -> None:
        draft.context = changed(draft.context, steps, change)

    return step


def _change_id(field: str, change: Callable[[str], str | None]) -> _Step:
    def step(draft: _Draft, _: Extras) -> None:
        if field in _EVENT_IDS:
            text = getattr(draft, field)
        else:
            value = getattr(draft.fields, field)
            text = identifier_text(value) if isinstance(value, (str, int, float)) else None
        if text is not None:
            new = change(text)
            draft.fields = msgspec.structs.replace(draft.fields, **{field: new})
            if field in _EVENT_IDS:
                setattr(draft, field, new)

    return step


def _copy(source: Path, target: Path, drops: Sequence[Path], look: Look) -> Iterator[_Step]:
    """Yield the step that copies a field; none where the field is dropped."""
    names, (part, *place) = source.names, target.names
    # Traits and properties are copied as the rules before have left them, all other fields as they came.
    is_changed = names[0] in _PARTS or names[:2] == ("context", "traits")
    inner = [drop.steps[len(source.steps) :] for drop in drops if drop.is_inside(source) and not is_changed]

    def step(draft: _Draft, extras: Extras) -> None:
        for value in look(draft.finished() if is_changed else draft.event, extras):
            if value is not None:
                copied: Any = value
                for steps in inner:
                    copied = changed(copied, steps, _gone)
                setattr(draft, part, placed(getattr(draft, part), place, copied))
                return

    if is_changed or not any(drop.covers(source) for drop in drops):
        yield step


def _moved(old: Sequence[str], new: Sequence[str]) -> Change:
    """Return the change that moves a field of an object elsewhere in the object."""

    def change(node: Any) -> Any:
        rest, value = taken(node, old)
        if value is MISSING:
            return node
        result = placed(rest, new, value)
        return node if result is rest else result

    return change
