"""A tracking plan: JSON Schemas by event name, and the events that break them.

The plan is a JSON object. Its keys are names of events (``Order Completed``), calls with a name
(``page:Home``), or calls (``identify``); each value is the JSON Schema of the event's properties, or of the traits for
identify and group. The form that Segment exports is read too: ``{"rules": [{"type", "key", "jsonSchema"}]}``, whose
schemas are of whole events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from customerio_beam.mapping import json_text
from customerio_beam.mapping.calls import event_name
from customerio_beam.mapping.event import CALLS, Event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.profile.counts import Counts, shortened
from customerio_beam.profile.masking import masked_name
from customerio_beam.profile.profile import Profile

__all__ = ["MAX_PLAN_BYTES", "JsonSchemaMissing", "PlanError", "TrackingPlan", "ViolationsProfile", "read_plan"]

#: The largest plan.
MAX_PLAN_BYTES: Final = 16 << 20

_WITH_TRAITS: Final = frozenset({"identify", "group"})
#: Stands for the event as a whole, among its fields.
_EVENT: Final = "(event)"
#: A schema's own text in a violation is cut here.
_MAX_RULE_CHARS: Final = 120
_INSTALL: Final = "--tracking_plan needs the library jsonschema: pip install 'customerio-beam[validate]'."


class PlanError(ValueError):
    """A tracking plan that can't be right: one sentence."""


class JsonSchemaMissing(PlanError):
    """The library that checks JSON Schemas is not installed."""


class _Entry(NamedTuple):
    """What a plan says about one kind of event.

    Attributes:
        schema: The JSON Schema.
        whole: Whether it is of the whole event, not of its properties or traits.
    """

    schema: Any
    whole: bool


class Violation(NamedTuple):
    """A way in which an event breaks its schema.

    Attributes:
        path: The field, as ``properties.products[].price``.
        rule: The keyword and value of the schema, as ``type: number``.
    """

    path: str
    rule: str


class TrackingPlan:
    """A plan that is right. Picklable; the validators are made where it is used."""

    def __init__(self, entries: dict[str, _Entry]) -> None:
        self._entries = entries
        self._validators: dict[str, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"_entries": self._entries, "_validators": {}}

    def violations(self, event: Event, settings: MappingSettings) -> list[Violation] | None:
        """Check an event.

        Returns:
            How it breaks its schema; None where the plan has no schema for it.
        """
        name = event_name(event, settings)
        keys = [event.call] if name is None else [f"{event.call}:{name}", name, event.call]
        key = next((key for key in keys if key in self._entries), None)
        if key is None:
            return None
        validator = self._validators.get(key)
        if validator is None:
            validator = self._validators[key] = _validator(self._entries[key].schema)
        if self._entries[key].whole:
            prefix, document = "", json_text.loads(event.origin.text)
        elif event.call in _WITH_TRAITS:
            prefix, document = "traits", event.traits or {}
        else:
            prefix, document = "properties", event.properties
        try:
            return list(_found(validator, document, prefix))
        except RecursionError:
            return [Violation(_EVENT, "nests too deeply to be checked")]


class ViolationsProfile(Profile):
    """Events against a tracking plan.

    Attributes:
        checked: Events that the plan has a schema for.
        broken: Those of them that break it.
        kinds: How many break each rule: by event, field and rule, with tabs between.
        unplanned: Events that the plan doesn't name, by name.
    """

    checked: int = 0
    broken: int = 0
    kinds: Counts = msgspec.field(default_factory=Counts)
    unplanned: Counts = msgspec.field(default_factory=Counts)

    def add(self, element: tuple[str, list[Violation] | None]) -> None:
        """Count an event, by its name, with the violations found."""
        name, violations = element
        if violations is None:
            self.unplanned.add(masked_name(name))
            return
        self.checked += 1
        self.broken += bool(violations)
        for path, rule in set(violations):
            # Three parts of at most 60 characters stay apart when a key is shortened.
            self.kinds.add("\t".join(part.replace("\t", " ")[:60] for part in (masked_name(name), path, rule)))

    def merge(self, other: ViolationsProfile) -> None:
        """Add the events of another part of the input."""
        self.checked += other.checked
        self.broken += other.broken
        self.kinds.merge(other.kinds)
        self.unplanned.merge(other.unplanned)


