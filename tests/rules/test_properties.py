"""What holds for any rules and any event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from hamcrest import assert_that, equal_to, instance_of, is_in, none, not_none
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.mapper import map_event
from customerio_beam.mapping.settings import MappingSettings
from customerio_beam.reading.events import read_events
from customerio_beam.rules.compiled import Rules, Verdict
from customerio_beam.rules.load import load_rules
from customerio_beam.rules.problems import RulesError
from customerio_beam.rules.redaction import Redactor
from tests.rules.rules_at_work import TIME, Files

BLOCKED = "blocked"
ALWAYS_PASS = ("User Deleted", "User Suppressed")
NAMES = ["Order Completed", "Order Refunded", "Debug", "Home", *ALWAYS_PASS]
FIELDS = ["a", "b", "internal_a", "plan", "email", "phone", "name", "url"]
PLACES = [
    *(f"{part}.{field}" for part in ("traits", "properties") for field in [*FIELDS, "deep", "deep.a", "list.b"]),
    *("context.ip", "context.page", "context.page.url", "context.traits.email", "context.timezone", "userId"),
]
GLOBS = ["Order *", "*", "Debug", "page:*", "identify", "group", "track", "screen:Home"]

generated = hypothesis_settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def _object(part: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects whose every value says where it is, so that it can be found anywhere else."""
    leaves = {field: st.just(f"<{part}.{field}>") for field in FIELDS}
    deep = st.fixed_dictionaries({}, optional={name: st.just(f"<{part}.deep.{name}>") for name in ("a", "b")})
    members = st.lists(st.just({"a": f"<{part}.list.a>", "b": f"<{part}.list.b>"}), max_size=2)
    return st.fixed_dictionaries({}, optional={**leaves, "deep": deep, "list": members})


CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "ip": st.just("<context.ip>"),
        "timezone": st.just("<context.timezone>"),
        "page": st.just({"url": "<context.page.url>"}),
        "traits": _object("context.traits"),
        "gpc": st.booleans(),
        "consent": st.fixed_dictionaries(
            {"categoryPreferences": st.dictionaries(st.sampled_from(["Ads", "Other"]), st.booleans())}
        ),
    },
)
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "page", "screen", "identify", "group", "alias"]),
        "timestamp": st.just(TIME),
        "event": st.sampled_from(NAMES),
        "userId": st.sampled_from(["<userId>", BLOCKED]),
        "previousId": st.just("<previousId>"),
        "groupId": st.just("<groupId>"),
        "properties": _object("properties"),
        "context": CONTEXTS,
    },
    optional={
        "name": st.sampled_from(NAMES),
        "anonymousId": st.sampled_from(["<anonymousId>", BLOCKED]),
        "messageId": st.sampled_from(["m1", "m2", "m3"]),
        "traits": _object("traits").flatmap(
            lambda traits: st.sampled_from(
                [traits, {**traits, "unsubscribed": True}, {**traits, "unsubscribed": False}]
            )
        ),
    },
)

_GLOBS = st.lists(st.sampled_from(GLOBS), max_size=3, unique=True)
_PLACES = st.lists(
    st.sampled_from([*PLACES, "traits.*", "properties.internal_*", "context.*"]), max_size=4, unique=True
)
_RENAMES = st.lists(
    st.sampled_from(
        [
            ("traits.a", "traits.new"),
            ("traits.deep.a", "traits.moved"),
            ("traits.plan", "traits.email"),
            ("properties.a", "properties.new"),
            ("properties.deep", "properties.new.deep"),
            ("properties.list.b", "properties.list.c"),
        ]
    ),
    max_size=2,
).map(dict)
_COPIES = st.dictionaries(
    st.sampled_from([*PLACES, "messageId"]),
    st.sampled_from(["traits.new", "properties.new", "traits.deep.new"]),
    max_size=2,
)
_FIELD_RULES = st.fixed_dictionaries(
    {"drop": _PLACES, "hash": _PLACES.map(lambda places: dict.fromkeys(places, "sha256"))},
    optional={
        "allow": st.dictionaries(
            st.sampled_from(GLOBS),
            st.lists(st.sampled_from([place for place in PLACES if place.startswith(("traits", "prop"))])),
            max_size=1,
        ),
        "rename": _RENAMES,
        "copy": _COPIES,
    },
)
_DECISIONS: dict[str, st.SearchStrategy[Any]] = {
    "consent": st.fixed_dictionaries(
        {"require": st.just(["Ads"])},
        optional={"missing": st.sampled_from(["send", "drop"]), "also_deny": st.just(["context.gpc"])},
    ),
    "people": st.just({"block": "ids.txt"}),
    "events": st.fixed_dictionaries(
        {"sample": st.sampled_from([{}, {"*": 0}, {"*": 1}, {"track": 0, "*": 1}, {"identify": 0}])},
        optional={
            "allow": _GLOBS.filter(bool),
            "deny": _GLOBS,
            "rename": st.just({"Order Refunded": "Home"}),
        },
    ),
}
_MATCHES = st.sampled_from([{"type": "track"}, {"properties.plan": "<properties.plan>"}, {"userId": "*"}])


