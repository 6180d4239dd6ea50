"""Each error of a rules file is one line with its place, its key, and what to write instead."""

from __future__ import annotations

import hashlib
import json
import pathlib

import pytest
from hamcrest import (
    assert_that,
    contains_exactly,
    contains_string,
    empty,
    equal_to,
    has_length,
    has_properties,
    less_than_or_equal_to,
    matches_regexp,
    not_,
)
from hypothesis import given
from hypothesis import strategies as st

from customerio_beam.rules.load import load_rules
from tests.rules.rules_at_work import problems, warnings

ROOT = pathlib.Path(__file__).parents[2]
EXAMPLE = (ROOT / "examples" / "rules.yaml").read_text(encoding="utf-8")


def test_a_whole_file_is_right_and_says_nothing_in_vain() -> None:
    loaded = load_rules("rules.yaml", EXAMPLE.encode())
    assert_that(loaded.warnings, empty())
    assert_that(loaded.sha256, equal_to(hashlib.sha256(EXAMPLE.encode()).hexdigest()))


def test_the_documentation_has_the_whole_example() -> None:
    assert_that((ROOT / "docs" / "rules.md").read_text(encoding="utf-8"), contains_string(EXAMPLE))


def test_the_smallest_file_has_a_version_alone() -> None:
    assert_that(problems("version: 1\n"), empty())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("events: {}", "rules.yaml:1:1: The key version is missing. Write version: 1 at the top."),
        ("version: 2", "rules.yaml:1:10: version: The value must be 1, not 2."),
        ("version: '1'", "rules.yaml:1:10: version: The value must be 1, not '1'."),
        ("version: 1\nconsnt: {}", "rules.yaml:2:1: consnt: There is no key consnt here. Did you mean consent?"),
        (
            "version: 1\nevents:\n  alow: [a]",
            "rules.yaml:3:3: events.alow: There is no key alow here. Did you mean allow?",
        ),
        (
            "version: 1\npeople:\n  xyzzy: a\n  block: b",
            "rules.yaml:3:3: people.xyzzy: There is no key xyzzy here. The keys here are block.",
        ),
        ("version: 1\npeople: {}", "rules.yaml:2:1: people: The key block is missing."),
        (
            "version: 1\nevents:\n  allow: Order",
            "rules.yaml:3:10: events.allow: The value must be a list, as [A, B], not 'Order'.",
        ),
        (
            "version: 1\nfields:\n  drop:",
            "rules.yaml:3:8: fields.drop: The value must be a list, as [A, B], not empty.",
        ),
        (
            "version: 1\nevents:\n  sample: {A: 0.5, B: 2}",
            "rules.yaml:3:23: events.sample.B: The value must be a number from 0 to 1, not 2.",
        ),
        (
            "version: 1\nevents:\n  sample: {A: lots}",
            "rules.yaml:3:15: events.sample.A: The value must be a number from 0 to 1, not 'lots'.",
        ),
        (
            "version: 1\nconsent: {require: [a], match: most}",
            "rules.yaml:2:32: consent.match: The value must be all or any, not 'most'.",
        ),
        (
            "version: 1\nfields: {hash: {traits.a: md5}}",
            "rules.yaml:2:27: fields.hash.traits.a: The value must be sha256, not 'md5'.",
        ),
        (
            "version: 1\nwhen:\n  - match: {type: track}\n    drop: yes",
            "rules.yaml:4:11: when[0].drop: The value must be true or false, not 'yes'.",
        ),
        ("version: 1\nwhen:\n  - drop: true", "rules.yaml:3:5: when[0]: The key match is missing."),
        (
            "version: 1\nwhen:\n  - match: {}\n    drop: true",
            "rules.yaml:3:12: when[0].match: The value must be at least one key with its value, not {}.",
        ),
        (
            "version: 1\nwhen:\n  - match: {type: track}\n    fields: {salt_secret: A}",
            "rules.yaml:4:14: when[0].fields.salt_secret: There is no key salt_secret here. The keys here are "
            "drop, allow, rename, copy, hash.",
        ),
        (
            "version: 1\nfields: {rename: {traits.a: [traits.b]}}",
            "rules.yaml:2:29: fields.rename.traits.a: The value must be text, not ['traits.b'].",
        ),
    ],
)
def test_a_wrong_key_or_type_is_named_with_its_place(text: str, place: str) -> None:
    assert_that([found.located("rules.yaml") for found in problems(text)], contains_exactly(place))