def read_plan(data: bytes) -> TrackingPlan:
    """Read a tracking plan and check its schemas.

    Raises:
        PlanError: It can't be right, or is larger than ``MAX_PLAN_BYTES``.
        JsonSchemaMissing: The library that checks schemas is not installed.
    """
    if len(data) > MAX_PLAN_BYTES:
        raise PlanError(f"it is larger than {MAX_PLAN_BYTES:,} bytes")
    try:
        plan = json_text.loads(data)
    except json_text.InvalidJson as error:
        raise PlanError(f"it is not JSON: {error}") from None
    if not isinstance(plan, dict):
        raise PlanError("it is not a JSON object with a JSON Schema for each event")
    entries = dict(_segment_entries(plan["rules"])) if isinstance(plan.get("rules"), list) else _own_entries(plan)
    if not entries:
        raise PlanError("it names no event")
    for key, entry in entries.items():
        _check_schema(key, entry.schema)
    return TrackingPlan(entries)


def _own_entries(plan: dict[str, Any]) -> dict[str, _Entry]:
    return {key: _Entry(schema, whole=False) for key, schema in plan.items() if not key.startswith("$")}


def _segment_entries(rules: list[Any]) -> Iterator[tuple[str, _Entry]]:
    for number, rule in enumerate(rules):
        if not isinstance(rule, dict) or "jsonSchema" not in rule:
            raise PlanError(f"rules[{number}] has no jsonSchema")
        call = str(rule.get("type", "track")).lower()
        if call not in CALLS:
            raise PlanError(f"rules[{number}].type is {rule.get('type')!r}, which is no call")
        name = rule.get("key")
        yield (
            f"{call}:{name}" if name and call in ("track", "page", "screen") else call,
            _Entry(rule["jsonSchema"], whole=True),
        )


def _check_schema(key: str, schema: Any) -> None:
    try:
        import jsonschema  # noqa: PLC0415  (an extra)
    except ImportError:
        raise JsonSchemaMissing(_INSTALL) from None
    if not isinstance(schema, dict | bool):
        raise PlanError(f"the schema of {key!r} is neither an object nor true or false")
    outside = next(_outside_references(schema), None)
    if outside is not None:
        raise PlanError(f"the schema of {key!r} refers to {outside!r}; only references within it (#/...) are followed")
    try:
        validator_class = _validator_class(schema)
        validator_class.check_schema(schema, format_checker=validator_class.FORMAT_CHECKER)
    except jsonschema.SchemaError as error:
        raise PlanError(f"the schema of {key!r} is no JSON Schema: {error.json_path}: {error.message}") from None
    from referencing import Registry, Resource, exceptions  # noqa: PLC0415  (comes with jsonschema)
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415

    resource = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = Registry().with_resource("", resource).resolver()
    for reference in _references(schema):  # a reference to nothing would show only when it is followed
        try:
            resolver.lookup(reference)
        except exceptions.Unresolvable:
            raise PlanError(f"the schema of {key!r} refers to {reference!r}, which it doesn't have") from None


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference
        schema = schema.values()
    elif not isinstance(schema, list):
        return
    for member in schema:
        yield from _references(member)


def _outside_references(schema: Any) -> Iterator[str]:
    return (reference for reference in _references(schema) if not reference.startswith("#"))


def _validator_class(schema: Any) -> Any:
    from jsonschema.validators import Draft202012Validator, validator_for  # noqa: PLC0415  (an extra)

    return validator_for(schema, default=Draft202012Validator)


def _validator(schema: Any) -> Any:
    from referencing import Registry  # noqa: PLC0415  (comes with jsonschema)

    validator_class = _validator_class(schema)
    # An empty registry fetches nothing.
    return validator_class(schema, registry=Registry(), format_checker=validator_class.FORMAT_CHECKER)


def _found(validator: Any, document: Any, prefix: str) -> Iterator[Violation]:
    for error in validator.iter_errors(document):
        path = prefix + "".join("[]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        yield Violation(shortened(path.lstrip(".")) or _EVENT, _rule(error))


def _rule(error: Any) -> str:
    keyword = str(error.validator)
    if keyword == "required":
        # "'total' is a required property": the name is the schema's, not the event's.
        missing = re.match(r"'(.*)' is a required property", error.message)
        return f"required: {missing[1]}" if missing else keyword
    if isinstance(error.validator_value, dict | list) and keyword not in ("enum", "type"):
        return keyword
    return f"{keyword}: {json_text.dumps(error.validator_value).decode()}"[:_MAX_RULE_CHARS]