def _files(
    always: dict[str, st.SearchStrategy[Any]], sometimes: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    entries = st.fixed_dictionaries({"match": _MATCHES, **always}, optional=sometimes)
    return st.fixed_dictionaries(
        {"version": st.just(1), **always}, optional={**sometimes, "when": st.lists(entries, max_size=1)}
    )


#: Rules that filter, and change no field.
FILTERS = _files({}, _DECISIONS).map(
    lambda file: {
        **file,
        "when": [entry if len(entry) > 1 else {**entry, "drop": True} for entry in file.get("when", ())],
    }
)
#: Rules that change fields, and filter nothing.
FIELD_FILES = _files({"fields": _FIELD_RULES}, {}).map(
    lambda file: {**file, "fields": {**file["fields"], "hash_identifiers": True}}
)
RULES = st.builds(lambda filters, fields: {**fields, **filters}, FILTERS, FIELD_FILES)


def compile_rules(file: dict[str, Any]) -> Rules:
    """Compile rules; skip those that can't be right."""
    try:
        loaded = load_rules("rules.yaml", json.dumps(file).encode())
    except RulesError:
        assume(False)
    return Rules(loaded.rules, MappingSettings(), Files([BLOCKED]))


def read(event: dict[str, Any]) -> Event:
    [outcome] = read_events(json.dumps(event).encode())
    assert_that(outcome, instance_of(Event))
    return outcome


def sets_for(file: dict[str, Any], event: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the sets of rules for an event, with what their names begin with."""
    yield "", file
    values = {
        "type": event["type"],
        "userId": event.get("userId"),
        "properties.plan": event.get("properties", {}).get("plan"),
    }
    for number, entry in enumerate(file.get("when", ())):
        if all(values[path] is not None and fnmatchcase(values[path], want) for path, want in entry["match"].items()):
            yield f"when[{number}].", entry


def expected_rule(file: dict[str, Any], event: dict[str, Any]) -> str | None:
    """Say which rule filters an event, in the plainest way there is."""
    if event["type"] == "track" and event.get("event") in ALWAYS_PASS:
        return None
    sets = list(sets_for(file, event))
    found = [
        *(prefix + denied for prefix, rules in sets for denied in _denials(rules.get("consent"), event)),
        *(f"{prefix}people.block" for prefix, rules in sets if "people" in rules and _is_blocked(event)),
        *(f"{prefix}events.sample" for prefix, rules in sets if _share(rules, event) == 0),
        *(prefix + filtered for prefix, rules in sets for filtered in _filters(rules, event)),
    ]
    return found[0] if found else None


def _denials(consent: dict[str, Any] | None, event: dict[str, Any]) -> Iterator[str]:
    context = event.get("context", {})
    if consent is None:
        return
    if consent.get("also_deny") and context.get("gpc"):
        yield "consent.also_deny"
    elif "consent" in context and context["consent"]["categoryPreferences"].get("Ads") is not True:
        yield "consent.require"
    elif "consent" not in context and consent.get("missing") == "drop":
        yield "consent.missing"


def _is_blocked(event: dict[str, Any]) -> bool:
    return BLOCKED in (event.get("userId"), event.get("anonymousId"))


def _share(rules: dict[str, Any], event: dict[str, Any]) -> float:
    sample: dict[str, float] = rules.get("events", {}).get("sample", {})
    return next((share for glob, share in sample.items() if _matches(glob, event)), 1)


def _filters(rules: dict[str, Any], event: dict[str, Any]) -> Iterator[str]:
    events = rules.get("events", {})
    if rules.get("drop"):
        yield "drop"
    elif any(_matches(glob, event) for glob in events.get("deny", ())):
        yield "events.deny"
    elif "allow" in events and not any(_matches(glob, event) for glob in events["allow"]):
        yield "events.allow"


def _matches(glob: str, event: dict[str, Any]) -> bool:
    call = event["type"]
    if glob in ("identify", "group", "track"):
        return bool(call == glob)
    if ":" in glob:
        wanted, glob = glob.split(":")
        if call != wanted or glob == "*":
            return bool(call == wanted)
    name = _name(event)
    return name is not None and fnmatchcase(name, glob)


def _name(event: dict[str, Any]) -> str | None:
    properties = event.get("properties", {})
    page = event.get("context", {}).get("page", {})
    places = {
        "track": [event.get("event")],
        "page": [event.get("name"), properties.get("name"), properties.get("url"), page.get("url")],
        "screen": [event.get("name"), event.get("event"), properties.get("name")],
    }
    return next((name for name in places.get(event["type"], []) if name is not None), None)


def operations_of(verdict: Verdict) -> list[str]:
    assert_that(verdict.event, not_none())
    try:
        return [operation.decode() for operation in map_event(verdict.event, MappingSettings()).operations]
    except InvalidEvent:
        return []


@generated
@given(FILTERS, EVENTS)
def test_each_event_is_filtered_by_the_first_rule_in_the_order_of_the_rules(file: Any, event: Any) -> None:
    assert_that(compile_rules(file).apply(read(event)).rule, equal_to(expected_after_opt_outs(file, event)))


def expected_after_opt_outs(file: dict[str, Any], event: dict[str, Any]) -> str | None:
    """An opt-out that is stopped is looked up in the blocklists too."""
    rule = expected_rule(file, event)
    if rule is not None and _opts_out(event) and _is_blocked(event):
        prefixes = [prefix for prefix, rules in sets_for(file, event) if "people" in rules]
        return f"{prefixes[0]}people.block" if prefixes else rule
    return rule


def _opts_out(event: dict[str, Any]) -> bool:
    traits = event.get("traits") or event.get("context", {}).get("traits", {})
    return event["type"] == "identify" and traits.get("unsubscribed") is True


@generated
@given(RULES, EVENTS)
def test_each_event_passes_or_is_filtered_by_a_rule_and_opt_outs_pass(file: Any, event: Any) -> None:
    verdict = compile_rules(file).apply(read(event))
    if verdict.event is None:
        assert_that(verdict.rule, not_none())
        if _opts_out(event):
            assert_that(str(verdict.rule).endswith("people.block"), equal_to(True))
    elif _opts_out(event):
        assert_that(verdict.event.traits["unsubscribed"], equal_to(True))
        if verdict.rule is not None:
            assert_that(set(verdict.event.traits), equal_to({"unsubscribed", "_update"}))
    else:
        assert_that(verdict.rule, none())


def dropped(file: dict[str, Any], event: dict[str, Any]) -> Iterator[str]:
    """Yield the values of an event that its rules drop."""
    for _, rules in sets_for(file, event):
        for path in rules.get("fields", {}).get("drop", ()):
            yield from values_at(event, path.split("."))
            if path.startswith("traits."):
                yield from values_at(event.get("context", {}), path.split("."))


def values_at(value: Any, names: list[str]) -> Iterator[str]:
    """Yield the texts at a path. An asterisk doesn't stand for ``context.traits``."""
    if isinstance(value, list):
        for member in value:
            yield from values_at(member, names)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if not names or (fnmatchcase(name, names[0]) and (name != "traits" or names[0] == "traits")):
                yield from values_at(inner, names[1:])
    elif not names and isinstance(value, str):
        yield value


@generated
@given(FIELD_FILES, EVENTS)
def test_nothing_that_is_dropped_is_in_an_operation_or_in_a_redacted_dead_letter(file: Any, event: Any) -> None:
    rules = compile_rules(file)
    verdict = rules.apply(read(event))
    texts = operations_of(verdict) if verdict.event is not None else []
    redacted = Redactor(rules, MappingSettings()).payload(json.dumps(event).encode())
    assert_that(redacted, not_none())
    gone = {value for value in dropped(file, event) if value.startswith("<")}
    found = {value for value in gone for text in [*texts, redacted.decode()] if value in text}
    assert_that(found, equal_to(set()), str(texts))


@generated
@given(FIELD_FILES, EVENTS)
def test_no_hash_equals_its_input_and_no_input_stays(file: Any, event: Any) -> None:
    for rules in [file, *file.get("when", ())]:
        rules["fields"].pop("copy", None)  # a copy that isn't hashed too is plain; the launch warns
    rules = compile_rules(file)
    verdict = rules.apply(read(event))
    hashed = {
        value
        for _, found in sets_for(file, event)
        for path in found.get("fields", {}).get("hash", ())
        for value in [
            *values_at(event, path.split(".")),
            *(values_at(event.get("context", {}), path.split(".")) if path.startswith("traits.") else ()),
        ]
        if value.startswith("<")
    }
    texts = operations_of(verdict) if verdict.event is not None else []
    redacted = Redactor(rules, MappingSettings()).payload(json.dumps(event).encode())
    assert_that(redacted, not_none())
    texts.append(redacted.decode())
    assert_that({value for value in hashed for text in texts if value in text}, equal_to(set()))


@generated
@given(FIELD_FILES, EVENTS)
def test_rules_change_no_id_of_a_message(file: Any, event: Any) -> None:
    original = read(event)
    verdict = compile_rules(file).apply(original)
    assume(verdict.event is not None and original.call in ("track", "page", "screen"))
    plain = operations_of(Verdict(original, None))
    ids = {json.loads(operation).get("id") for operation in plain}
    for operation in operations_of(verdict) if plain else []:
        assert_that(json.loads(operation).get("id"), is_in(ids))