def rule_problem(rules: str) -> str:
    [found] = problems(f"version: 1\n{rules}")
    return found.located("rules.yaml")


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ("events: {allow: []}", r"2:10: events\.allow: An empty list filters every event"),
        ("events: {deny: [' x']}", r"2:17: events\.deny\[0\]: ' x' matches nothing"),
        ("events: {deny: ['identify:x']}", r"events\.deny\[0\]: identify calls have no name: write identify alone"),
        ("events: {sample: {'group:x': 0.1}}", r"events\.sample\.group:x: group calls have no name"),
        ("events: {rename: {'A *': B}}", r"2:19: events\.rename\.A \*: A \* is not possible here"),
        ("events: {rename: {A: ' B'}}", r"A new name is not empty, and has no white space"),
        ("events: {rename: {User Deleted: B}}", r"User Deleted has a meaning of its own"),
        ("events: {rename: {B: Application Opened}}", r"Application Opened has a meaning of its own"),
        ("consent: {missing: drop}", r"2:1: consent: These rules deny nothing: give require or also_deny"),
        ("consent: {require: [' Ads']}", r"2:21: consent\.require\[0\]: A category is not empty"),
        ("consent: {also_deny: [contxt.gpc]}", r"also_deny\[0\]: No event has a field contxt\. Did you mean context\?"),
        ("people: {block: ' '}", r"2:10: people\.block: The path of the file is empty"),
        ("fields: {drop: [trait.x]}", r"2:17: fields\.drop\[0\]: No event has a field trait\. Did you mean traits\?"),
        ("fields: {drop: [messageId]}", r"messageId can't be dropped: the mapping needs it as it came"),
        ("fields: {drop: [integrations.All]}", r"integrations can't be dropped"),
        ("fields: {drop: [traits.unsubscribed]}", r"traits\.unsubscribed can't be dropped: an opt-out must arrive"),
        ("fields: {drop: [context.traits._update]}", r"context\.traits\._update can't be dropped"),
        (
            r"fields: {hash: {traits.cio_subscription_preferences\.topics\.topic_1: sha256}}",
            "can't be hashed: an opt-out must arrive",
        ),
        ("fields: {rename: {traits.unsubscribed: traits.x}}", r"traits\.unsubscribed can't be renamed"),
        ("fields: {rename: {traits.x: traits.unsubscribed}}", r"traits\.unsubscribed can't be written"),
        ("fields: {copy: {traits.x: traits._update}}", r"traits\._update can't be written"),
        ("fields: {copy: {traits.id: userId}}", r"userId can't be written: only traits and properties can"),
        ("fields: {rename: {traits.x: properties.x}}", r"A rename stays within traits or within properties"),
        ("fields: {rename: {context.ip: context.address}}", r"A rename stays within traits or within properties"),
        ("fields: {rename: {traits.x: traits.x}}", r"Both paths are the same"),
        ("fields: {copy: {'traits.*': properties.x}}", r"A \* is not possible here: name one field"),
        ("fields: {allow: {A: [context.ip]}}", r"2:22: fields\.allow\.A\[0\]: This list is of traits and properties"),
        ("fields: {hash: {userId: sha256}}", r"2:17: fields\.hash\.userId: userId may identify the person"),
        ("fields: {hash: {traits.email: sha256}}", r"traits\.email may identify the person"),
        ("fields: {hash: {'traits.*': sha256}}", r"traits\.email may identify the person"),
        ("fields: {hash: {context.traits.email: sha256}}", r"context\.traits\.email may identify the person"),
        ("fields: {hash: {type: sha256}}", r"type can't be hashed"),
        ("fields: {hash: {name: sha256}}", r"name can't be hashed: it names the event"),
        ("fields: {salt_secret: hunter2}", r"2:10: fields\.salt_secret: The value must be a Secret Manager name"),
        (
            "when:\n  - match: {trait.x: 1}\n    drop: true",
            r"3:13: when\[0\]\.match\.trait\.x: No event has a field trait",
        ),
        ("when:\n  - match: {type: trak}\n    drop: true", r"There is no call trak\. Did you mean track\?"),
        ("when:\n  - match: {type: Track}\n    drop: true", r"Calls are in lower case here"),
        ("when:\n  - match: {traits.x: []}\n    drop: true", r"An empty list matches nothing"),
        ("when:\n  - match: {traits.x: {a: 1}}\n    drop: true", r"The value must be a text, a number, true, false"),
        ("when:\n  - match: {traits.x: 1}", r"3:5: when\[0\]: This entry does nothing"),
        ("when:\n  - match: {traits.x: 1}\n    name: A B\n    drop: true", r"when\[0\]\.name: A name is at most 50"),
        (
            "when:\n  - {match: {traits.x: 1}, name: a, drop: true}\n  - {match: {traits.x: 2}, name: a, drop: true}",
            r"4:28: when\[1\]\.name: when\[0\] has the name a too",
        ),
    ],
)
def test_what_can_not_be_right_is_named_with_its_place(rules: str, sentence: str) -> None:
    assert_that(rule_problem(rules), matches_regexp(sentence))


