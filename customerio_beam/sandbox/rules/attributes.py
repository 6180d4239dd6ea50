"""Attributes: subscription topics, what unsubscribes, and what is too large to keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.limits import is_longer

PREFERENCES = "cio_subscription_preferences"
TOPIC_PREFIX = f"{PREFERENCES}.topics."


def flatten(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes by name, each subscription topic under its dotted name, so that topics change one by one."""
    flat: dict[str, Any] = {}
    for name, value in attributes.items():
        topics = value.get("topics") if name == PREFERENCES and isinstance(value, dict) else None
        if isinstance(topics, dict):
            flat.update({TOPIC_PREFIX + topic: choice for topic, choice in topics.items()})
        else:
            flat[name] = value
    return flat


def nest(attributes: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return attributes with the subscription topics nested again: the opposite of `flatten`."""
    nested: dict[str, Any] = {}
    topics: dict[str, Any] = {}
    for name, value in attributes:
        if name.startswith(TOPIC_PREFIX):
            topics[name[len(TOPIC_PREFIX) :]] = value
        else:
            nested[name] = value
    return {**nested, PREFERENCES: {"topics": topics}} if topics else nested


def is_unsubscribed(value: Any) -> bool:
    """Return whether an `unsubscribed` value unsubscribes: true in any case and spelling, 1 and "1" do."""
    return value in (True, "1") or (isinstance(value, str) and value.lower() == "true")


def too_long(name: str, value: Any) -> str | None:
    """Return why an attribute is too long to be kept, or None if it is short enough."""
    if is_longer(name, limits.MAX_ATTRIBUTE_NAME_BYTES):
        return f"the attribute's name is longer than {limits.MAX_ATTRIBUTE_NAME_BYTES} bytes"
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if is_longer(text, limits.MAX_ATTRIBUTE_VALUE_BYTES):
        return f"the value is longer than {limits.MAX_ATTRIBUTE_VALUE_BYTES} bytes"
    return None


def updated(current: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes of an object or relationship after an update: null and the empty string remove one."""
    return {name: value for name, value in {**current, **attributes}.items() if value is not None and value != ""}
