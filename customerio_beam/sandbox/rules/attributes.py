"""Attributes: which update is newer, what removes a value, and what is too long to be kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import orjson

from customerio_beam.sandbox.rules import limits
from customerio_beam.sandbox.rules.limits import is_longer

PREFERENCES = "cio_subscription_preferences"
_TOPIC_PREFIX = f"{PREFERENCES}.topics."


class Timed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value and the time it was set; an array of the two as JSON. Never part of a cycle: not looked at for garbage.

    Attributes:
        value: Any JSON value; None marks a removed attribute, kept so that an older update can't bring it back.
        time: Unix seconds.
    """

    value: Any
    time: int


Attributes = dict[str, Timed]


def set_attribute(attributes: Attributes, name: str, value: Any, time: int) -> bool:
    """Sets one attribute unless what is there is newer. Of two updates of one second the later arrival wins.

    Args:
        attributes: Changed in place.
        name: The attribute's name.
        value: Its value; None and the empty string remove the attribute.
        time: When the update occurred, in unix seconds.

    Returns:
        Whether the update was taken.
    """
    current = attributes.get(name)
    if current is not None and current.time > time:
        return False
    attributes[name] = Timed(None if value == "" else value, time)
    return True


def flatten(attributes: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Returns attributes by name, each subscription topic by its dotted name, so that topics change one by one."""
    preferences = attributes.get(PREFERENCES)
    topics = preferences.get("topics") if isinstance(preferences, dict) else None
    if not isinstance(topics, dict):
        return attributes.items()
    flat: list[tuple[str, Any]] = []
    for name, value in attributes.items():
        if name == PREFERENCES:
            flat += [(_TOPIC_PREFIX + topic, choice) for topic, choice in topics.items()]
        else:
            flat.append((name, value))
    return flat


def values(attributes: Mapping[str, Timed]) -> dict[str, Any]:
    """Returns the present attributes without their times, subscription topics nested again."""
    shown: dict[str, Any] = {}
    for name, timed in attributes.items():
        value = timed.value
        if value is None:
            continue
        if name.startswith(_TOPIC_PREFIX):
            shown.setdefault(PREFERENCES, {"topics": {}})["topics"][name[len(_TOPIC_PREFIX) :]] = value
        else:
            shown[name] = value
    return shown


def is_unsubscribed(value: Any) -> bool:
    """Tells what an `unsubscribed` value means: true, 1, "true" and "1" unsubscribe, all else subscribes."""
    return value is True or value in ("true", "1") or (type(value) in (int, float) and value == 1)


def too_long(name: str, value: Any) -> str | None:
    """Says why an attribute can't be kept, or None where its name and value are short enough."""
    # No character has more than four bytes: the usual attribute need not be measured.
    if len(name) <= limits.MAX_ATTRIBUTE_NAME_BYTES // 4:
        kind = type(value)
        if len(value) <= limits.MAX_ATTRIBUTE_VALUE_BYTES // 4 if kind is str else kind not in (list, dict):
            return None
    if is_longer(name, limits.MAX_ATTRIBUTE_NAME_BYTES):
        return f"the attribute's name is longer than {limits.MAX_ATTRIBUTE_NAME_BYTES} bytes"
    if isinstance(value, str):
        long = is_longer(value, limits.MAX_ATTRIBUTE_VALUE_BYTES)
    else:
        long = isinstance(value, (list, dict)) and len(orjson.dumps(value)) > limits.MAX_ATTRIBUTE_VALUE_BYTES
    return f"the value is longer than {limits.MAX_ATTRIBUTE_VALUE_BYTES} bytes" if long else None