def test_the_phone_identifies_where_the_job_says_so() -> None:
    rules = "version: 1\nfields: {hash: {traits.phone: sha256}}"
    assert_that(problems(rules), empty())
    assert_that(problems(rules, identify_by="phone"), has_length(1))


def test_pages_can_not_be_renamed_where_their_urls_name_them() -> None:
    rules = "version: 1\nevents: {rename: {'page:Home': Start}}"
    assert_that(problems(rules), empty())
    assert_that(problems(rules, page_name="url"), has_length(1))


def test_all_problems_are_reported_at_once_in_the_files_order() -> None:
    text = "version: 3\nevents:\n  allow: x\n  sample: {A: 2, B: 3}\nwhen:\n  - {}\n  - match: 3\n    drp: true\n"
    assert_that([found.line for found in problems(text)], equal_to([1, 3, 4, 4, 6, 7, 8]))


def test_wrong_types_hide_no_other_problem() -> None:
    text = (
        "version: 1\n"
        "events: {alow: [A]}\n"
        "fields: {drop: [7, propertes.x], hash: {userId: sha256}}\n"
        "when:\n"
        "  - {match: {trait.x: 1}, drop: yes}\n"
        "  - {match: {type: trak}, drop: true}\n"
    )
    keys = ["events.alow", "fields.drop[0]", "fields.drop[1]", "fields.hash.userId", "when[0].match.trait.x"]
    keys += ["when[0].drop", "when[1].match.type"]
    assert_that([found.key for found in problems(text)], equal_to(keys))


