"""Consent as Segment and RudderStack stamp it."""

from __future__ import annotations

from typing import Any

import pytest
from hamcrest import assert_that, equal_to, is_

from customerio_beam.rules.consent import is_true
from tests.rules.rules_at_work import compiled, filtered_by

REQUIRE = "consent: {require: [Advertising, Analytics]}"
ANY = "consent: {require: [Advertising, Analytics], match: any}"
STRICT = "consent: {require: [Advertising], missing: drop}"


def track(context: Any) -> dict[str, Any]:
    return {"type": "track", "event": "E", "userId": "u1", "context": context}


def segment(preferences: Any) -> dict[str, Any]:
    return {"consent": {"categoryPreferences": preferences}}


@pytest.mark.parametrize(
    ("rules", "preferences", "rule"),
    [
        (REQUIRE, {"Advertising": True, "Analytics": True}, None),
        (REQUIRE, {"Advertising": True, "Analytics": False}, "consent.require"),
        (REQUIRE, {"Advertising": True}, "consent.require"),
        (ANY, {"Advertising": True}, None),
        (ANY, {"Advertising": False, "Analytics": False}, "consent.require"),
        (ANY, {"Other": True}, "consent.require"),
        # Ids are case-sensitive, and only true grants.
        (ANY, {"advertising": True}, "consent.require"),
        (ANY, {"Advertising": "true"}, "consent.require"),
        (ANY, {"Advertising": 1}, "consent.require"),
        # An empty object is no consent; neither is what is no object.
        (ANY, {}, "consent.require"),
        (ANY, [], "consent.require"),
        (ANY, "all", "consent.require"),
    ],
)
def test_segments_preferences(rules: str, preferences: Any, rule: str | None) -> None:
    assert_that(filtered_by(rules, track(segment(preferences))), equal_to(rule))


@pytest.mark.parametrize("context", [None, {}, [], {"consent": None}, {"consent": {}}, segment(None)])
def test_an_event_without_consent_information(context: Any) -> None:
    assert_that(filtered_by(REQUIRE, track(context)), equal_to(None))
    assert_that(filtered_by(STRICT, track(context)), equal_to("consent.missing"))


def rudderstack(**fields: Any) -> dict[str, Any]:
    return {"consentManagement": fields}


@pytest.mark.parametrize(
    ("rules", "context", "rule"),
    [
        (REQUIRE, rudderstack(allowedConsentIds=["Advertising", "Analytics"], deniedConsentIds=[]), None),
        (REQUIRE, rudderstack(allowedConsentIds=["Advertising"], deniedConsentIds=["Analytics"]), "consent.require"),
        (REQUIRE, rudderstack(allowedConsentIds=["Advertising"], deniedConsentIds=[]), "consent.require"),
        (ANY, rudderstack(allowedConsentIds=["Advertising"], deniedConsentIds=["Analytics"]), None),
        # The event's own strategy goes before the file's, unless the provider is the custom one.
        (REQUIRE, rudderstack(allowedConsentIds=["Advertising"], resolutionStrategy="or", provider="oneTrust"), None),
        (ANY, rudderstack(allowedConsentIds=["Advertising"], resolutionStrategy="and"), "consent.require"),
        (ANY, rudderstack(allowedConsentIds=["Advertising"], resolutionStrategy="and", provider="custom"), None),
        (ANY, rudderstack(allowedConsentIds=["Advertising"], resolutionStrategy="most"), None),
        # Denied wins over allowed.
        (ANY, rudderstack(allowedConsentIds=["Advertising"], deniedConsentIds=["Advertising"]), "consent.require"),
        # Some libraries send only what is denied.
        (REQUIRE, rudderstack(deniedConsentIds=["Functional"]), None),
        (REQUIRE, rudderstack(deniedConsentIds=["Analytics"]), "consent.require"),
        (REQUIRE, rudderstack(allowedConsentIds=[], deniedConsentIds=[]), "consent.require"),
        (REQUIRE, rudderstack(provider="ketch"), "consent.require"),
        (REQUIRE, rudderstack(allowedConsentIds="Advertising"), "consent.require"),
        (REQUIRE, {"consentManagement": "yes"}, "consent.require"),
        (STRICT, {"consentManagement": {}}, "consent.missing"),
    ],
)
def test_rudderstacks_ids(rules: str, context: Any, rule: str | None) -> None:
    assert_that(filtered_by(rules, track(context)), equal_to(rule))


def test_an_event_with_both_must_pass_both() -> None:
    granted = segment({"Advertising": True, "Analytics": True})
    both = {**granted, **rudderstack(deniedConsentIds=["Analytics"])}
    assert_that(filtered_by(REQUIRE, track(both)), equal_to("consent.require"))


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "true", " Yes "])
@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("context.doNotTrack", lambda value: track({"doNotTrack": value})),
        ("context.privacy.gpc", lambda value: track({"privacy": {"gpc": value}})),
        ("properties.optOut", lambda value: {**track(None), "properties": {"optOut": value}}),
        ("traits.optOut", lambda value: track({"traits": {"optOut": value}})),
        ("channel", lambda value: {**track(None), "channel": value}),
    ],
)
def test_a_true_value_denies_whatever_the_categories_say(path: str, event: Any, value: Any) -> None:
    assert_that(filtered_by(f"consent: {{also_deny: [{path}]}}", event(value)), equal_to("consent.also_deny"))


@pytest.mark.parametrize("value", [False, 0, None, "0", "false", "unspecified", "", [], {}, 2, [True]])
def test_no_other_value_denies(value: Any) -> None:
    rules = "consent: {also_deny: [context.doNotTrack]}"
    assert_that(filtered_by(rules, track({"doNotTrack": value})), equal_to(None))
    assert_that(is_true(value), is_(False))


def test_a_denial_goes_before_a_granted_category() -> None:
    rules = "consent: {require: [Advertising], also_deny: [context.gpc]}"
    event = track({**segment({"Advertising": True}), "gpc": True})
    assert_that(filtered_by(rules, event), equal_to("consent.also_deny"))


def test_consent_for_some_events_only() -> None:
    rules = compiled("when: [{match: {type: identify}, consent: {require: [Ads]}}]")
    context = segment({"Ads": False})
    assert_that(filtered_by(rules, track(context)), equal_to(None))
    identify = {"type": "identify", "userId": "u", "context": context}
    assert_that(filtered_by(rules, identify), equal_to("when[0].consent.require"))
