"""Whether a person has agreed: Segment's and RudderStack's consent information in an event's ``context``.

- Segment stamps ``context.consent.categoryPreferences``: an object of category ids, each true or false. An empty one
  grants nothing.
- RudderStack stamps ``context.consentManagement``: ``allowedConsentIds`` and ``deniedConsentIds``, and for its named
  providers ``resolutionStrategy``, which says whether all categories are needed (``and``) or one (``or``).

An event with both must pass both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from customerio_beam.mapping.event import Event
from customerio_beam.rules.looking import Extras, ExtrasReader, Look, look_for
from customerio_beam.rules.model import ConsentRules
from customerio_beam.rules.paths import parse_path

__all__ = ["ConsentCheck", "consent_check", "is_true"]

#: Returns which rule denies an event, such as ``consent.require``; None where none does.
ConsentCheck = Callable[[Event, Extras], str | None]

#: RudderStack's name for a provider whose logic the destination decides, here the rules file.
_CUSTOM: Final = "custom"
_ANY_OF: Final = {"and": False, "or": True}

#: How senders write true: ``navigator.doNotTrack`` is "1" or "yes".
_TRUE: Final = frozenset({"1", "true", "yes"})


def consent_check(rules: ConsentRules, prefix: str, reader: ExtrasReader) -> ConsentCheck:
    """Compile the rules about consent.

    Args:
        rules: The rules.
        prefix: What the names of these rules begin with.
        reader: What is asked for the fields that the mapping doesn't decode.
    """
    required = rules.require
    is_any = rules.match == "any"
    require, missing, also_deny = (f"{prefix}consent.{key}" for key in ("require", "missing", "also_deny"))
    by_default = missing if required and rules.missing == "drop" else None
    looks, getters = [], []
    for path in rules.also_deny:
        names = parse_path(path).names
        if names[0] == "context" and len(names) == 2 and names[1] != "traits":
            getters.append(names)
        else:
            looks.append(look_for(names, reader))
    find = reader.getter(*getters, ("context", "consent"), ("context", "consentManagement"))
    nothing = (None,) * (len(getters) + 2)

    def check(event: Event, extras: Extras) -> str | None:
        if looks and _is_denied(looks, event, extras):
            return also_deny
        found = find(extras)
        if found == nothing:
            return by_default
        *denials, consent, managed = found
        if any(map(is_true, denials)):
            return also_deny
        if not required:
            return None
        preferences = _preferences(consent)
        if preferences is None and not managed:
            return by_default
        if preferences is not None and not _enough(
            [preferences.get(category) is True for category in required], is_any
        ):
            return require
        return require if managed and not _rudderstack_grants(managed, required, is_any) else None

    return check


def _is_denied(looks: Sequence[Look], event: Event, extras: Extras) -> bool:
    return any(is_true(value) for look in looks for value in look(event, extras))


def is_true(value: Any) -> bool:
    """Tell whether a value says yes: ``true``, ``1``, or a text like ``"1"``, ``"true"``, ``"yes"``."""
    if isinstance(value, str):
        return value.strip().lower() in _TRUE
    return value is True or (isinstance(value, (int, float)) and value == 1)


def _enough(granted: Iterable[bool], is_any: bool) -> bool:
    return any(granted) if is_any else all(granted)


def _preferences(consent: Any) -> dict[str, Any] | None:
    """Return Segment's preferences: None where the event has none, empty where they grant nothing."""
    if not consent:
        return None
    if not isinstance(consent, dict):
        return {}
    preferences = consent.get("categoryPreferences")
    if preferences is None:
        return None
    return preferences if isinstance(preferences, dict) else {}


def _rudderstack_grants(managed: Any, required: Sequence[str], is_any: bool) -> bool:
    if not isinstance(managed, dict):
        return False
    if managed.get("provider") != _CUSTOM:
        is_any = _ANY_OF.get(str(managed.get("resolutionStrategy")), is_any)
    allowed, denied = managed.get("allowedConsentIds"), managed.get("deniedConsentIds")
    if allowed is None and denied is None:
        return False
    denied = denied if isinstance(denied, list) else []
    if allowed is not None:
        allowed = allowed if isinstance(allowed, list) else []
    # Some libraries send only what was denied.
    granted = [category not in denied and (allowed is None or category in allowed) for category in required]
    return _enough(granted, is_any)