def test_a_salt_is_never_repeated() -> None:
    assert_that(rule_problem("fields: {salt_secret: hunter2}"), not_(contains_string("hunter2")))


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ("events: {allow: [A], deny: ['*']}", r"events\.allow\[0\]: This never applies: events\.deny has \*"),
        ("events: {deny: ['A *', 'A b']}", r"events\.deny\[1\]: This never applies: A \* before it"),
        ("events: {sample: {'*': 0.5, A: 0.1}}", r"events\.sample\.A: This never applies: \* before it"),
        ("events: {allow: [A], sample: {B: 0.1}}", r"events\.sample\.B: This never applies: events\.allow does not"),
        ("events: {allow: [A], rename: {B: C}}", r"events\.rename\.B: This never applies: events\.allow does not"),
        ("events: {rename: {A: A}}", "The new name is the old one"),
        ("events: {deny: ['pages:*']}", r"pages is no call, so this is a name\. Did you mean page:\*\?"),
        ("events: {deny: [A]}\nfields: {allow: {A: [properties.x]}}", r"fields\.allow\.A: This never applies"),
        ("fields: {drop: [traits.a, traits.a.b]}", r"fields\.drop\[1\]: This never applies: traits\.a in fields\.drop"),
        ("fields: {drop: ['traits.*'], hash: {traits.x: sha256}}", r"fields\.hash\.traits\.x: This never applies"),
        ("fields: {drop: [traits.x], hash: {context.traits.x: sha256}}", r"This never applies: traits\.x"),
        ("fields: {drop: [traits.a], rename: {traits.a: traits.b}}", r"fields\.rename\.traits\.a: This never applies"),
        (
            "fields: {drop: [context.*], copy: {context.ip: traits.ip}}",
            r"fields\.copy\.context\.ip: This never applies",
        ),
        (
            "fields: {rename: {traits.a: traits.b}, copy: {traits.a: traits.c}}",
            r"fields\.copy\.traits\.a: This never applies: traits\.a in fields\.rename goes first",
        ),
        (
            "fields: {drop: [properties.x], allow: {A: [properties.x]}}",
            r"fields\.allow\.A\[0\]: This never applies: properties\.x in fields\.drop goes first",
        ),
        (
            "fields: {copy: {traits.phone: traits.tel}, hash: {traits.phone: sha256}}",
            r"traits\.phone is hashed and its copy is not: hash traits\.tel as well",
        ),
        ("fields: {hash: {traits.email: sha256}, hash_identifiers: true}", "A hash is no email address"),
        (
            "when:\n  - {match: {type: track}, drop: true, fields: {drop: [traits.x]}}",
            r"when\[0\]: drop: true filters these events",
        ),
    ],
)
def test_what_can_never_apply_is_a_warning(rules: str, sentence: str) -> None:
    [found] = warnings(rules)
    assert_that(found.located("rules.yaml"), matches_regexp(sentence))


@pytest.mark.parametrize(
    "rules",
    [
        "events: {deny: [A], allow: ['A*']}",
        "events: {allow: ['Order *'], sample: {'*': 0.5}}",
        "events: {allow: [page], sample: {Home: 0.5}}",
        "fields: {copy: {traits.phone: traits.phone_hash}, hash: {traits.phone_hash: sha256}}",
        "fields: {copy: {traits.phone: traits.tel}, hash: {'traits.*el': sha256, traits.phone: sha256}}",
        "events: {deny: ['Checkout: Step *']}",
    ],
)
def test_what_can_apply_is_no_warning(rules: str) -> None:
    assert_that(warnings(rules), empty())


def test_warnings_carry_their_places() -> None:
    assert_that(warnings("events:\n  deny:\n    - A\n    - A\n"), contains_exactly(has_properties(line=5, column=7)))


KEYS = st.sampled_from(
    [
        *(
            "version",
            "consent",
            "require",
            "match",
            "missing",
            "also_deny",
            "people",
            "block",
            "events",
            "allow",
            "deny",
        ),
        *("sample", "rename", "fields", "drop", "copy", "hash", "salt_secret", "hash_identifiers", "when"),
        *("traits.email", "properties.a.b", "page:*", "identify", "*", "a..b", "\\", "", "alow", "name"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | KEYS | st.just("sha256") | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5).map(lambda values: {"version": 1, **values}))
def test_any_values_are_right_or_refused_with_places_in_the_file(values: object) -> None:
    text = json.dumps(values)
    for found in problems(text):
        assert_that(found, has_properties(line=1, sentence=matches_regexp(r"[.?]$")))
        assert_that(found.column, less_than_or_equal_to(len(text)))


@given(st.text(max_size=30) | st.sampled_from(["version: 1\nevents: {", "version: 1\n%TAG", "? [", "- - -", "&a *a"]))
def test_any_text_is_right_or_refused(text: str) -> None:
    problems(text)
